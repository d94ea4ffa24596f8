"""Standard output that arrives whole, and ends quietly when nobody reads it any more."""

import os
import select
import sys
from typing import NoReturn

import typer
from rich.console import Console

from rorbridge.cli.exits import Exit

_WIDTH_OF_A_PIPE = 120
"""Columns of a table that no terminal bounds."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        leave_quietly()


def console() -> Console:
    """Give the console for results: colours on a terminal alone, and not with NO_COLOR or TERM=dumb."""
    return _Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE)


def write_line(text: str) -> None:
    """Write a line to standard output, all of it.

    With PYTHONUNBUFFERED, as containers set it, ``print`` drops what a pipe did not take at once: a raw write may be
    short, and the text layer does not look at how much was written.
    """
    try:
        sys.stdout.flush()
        rest = memoryview(f"{text}\n".encode())
        while rest:
            rest = rest[sys.stdout.buffer.write(rest) or 0 :]
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        leave_quietly()


def reader_is_gone() -> bool:
    """Tell whether standard output is a pipe that nobody reads any more, without writing to it."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def leave_quietly() -> NoReturn:
    """End the command as SIGPIPE would; what is still buffered goes nowhere, or Python would complain at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(Exit.READER_GONE)
