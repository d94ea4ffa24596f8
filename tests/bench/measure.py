"""One run: a subject, a load, and what came of it."""

import asyncio
import json
import os
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from tests.bench.answers import summary, told
from tests.bench.machine import cost
from tests.bench.subject import Stage, Subject, python
from tests.bench.work import Work
from tests.support.kafka import Broker, Topics, delete_topics, new_topics
from tests.support.requests import Sent

_PATIENCE_S = 300.0


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


class Results:
    """Reads the results as they are committed, and when each came.

    With librdkafka, in a thread of its own: a reader in Python is slower than what it measures, and takes its core.
    """

    def __init__(self, broker: Broker, topics: Topics) -> None:
        self.at: dict[str, float] = {}
        self.last = b""
        self.bytes = 0
        self.dead_letters = 0
        self._topics = topics
        self._done = False
        self._consumer = Consumer(
            {
                "bootstrap.servers": broker.bootstrap_servers,
                "group.id": f"{topics.group}-bench",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 50,
            }
        )
        self._thread = threading.Thread(target=self._read, name="results", daemon=True)

    def __enter__(self) -> "Results":
        there = self._consumer.list_topics().topics
        self._consumer.assign(
            [
                TopicPartition(topic, partition, OFFSET_BEGINNING)
                for topic in (self._topics.results, self._topics.dead_letters)
                for partition in there[topic].partitions
            ]
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done = True
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._done:
            record = self._consumer.poll(0.05)
            if record is None or record.error():
                continue
            if record.topic() == self._topics.dead_letters:
                self.dead_letters += 1
                continue
            self.last = record.value() or b""
            self.bytes += len(self.last)
            self.at.setdefault(_correlation(record.headers()), time.time())

    async def until(self, count: int) -> None:
        """Wait until there are so many results."""
        async with asyncio.timeout(_PATIENCE_S):
            while len(self.at) < count:  # noqa: ASYNC110 - another thread counts
                await asyncio.sleep(0.01)


def _correlation(headers: Any) -> str:
    return next((value.decode() for name, value in headers or () if name == "ce_correlationid"), "?")


async def measure(broker: Broker, subject: Subject, work: Work, answers: Path, log: Path) -> Measured:
    """Run *subject* under *work*. Raises AssertionError when an answer is missing or in its place is a dead letter."""
    sent, warm_up = work.sent(subject.warm_up), work.warm_up + subject.warm_up
    with stub(answers, work.latency_ms) as (address, stub_pid):
        async with _topics(broker, work.partitions) as topics:
            with Results(broker, topics) as results:
                stage = Stage(broker, topics, address, work)
                with subject.running(stage, log) as processes:
                    pids = [one.pid for one in processes]
                    # Of a steady load the second half of the warm-up is steady, too: it begins with a jolt.
                    alone = warm_up if work.rate is None else warm_up // 2
                    _publish(broker, topics.requests, work.partitions, sent[:alone])
                    await results.until(alone)
                    if subject.instances > 1:  # what they do before the group has settled does not count
                        await _all_in_group(broker, topics.group, subject.instances)
                    appended: dict[str, float] = {}
                    if work.rate is not None:
                        steady = asyncio.to_thread(
                            _steadily, broker, topics.requests, work.partitions, sent[alone:], work.rate
                        )
                        sending = asyncio.create_task(steady)
                        await results.until(warm_up)
                    calls_before = int((await _get(f"{address}/calls")).text)
                    if work.rate is None:
                        with _halted(pids):
                            _publish(broker, topics.requests, work.partitions, sent[warm_up:])
                    before, began = [cost(one) for one in (*pids, stub_pid)], time.time()
                    await results.until(len(sent))
                    if work.rate is not None:
                        appended = await sending
                    took_s = max(results.at.values()) - began
                    after = [cost(one) for one in (*pids, stub_pid)]
                    calls = int((await _get(f"{address}/calls")).text) - calls_before
    assert not results.dead_letters, f"{subject.name}: {results.dead_letters} dead letters; see {log}"
    if subject.asks:
        page = json.loads((answers / f"{work.page}.json").read_bytes())
        found, expected = told(json.loads(results.last)), summary(page)
        differing = [name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)]
        assert not differing, f"{subject.name}: other offers than the ROR's, {len(differing)} of them"
    done = len(sent) - warm_up
    *cpu, stub_cpu = [(then.cpu_s - was.cpu_s) for was, then in zip(before, after, strict=True)]
    late = sorted(1000 * (results.at[one.id] - appended[one.id]) for one in sent[warm_up:]) if appended else []
    cuts = statistics.quantiles(late, n=100) if late else []
    return Measured(
        subject=subject.name,
        work=work.name,
        requests_per_s=done / took_s,
        sustained_per_s=_sustained(sorted(results.at.values())[warm_up:]),
        cpu_ms=1000 * sum(cpu) / done,
        per_cpu_s=done / sum(cpu),
        p50_ms=cuts[49] if cuts else None,
        p95_ms=cuts[94] if cuts else None,
        p99_ms=cuts[98] if cuts else None,
        peak_mib=sum(one.peak_mib for one in after[:-1]),
        ror_calls=calls / done,
        stub_cpu_ms=1000 * stub_cpu / done,
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
        async with asyncio.timeout(_PATIENCE_S):
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
