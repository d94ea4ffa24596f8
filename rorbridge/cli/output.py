"""What a command says: results on standard output, which arrive whole or end it, and notes on standard error."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal, NoReturn, TextIO

import typer
from rich.console import Console

from rorbridge.cli.exits import Exit

_WIDTH_OF_A_PIPE = 120
"""Columns of a table that no terminal bounds."""


class _Results(Console):
    def print(self, *objects: Any, **options: Any) -> None:
        with writing():
            super().print(*objects, **options)

    def on_broken_pipe(self) -> None:
        leave_quietly()


class _Remarks(Console):
    """On standard error; when that is gone the command goes on without."""

    def _check_buffer(self) -> None:  # rich's own minds a broken pipe alone
        try:
            super()._check_buffer()
        except OSError:
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _to_nowhere(sys.stderr)


def console() -> Console:
    """Give the console for results: colours on a terminal alone, and not with NO_COLOR or TERM=dumb."""
    return _Results(width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE)


def remarks() -> Console:
    """Give the console for what is no result, such as what goes on."""
    return _Remarks(stderr=True)


def write_line(text: str) -> None:
    """Write a line to standard output, all of it.

    With PYTHONUNBUFFERED, as containers set it, ``print`` drops what a pipe did not take at once: a raw write may be
    short, and the text layer does not look at how much was written.
    """
    with writing():
        sys.stdout.flush()
        rest = memoryview(f"{text}\n".encode())
        while rest:
            rest = rest[sys.stdout.buffer.write(rest) or 0 :]
        sys.stdout.buffer.flush()


@contextmanager
def writing() -> Iterator[None]:
    """End the command when the block cannot write to standard output."""
    try:
        yield
    except BrokenPipeError:
        leave_quietly()
    except OSError as error:
        _to_nowhere(sys.stdout)
        fail(f"standard output cannot be written to: {error.strerror or error}", Exit.OUTPUT)


def reader_is_gone() -> bool:
    """Tell whether standard output is a pipe that nobody reads any more, without writing to it."""
    if sys.platform == "win32":  # it can be told by writing alone there
        return False
    poll = select.poll()
    poll.register(sys.stdout, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def leave_quietly() -> NoReturn:
    """End the command as SIGPIPE would."""
    _to_nowhere(sys.stdout)
    raise typer.Exit(Exit.READER_GONE)


def note(message: str) -> None:
    """Say something on standard error, if anybody is there to hear it."""
    try:
        sys.stderr.write(f"rorbridge: {printable(message, lines=True)}\n")
        sys.stderr.flush()
    except OSError:
        _to_nowhere(sys.stderr)


def fail(message: str, code: Exit) -> NoReturn:
    """End the command with a line on standard error."""
    note(message)
    raise typer.Exit(code)


def printable(text: str, *, lines: bool = False) -> str:
    """Give the text of others as it can do no harm to a terminal, nor pass for a line of ours.

    Spaces of all kinds, and ends of lines unless *lines* are to stay, are blanks; what else cannot be seen, such as
    the codes that move the cursor or turn the direction of writing, is a replacement character.
    """
    return "".join(
        one if one.isprintable() or (lines and one == "\n") else " " if one.isspace() else "\ufffd" for one in text
    )


def open_missing_streams() -> None:
    """Make up for standard streams that were closed before we began, as ``>&-`` does.

    Nobody reads the output then, so that a result ends the command as with a reader that is gone; errors go nowhere.
    Their numbers would be given to connections otherwise, and what others write to them sent there.
    """
    if sys.stdin is None:
        sys.stdin = _opened(os.open(os.devnull, os.O_RDONLY), 0, "r")
    if sys.stdout is None:
        reading, writing = os.pipe()
        os.close(reading)
        sys.stdout = _opened(writing, 1, "w")
    if sys.stderr is None:
        sys.stderr = _opened(os.open(os.devnull, os.O_WRONLY), 2, "w")


def _opened(file: int, number: int, mode: Literal["r", "w"]) -> TextIO:
    if file != number:
        os.dup2(file, number)
        os.close(file)
    return os.fdopen(number, mode, encoding="utf-8", closefd=False)


def _to_nowhere(stream: TextIO) -> None:
    """Send what is still buffered nowhere, or Python would complain at its exit, and end with a code of its own."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
