"""One run: a subject, a load, and what came of it."""

import asyncio
import json
import os
import signal
import statistics
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from confluent_kafka import Producer

from tests.bench.answers import summary, told
from tests.bench.machine import cost
from tests.bench.results import PATIENCE_S, Results
from tests.bench.subject import Stage, Subject, python
from tests.bench.work import Work
from tests.support.kafka import Broker, Topics, delete_topics, new_topics
from tests.support.requests import Sent


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run showed. Milliseconds and MiB; None where the load is not made for it."""

    subject: str
    work: str
    requests_per_s: float
    sustained_per_s: float
    """The same without the first and the last tenth of the results: while it fills and while it runs empty."""
    cpu_ms: float
    """CPU of the subject's own processes, a request."""
    per_cpu_s: float
    """Requests a CPU second."""
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    """From the request's append to the committed result in a reader's hands."""
    peak_mib: float
    """Of all instances together."""
    ror_calls: float
    """Searches of the ROR, a request."""
    stub_cpu_ms: float
    result_bytes: float


@contextmanager
def stub(folder: Path, latency_ms: float) -> Iterator[tuple[str, int]]:
    """Run the canned ROR; give its address and process."""
    command = python("tests.bench.stub", str(folder), "--latency-ms", str(latency_ms))
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def _topics(broker: Broker, partitions: int) -> AsyncIterator[Topics]:
    topics = await new_topics(broker, partitions)
    try:
        yield topics
    finally:
        await delete_topics(broker, topics)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What can be read off at a moment."""

    at: float
    cpu_s: float
    """Of the subject's processes together."""
    peak_mib: float
    stub_cpu_s: float
    calls: int


@dataclass(slots=True)
class _Run:
    """A subject that runs, and what it is given to do."""

    broker: Broker
    topics: Topics
    work: Work
    sent: list[Sent]
    warm_up: int
    """How many of those count in nothing."""
    results: Results
    pids: list[int]
    stub: tuple[str, int]
    appended: dict[str, float] = field(default_factory=dict)
    """When each request of a steady load was appended."""

    async def preloaded(self) -> tuple[_Reading, _Reading]:
        """Have all requests there when the subject begins; read off at both ends."""
        await self._answered(self.sent[: self.warm_up])
        if len(self.pids) > 1:  # what they do before the group has settled does not count
            await _all_in_group(self.broker, self.topics.group, len(self.pids))
        with _halted(self.pids):
            _publish(self.broker, self.topics.requests, self.work.partitions, self.sent[self.warm_up :])
            before = await self._reading()
        await self.results.until(len(self.sent))
        return before, await self._reading()

    async def steady(self, rate: float) -> tuple[_Reading, _Reading]:
        """Send at an even rate, by which the second half of the warm-up comes as well, since it begins with a jolt."""
        alone = self.warm_up // 2
        await self._answered(self.sent[:alone])
        sending = asyncio.create_task(
            asyncio.to_thread(
                _steadily, self.broker, self.topics.requests, self.work.partitions, self.sent[alone:], rate
            )
        )
        await self.results.until(self.warm_up)
        before = await self._reading()
        await self.results.until(len(self.sent))
        self.appended = await sending
        return before, await self._reading()

    async def _answered(self, sent: list[Sent]) -> None:
        _publish(self.broker, self.topics.requests, self.work.partitions, sent)
        await self.results.until(len(sent))

    async def _reading(self) -> _Reading:
        address, stub_pid = self.stub
        calls = int((await _get(f"{address}/calls")).text)
        costs, stubs = [cost(one) for one in self.pids], cost(stub_pid)
        cpu_s, peak_mib = sum(one.cpu_s for one in costs), sum(one.peak_mib for one in costs)
        return _Reading(time.time(), cpu_s, peak_mib, stubs.cpu_s, calls)


async def measure(broker: Broker, subject: Subject, work: Work, answers: Path, log: Path) -> Measured:
    """Run *subject* under *work*. Raises AssertionError when an answer is missing or in its place is a dead letter."""
    sent, warm_up = work.sent(subject.warm_up), work.warm_up + subject.warm_up
    with stub(answers, work.latency_ms) as at:
        async with _topics(broker, work.partitions) as topics:
            stage = Stage(broker, topics, at[0], work)
            with Results(broker, topics, log) as results, subject.running(stage, log) as processes:
                run = _Run(broker, topics, work, sent, warm_up, results, [one.pid for one in processes], at)
                before, after = await (run.preloaded() if work.rate is None else run.steady(work.rate))
    if subject.asks:
        page = json.loads((answers / f"{work.page}.json").read_bytes())
        found, expected = told(json.loads(results.last)), summary(page)
        differing = [name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)]
        assert not differing, f"{subject.name}: other offers than the ROR's, {len(differing)} of them"
    done = len(sent) - warm_up
    late = [1000 * (results.at[one.id] - run.appended[one.id]) for one in sent[warm_up:]] if run.appended else []
    cuts = statistics.quantiles(late, n=100) if late else []
    return Measured(
        subject=subject.name,
        work=work.name,
        requests_per_s=done / (max(results.at.values()) - before.at),
        sustained_per_s=_sustained(sorted(results.at.values())[warm_up:]),
        cpu_ms=1000 * (after.cpu_s - before.cpu_s) / done,
        per_cpu_s=done / (after.cpu_s - before.cpu_s),
        p50_ms=cuts[49] if cuts else None,
        p95_ms=cuts[94] if cuts else None,
        p99_ms=cuts[98] if cuts else None,
        peak_mib=after.peak_mib,
        ror_calls=(after.calls - before.calls) / done,
        stub_cpu_ms=1000 * (after.stub_cpu_s - before.stub_cpu_s) / done,
        result_bytes=results.bytes / len(sent),
    )


def _sustained(at: Sequence[float]) -> float:
    middle = at[len(at) // 10 : -len(at) // 10]
    return (len(middle) - 1) / (middle[-1] - middle[0])


async def _all_in_group(broker: Broker, group: str, count: int) -> None:
    """Wait until so many members of the group have partitions: before that they take them from each other."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(GroupCoordinatorNotAvailableError):  # nobody has asked for it yet
                    [answer] = await admin.describe_consumer_groups([group])
                    [found] = answer.to_object()["groups"]
                    working = sum(bool(one["member_assignment"]) for one in found["members"])
                    if found["state"] == "Stable" and working == count:
                        return
                await asyncio.sleep(0.1)
    finally:
        await admin.close()


async def _get(url: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return (await http.get(url)).raise_for_status()


@contextmanager
def _halted(pids: list[int]) -> Iterator[None]:
    """Have processes stand still, so that all that they are given meanwhile is there when they begin."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _publish(broker: Broker, topic: str, partitions: int, sent: list[Sent]) -> None:
    """Spread requests evenly over the partitions: by their keys the longest would be measured, and by chance."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "linger.ms": 5})
    for number, one in enumerate(sent):
        producer.produce(topic, one.value, one.key, number % partitions, headers=list(one.headers))
        producer.poll(0)
    producer.flush()


def _steadily(broker: Broker, topic: str, partitions: int, sent: list[Sent], rate: float) -> dict[str, float]:
    """Send at an even rate; give when each was appended, as its broker's acknowledgement tells."""
    appended: dict[str, float] = {}

    def acknowledged(id_: str) -> Any:
        return lambda _error, record: appended.__setitem__(id_, record.timestamp()[1] / 1000)

    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "linger.ms": 0})
    producer.list_topics(topic)  # it is connected now
    began = time.monotonic()
    for number, one in enumerate(sent):
        if (ahead := began + number / rate - time.monotonic()) > 0:
            time.sleep(ahead)  # in a thread of its own; the rate is what is set
        told = acknowledged(one.id)
        producer.produce(topic, one.value, one.key, number % partitions, on_delivery=told, headers=list(one.headers))
        producer.poll(0)
    producer.flush()
    return appended
