"""One run: a subject, a load, and what came of it."""

import asyncio
import json
import statistics
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from tests.bench.answers import summary, told
from tests.bench.machine import cost
from tests.bench.subject import Stage, Subject, python
from tests.bench.work import Work
from tests.support.kafka import Broker, Topics, delete_topics, new_topics
from tests.support.requests import Sent

PARTITIONS = 12
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run showed. Milliseconds and MiB; None where the load is not made for it."""

    subject: str
    work: str
    requests_per_s: float
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
async def _topics(broker: Broker) -> AsyncIterator[Topics]:
    topics = await new_topics(broker, PARTITIONS)
    try:
        yield topics
    finally:
        await delete_topics(broker, topics)


class Results:
    """Reads the results as they are committed, and when each came."""

    def __init__(self, broker: Broker, topics: Topics) -> None:
        self.at: dict[str, float] = {}
        self.last = b""
        self.bytes = 0
        self.dead_letters = 0
        self._topics = topics
        self._consumer = AIOKafkaConsumer(
            topics.results,
            topics.dead_letters,
            bootstrap_servers=broker.bootstrap_servers,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=8_388_608,
        )

    async def __aenter__(self) -> "Results":
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def until(self, count: int) -> None:
        """Read until there are so many results."""
        async with asyncio.timeout(_PATIENCE_S):
            while len(self.at) < count:
                batch: dict[Any, list[Any]] = await self._consumer.getmany(timeout_ms=50)
                now = time.time()
                for partition, records in batch.items():
                    if partition.topic == self._topics.dead_letters:
                        self.dead_letters += len(records)
                        continue
                    for one in records:
                        self.at.setdefault(_correlation(one.headers), now)
                        self.bytes += len(one.value or b"")
                        self.last = one.value or b""


def _correlation(headers: Any) -> str:
    return next((value.decode() for name, value in headers if name == "ce_correlationid"), "?")


async def measure(broker: Broker, subject: Subject, work: Work, answers: Path, log: Path) -> Measured:
    """Run *subject* under *work*. Raises AssertionError when an answer is missing or in its place is a dead letter."""
    sent, warm_up = work.sent(subject.warm_up), work.warm_up + subject.warm_up
    with stub(answers, work.latency_ms) as (address, stub_pid):
        async with _topics(broker) as topics, Results(broker, topics) as results:
            stage = Stage(broker, topics, address, work)
            # What several instances do before the group has settled would not count, nor what comes at a steady rate.
            is_waiting = work.rate is None and subject.instances == 1
            await _publish(broker, topics.requests, sent if is_waiting else sent[:warm_up])
            with subject.running(stage, log) as processes:
                pids = [one.pid for one in processes]
                await results.until(warm_up)
                if subject.instances > 1:
                    await _all_in_group(broker, topics.group, subject.instances)
                calls_before = int((await _get(f"{address}/calls")).text)
                first, began = len(results.at), time.time()
                before = [cost(one) for one in (*pids, stub_pid)]
                appended: dict[str, float] = {}
                if work.rate is not None:
                    sending = asyncio.create_task(_steadily(broker, topics.requests, sent[warm_up:], work.rate))
                    await results.until(len(sent))
                    appended = await sending
                else:
                    await _publish(broker, topics.requests, [] if is_waiting else sent[warm_up:])
                    await results.until(len(sent))
                took_s = max(results.at.values()) - began
                after = [cost(one) for one in (*pids, stub_pid)]
                calls = int((await _get(f"{address}/calls")).text) - calls_before
    assert not results.dead_letters, f"{subject.name}: {results.dead_letters} dead letters; see {log}"
    if subject.asks:
        page = json.loads((answers / f"{work.page}.json").read_bytes())
        found, expected = told(json.loads(results.last)), summary(page)
        differing = [name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)]
        assert not differing, f"{subject.name}: other offers than the ROR's, {len(differing)} of them"
    done = len(sent) - first
    *cpu, stub_cpu = [(then.cpu_s - was.cpu_s) for was, then in zip(before, after, strict=True)]
    late = sorted(1000 * (results.at[id_] - at) for id_, at in appended.items())
    cuts = statistics.quantiles(late, n=100) if late else []
    return Measured(
        subject=subject.name,
        work=work.name,
        requests_per_s=done / took_s,
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


@asynccontextmanager
async def _producer(broker: Broker) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, max_batch_size=262_144)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _publish(broker: Broker, topic: str, sent: list[Sent]) -> None:
    async with _producer(broker) as producer:
        for one in sent:
            await producer.send(topic, one.value, key=one.key, headers=list(one.headers))
        await producer.flush()


async def _steadily(broker: Broker, topic: str, sent: list[Sent], rate: float) -> dict[str, float]:
    """Send at an even rate; give when each was appended, as its broker's acknowledgement tells."""
    appended: dict[str, float] = {}

    def acknowledged(id_: str) -> Any:
        return lambda done: appended.__setitem__(id_, done.result().timestamp / 1000)

    async with _producer(broker) as producer:
        began = time.monotonic()
        for number, one in enumerate(sent):
            if (ahead := began + number / rate - time.monotonic()) > 0:
                await asyncio.sleep(ahead)
            future = await producer.send(topic, one.value, key=one.key, headers=list(one.headers))
            future.add_done_callback(acknowledged(one.id))
        await producer.flush()
    return appended
