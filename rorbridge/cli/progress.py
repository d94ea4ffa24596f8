"""What goes on, for a person who waits: on standard error, and only where that is a terminal that can move its cursor.

A pipe, ``TERM=dumb`` and a log file get nothing of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from rorbridge.cli.output import remarks


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner and the seconds while the block runs; gives what changes the words."""
    with _progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as progress:
        task = progress.add_task(what, total=None)
        yield lambda now: progress.update(task, description=now)


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar while the block runs; gives what counts one more."""
    with _progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


def _progress(*columns: SpinnerColumn | TextColumn | TimeElapsedColumn | BarColumn | MofNCompleteColumn) -> Progress:
    console = remarks()
    return Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=False,  # results go where they are sent
        disable=not console.is_terminal or console.is_dumb_terminal,
    )
