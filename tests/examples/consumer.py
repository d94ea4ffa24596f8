"""The examples as their users have them: copied, set up by the commands of their README, run as a process."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
_LOCAL = shutil.ignore_patterns(".venv", "target", "ledger.sqlite", "__pycache__")
_PATIENCE_S = 90.0

Line = dict[str, Any]


def copied(name: str, to: Path) -> Path:
    """Copy an example and the schemas, as they lie to each other, and give the example's folder."""
    shutil.copytree(CHECKOUT / "schemas", to / "schemas")
    return Path(shutil.copytree(CHECKOUT / "examples" / name, to / "examples" / name, ignore=_LOCAL))


def environment() -> dict[str, str]:
    """Give an environment that leads to nothing of this checkout: its Python is the one below our own."""
    hidden = re.compile("PYTHON.*|VIRTUAL_ENV.*|RORBRIDGE_.*")
    kept = {name: value for name, value in os.environ.items() if not hidden.fullmatch(name)}
    ours = Path(sys.prefix)
    path = [one for one in os.environ["PATH"].split(os.pathsep) if ours not in Path(one).parents]
    jdk = [str(Path(home) / "bin")] if (home := os.environ.get("JAVA_HOME")) else []
    quick_start = {"MAVEN_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    return quick_start | kept | {"PATH": os.pathsep.join([*jdk, str(Path(sys.base_prefix) / "bin"), *path])}


def run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)


@dataclass
class Running:
    """A consumer at work, and what it has printed so far."""

    process: "subprocess.Popen[str]"
    lines: list[Line] = field(default_factory=list)
    errors: str = ""

    async def printed(self, count: int) -> list[Line]:
        """Wait until so many lines are there."""
        deadline = time.monotonic() + _PATIENCE_S
        while len(self.lines) < count and time.monotonic() < deadline:
            assert self.process.poll() is None, f"it ended: {self.errors}"
            await asyncio.sleep(0.05)
        assert len(self.lines) >= count, f"{self.lines}\n{self.errors}"
        return self.lines

    def follow(self) -> list[threading.Thread]:
        """Read its outputs as they come, so that it never has to wait for us."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        out, error = self.process.stdout, self.process.stderr

        def read_lines() -> None:
            self.lines.extend(json.loads(line) for line in out)

        def read_errors() -> None:
            for line in error:
                self.errors += line

        threads = [threading.Thread(target=one) for one in (read_lines, read_errors)]
        for one in threads:
            one.start()
        return threads


@dataclass(frozen=True)
class Example:
    """An example that is set up."""

    name: str
    folder: Path
    command: list[str]
    """What starts it, without its arguments."""
    exit_on_sigterm: int

    @contextmanager
    def running(self, *arguments: str | Path) -> Iterator[Running]:
        """Run it until it ends; at the end of the block it is told to."""
        process = subprocess.Popen(
            [*self.command, *map(str, arguments)],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        running = Running(process)
        threads = running.follow()
        try:
            yield running
            process.send_signal(signal.SIGTERM)
            assert process.wait(_PATIENCE_S) == self.exit_on_sigterm, running.errors
        finally:
            process.kill()
            process.wait()
            for one in threads:
                one.join()

    def ended(self, *arguments: str | Path) -> tuple[int, list[Line], str]:
        """Run it until it ends by itself; give its exit code, its lines and its errors."""
        done = run([*self.command, *map(str, arguments)], self.folder)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def set_up(name: str, to: Path, exit_on_sigterm: int) -> Example:
    """Copy an example and set it up by the commands under "Set up" of its README; under "Run" stands what starts it."""
    folder = copied(name, to)
    commands = readme_commands(folder / "README.md")
    for line in commands["Set up"]:
        done = run(line, folder)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    [start] = commands["Run"]
    return Example(name, folder, start[: start.index("--bootstrap-servers")], exit_on_sigterm)


def readme_commands(readme: Path) -> Mapping[str, list[list[str]]]:
    """Give the commands of each section: those of its first block of shell."""
    found = {}
    for section in readme.read_text().split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        if block := re.search(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            found[title] = [shlex.split(line, comments=True) for line in block[1].splitlines()]
    return found
