"""A newcomer's terminals: a fresh copy of the repository, real bash, and what goes on in the background."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.docs.pages import ROOT, Block
from tests.support.processes import environment, free_port

_LONGEST_S = 180.0
"""Seconds for a block, and for what goes on to become ready; far more than they take."""
_STOP_S = 30.0
_NOT_COPIED = (".git", ".venv", "build", "dist", "node_modules", "target", "__pycache__", ".*_cache", ".hypothesis")
_KAFKA = "localhost:9092"
_ADDRESS = re.compile(rf"\b{_KAFKA}\b|((?:localhost|127\.0\.0\.1|--port|PORT)[:= ])(\d{{4,5}})\b")
_TOPICS = "ror.orientation."
_OWN = Path(sys.prefix) / "bin"


class CommandError(AssertionError):
    """A command of a page that does not do what the page says."""


class Names:
    """What stands in the pages for others to replace: Kafka, ports, and the prefix of the topics."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._kafka = bootstrap_servers
        tag = uuid.uuid4().hex[:8]
        self._topics = f"docs-{tag}.orientation."
        self._ports: dict[str, str] = {}
        self.topics = {
            "requests_topic": f"{self._topics}requests",
            "results_topic": f"{self._topics}results",
            "dead_letter_topic": f"{self._topics}requests.dlt",
        }
        """The topics, by their settings."""
        self.settings = {
            **{f"RORBRIDGE_KAFKA__{name.upper()}": topic for name, topic in self.topics.items()},
            "RORBRIDGE_KAFKA__GROUP_ID": f"docs-{tag}",
            "RORBRIDGE_HTTP__PORT": self._port("8080"),
        }
        """What the pages leave at its default, and what cannot stay there when several run on one machine."""

    def here(self, text: str) -> str:
        """Put our own in place of those of a page."""

        def ours(found: re.Match[str]) -> str:
            return self._kafka if found[0] == _KAFKA else found[1] + self._port(found[2])

        return _ADDRESS.sub(ours, text.replace(_TOPICS, self._topics))

    def there(self, text: str) -> str:
        """Put those of the pages in place of our own, in what was printed."""
        text = text.replace(self._kafka, _KAFKA).replace(self._topics, _TOPICS)
        for told, ours in self._ports.items():
            text = re.sub(rf"\b{ours}\b", told, text)
        return text

    def _port(self, told: str) -> str:
        if told not in self._ports:
            self._ports[told] = str(free_port())
        return self._ports[told]


class Newcomer:
    """Types a page's commands, from the root of a copy of the repository."""

    def __init__(self, folder: Path, names: Names, given: dict[str, str] | None = None) -> None:
        """*given* is what was exported before, with rorbridge on the PATH."""
        self._folder = folder
        self._names = names
        self._root = folder / "rorbridge"
        self._state = folder / "state.sh"
        self._count = 0
        self._running: list[subprocess.Popen[bytes]] = []
        self._environment = _outside() | names.settings | (given or {})
        if given:
            self._environment["PATH"] = f"{_OWN}{os.pathsep}{self._environment['PATH']}"

    def __enter__(self) -> Self:
        shutil.copytree(ROOT, self._root, ignore=shutil.ignore_patterns(*_NOT_COPIED), symlinks=True)
        # The environment that `make` sets up is this one, and it is ready: nothing may be installed anew into it.
        (self._root / ".venv").mkdir()
        for one in Path(sys.prefix).iterdir():
            if one.name != ".ready":
                (self._root / ".venv" / one.name).symlink_to(one)
        (self._root / ".venv" / ".ready").touch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._running):
            _end(process)

    def type(self, block: Block) -> str:
        """Type a block; gives what it printed. Raises CommandError."""
        if block.until is not None:
            return self._start(block, block.until)
        keeps = f'trap \'{{ export -p; printf "cd %q\\n" "$PWD"; }} >"{self._state}"\' EXIT\n'
        before = f'. "{self._state}"\n' if self._state.exists() else ""
        with self._bash(block, before + keeps) as (process, log):
            try:
                code = process.wait(_LONGEST_S)
            except subprocess.TimeoutExpired:
                _end(process)
                raise CommandError(self._told(block, log, f"still runs after {_LONGEST_S:g} s")) from None
        if _goes_on(process):  # begun with &
            self._running.append(process)
        if code != block.code:
            raise CommandError(self._told(block, log, f"ends with {code}, not with {block.code}"))
        printed = self._names.there(log.read_text(errors="replace"))
        if lacking := _lacking(block.output, printed):
            raise CommandError(self._told(block, log, f"does not print {lacking!r}"))
        return printed

    def _start(self, block: Block, until: str) -> str:
        """Type a block into a terminal of its own, and wait for what it prints."""
        with self._bash(block, "") as (process, log):
            self._running.append(process)
        deadline = time.monotonic() + _LONGEST_S
        while until not in (printed := self._names.there(log.read_text(errors="replace"))):
            if process.poll() is not None or time.monotonic() > deadline:
                raise CommandError(self._told(block, log, f"does not print {until!r}"))
            time.sleep(0.05)
        return printed

    @contextmanager
    def _bash(self, block: Block, before: str) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
        self._count += 1
        script, log = self._folder / f"{self._count}.sh", self._folder / f"{self._count}.log"
        script.write_text(f"{before}set -e -o pipefail\n{self._names.here(block.commands)}")
        with log.open("wb") as output:
            yield (
                subprocess.Popen(
                    ["bash", "--noprofile", "--norc", str(script)],
                    cwd=self._root,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                ),
                log,
            )

    def _told(self, block: Block, log: Path, what: str) -> str:
        printed = self._names.there(log.read_text(errors="replace"))
        return f"{block.place}: {what}\n{block.commands}--- printed:\n{printed[-4000:]}"


def _outside() -> dict[str, str]:
    """Give the environment of somebody who has set up nothing: not ours, not that of the tests."""
    found = {
        name: value
        for name, value in environment({}).items()
        if not name.startswith(("PYTEST", "PYTHON", "KAFKA_", "OTEL_")) and name != "VIRTUAL_ENV"
    }
    rest = [one for one in found["PATH"].split(os.pathsep) if one != str(_OWN)]
    return found | {"PATH": os.pathsep.join(rest), "TERM": "dumb", "LANG": "C.UTF-8"}


def _goes_on(process: "subprocess.Popen[bytes]") -> bool:
    """Tell whether anything runs of what a block started: it has a process group of its own."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End what a block started, all of it; what does not end in good order is killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if _goes_on(process):
            os.killpg(process.pid, number)
        deadline = time.monotonic() + _STOP_S
        while _goes_on(process) and time.monotonic() < deadline:
            time.sleep(0.02)


def _lacking(expected: tuple[str, ...], printed: str) -> str | None:
    """Give the first line that was not printed after those before it."""
    lines = iter([" ".join(one.split()) for one in printed.splitlines()])
    for one in expected:
        pattern = ".*".join(re.escape(part.strip()) for part in " ".join(one.split()).split("…"))
        if not any(re.fullmatch(pattern, line) for line in lines):
            return one
    return None
