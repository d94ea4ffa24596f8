"""Who is measured: a process that takes requests from Kafka and publishes answers."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rorbridge.lookalike.server import ServerAddress
from tests.bench.work import Work
from tests.support.kafka import Broker, Topics
from tests.support.processes import environment, free_port
from tests.support.ror import ror_environment


@dataclass(frozen=True, slots=True)
class Stage:
    """What a subject is started with."""

    broker: Broker
    topics: Topics
    stub: str
    """Address of the canned ROR."""
    work: Work

    @property
    def settings(self) -> dict[str, str]:
        """Give the settings of the bridge; by default it keeps no answer."""
        ror = ror_environment(ServerAddress(f"{self.stub}/{self.work.page}", f"{self.stub}/token"))
        return {
            **self.topics.settings(self.broker),
            **ror,
            "RORBRIDGE_ROR__ACCESS_PROFILE": "1",
            "RORBRIDGE_ROR__MAX_CONCURRENCY": str(self.work.concurrency),
            "RORBRIDGE_ROR__CACHE_TTL": "0",
            "RORBRIDGE_HTTP__PORT": str(free_port()),
        }


@dataclass(frozen=True, slots=True)
class Subject:
    """A program of the bench, by its command line; it reads its settings from the environment."""

    name: str
    command: Sequence[str]
    settings: Mapping[str, str] = field(default_factory=dict)
    instances: int = 1
    warm_up: int = 0
    """Requests before all else that count in nothing, for a program that is compiled while it runs."""
    asks: bool = True
    """Whether it asks the ROR, so that its answers hold the ROR's offers."""

    @contextmanager
    def running(self, stage: Stage, log: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
        """Run it until the block ends."""
        processes: list[subprocess.Popen[bytes]] = []
        try:
            with log.open("ab") as output:
                for _ in range(self.instances):
                    settings = environment({**stage.settings, **self.settings})
                    processes.append(subprocess.Popen(self.command, env=settings, stdout=output, stderr=output))
            yield processes
        finally:
            for one in processes:
                one.terminate()
            for one in processes:
                try:
                    one.wait(60)
                except subprocess.TimeoutExpired:
                    one.kill()
                    one.wait()


def python(module: str, *arguments: str) -> list[str]:
    """Give the command that runs a module with our own Python."""
    return [sys.executable, "-m", module, *arguments]


FLOOR = Subject("floor: consume, produce, commit in a transaction", python("tests.bench.floor"), asks=False)
LANE = Subject("lane alone: one small offer from memory", python("tests.bench.lane"), asks=False)
EXACTLY_ONCE = Subject("bridge, exactly once", python("rorbridge", "run"))
AT_LEAST_ONCE = Subject(
    "bridge, at least once", python("rorbridge", "run"), {"RORBRIDGE_KAFKA__DELIVERY": "at-least-once"}
)
CACHED = Subject("bridge, exactly once, cache 30 s", python("rorbridge", "run"), {"RORBRIDGE_ROR__CACHE_TTL": "30"})
