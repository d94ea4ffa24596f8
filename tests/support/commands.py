"""The commands as a user types them: on a pipe, on a terminal, and the examples of their help."""

import fcntl
import os
import pty
import re
import selectors
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer.main

from rorbridge.cli import app
from rorbridge.cli.exits import EXITS
from tests.support.processes import environment

COMMANDS = sorted(EXITS)
COMMAND = [sys.executable, "-m", "rorbridge"]
PATIENCE_S = 90.0

_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def surroundings(settings: Mapping[str, str] | None) -> dict[str, str]:
    """Give an environment in which nothing but *settings* and the terminal decides on looks."""
    looks = {"NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "COLUMNS", "LINES", "TERM"}
    others = {name: value for name, value in environment({}).items() if name not in looks}
    return others | dict(settings or {})


def rorbridge(
    *arguments: str, settings: Mapping[str, str] | None = None, text: str = "", timeout_s: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run a command on pipes to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=surroundings(settings),
        input=text,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def help_text(command: str = "") -> str:
    """Give the help of a command, or of all, as it is written."""
    group = typer.main.get_command(app)
    found = group.commands[command] if command else group  # type: ignore[attr-defined]  # typer's group is not public
    return str(found.help)


def examples(command: str = "") -> list[str]:
    """Give the example lines in the help of a command."""
    return [line for block in _BLOCK.findall(help_text(command)) for line in block.splitlines() if line.strip()]


@contextmanager
def no_reader() -> Iterator[int]:
    """Give the end to write to of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


@dataclass
class Ended:
    """A command that ran on a terminal."""

    code: int
    screen: str
    """All that the terminal got, control codes too."""
    piped: str
    """What went to standard output, where that was a pipe."""


def typed(
    line: str, settings: Mapping[str, str], folder: Path, *, once: str | None = None, by: signal.Signals = signal.SIGINT
) -> Ended:
    """Type a line into bash, in *folder*; once it has said something, it is sent a signal. All that it says is piped.

    The command takes the shell's place, so that signals reach it.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        ["bash", "-c", f"exec {line}"],
        env={**surroundings(settings), "PATH": path},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        said = ""
        while once and once not in said:
            more = process.stdout.readline()
            assert more, said
            said += more
        if once:
            process.send_signal(by)
        said += process.communicate(timeout=PATIENCE_S)[0]
    finally:
        process.kill()
        process.wait()
    return Ended(process.returncode, "", said)


def on_terminal(
    *arguments: str,
    settings: Mapping[str, str] | None = None,
    stdout_is_pipe: bool = False,
    when: str | None = None,
    then: "Callable[[subprocess.Popen[bytes], int], object]" = lambda process, _: process.send_signal(signal.SIGINT),
    columns: int = 120,
) -> Ended:
    """Run a command on a pseudo-terminal to its end.

    Once it has said *when*, *then* is called with the process and the terminal; a Ctrl-C unless it is another.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=surroundings({"TERM": "xterm-256color", **(settings or {})}),
        stdin=theirs,
        stdout=subprocess.PIPE if stdout_is_pipe else theirs,
        stderr=theirs,
    )
    os.close(theirs)
    read: dict[int, bytes] = {ours: b""}
    if process.stdout:
        read[process.stdout.fileno()] = b""
    deadline = time.monotonic() + PATIENCE_S
    try:
        with selectors.DefaultSelector() as selector:
            for one in read:
                selector.register(one, selectors.EVENT_READ)
            while selector.get_map():
                assert time.monotonic() < deadline, read
                for key, _ in selector.select(1):
                    data = _read(key.fd)
                    read[key.fd] += data
                    if not data:
                        selector.unregister(key.fd)
                if when and when.encode() in b"".join(read.values()):
                    then(process, ours)
                    when = None
        process.wait(PATIENCE_S)
        piped = read[process.stdout.fileno()].decode() if process.stdout else ""
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
        os.close(ours)
    return Ended(process.returncode, read[ours].decode(), piped)


def typing(text: str) -> "Callable[[subprocess.Popen[bytes], int], object]":
    """Give what types *text* into a terminal."""
    return lambda _, terminal: os.write(terminal, text.encode())


def _read(file: int) -> bytes:
    try:
        return os.read(file, 65_536)
    except OSError:  # Linux says so when the other end of a terminal is closed
        return b""
