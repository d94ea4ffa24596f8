"""Lanes on real Kafka: what a record, a coordinator or a slow neighbour must not do to a partition."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, ProducerFenced
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Span, StatusCode
from starlette.requests import Request
from starlette.responses import Response

from rorbridge.bus import bridge as bridge_module
from rorbridge.bus.bridge import Bridge
from rorbridge.bus.deadletter import TRUNCATED
from rorbridge.bus.delivery import ExactlyOnce, committed
from rorbridge.bus.outgoing import MOST_HEAD, Outgoing
from rorbridge.bus.record import Record
from rorbridge.bus.session import Session
from rorbridge.bus.topics import create
from rorbridge.bus.window import Window
from rorbridge.orientation.circuit import Parking
from tests.chaos.stream import read_to_end
from tests.support.fhir import EMPTY
from tests.support.http import scripted_ror
from tests.support.kafka import Broker, NotUtf8, Topics, let_any_name_be_sent, read
from tests.support.processes import running_service
from tests.support.requests import headers, valid
from tests.support.ror import ror_environment

pytestmark = pytest.mark.real_kafka


async def nothing(request: Request) -> Response:
    return Response(EMPTY, media_type="application/fhir+json")


async def test_a_record_that_cannot_be_read_and_one_with_a_huge_key_hold_up_no_other(
    broker: Broker, topics: Topics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_any_name_be_sent(monkeypatch)
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, max_request_size=2_000_000)
    await producer.start()
    [one, two, three, four] = valid(4, seed=1)

    async def put(value: bytes | None, key: bytes | None, head: Sequence[tuple[str, bytes]]) -> None:
        await producer.send_and_wait(topics.requests, value, key=key, headers=list(head), partition=0)

    huge = bytes(range(256)) * 4_000
    await put(one.value, one.key, one.headers)
    await put(two.value, two.key, [*two.headers, (NotUtf8("x"), b"1")])
    await put(three.value, huge, three.headers)
    await put(four.value, four.key, four.headers)
    await producer.stop()
    async with scripted_ror(nothing) as ror:
        with running_service(topics.settings(broker) | ror_environment(ror), tmp_path / "log") as service:
            await read(broker, [topics.results], until=lambda found: len(found) >= 2, timeout_s=60)
            assert service.terminate() == 0
    results = await read_to_end(broker.bootstrap_servers, topics.results, "read_committed")
    letters = await read_to_end(broker.bootstrap_servers, topics.dead_letters, "read_committed")
    assert [one.key for one in results] == [one.key, four.key]
    told = {int.from_bytes(dict(one.headers)["kafka_dlt-original-offset"], "big"): one for one in letters}
    assert sorted(told) == [1, 2]
    assert b"cannot read" in dict(told[1].headers)["kafka_dlt-exception-message"]
    assert str(MOST_HEAD).encode() in dict(told[2].headers)["kafka_dlt-exception-message"]
    assert (told[2].key, told[2].value) == (None, three.value)
    assert all(TRUNCATED in dict(one.headers) for one in letters), "they are not replayed as if they were whole"
    assert await committed(topics.kafka(broker), TopicPartition(topics.requests, 0)) == (4, "")


async def test_a_coordinator_that_tells_no_offsets_is_asked_again(
    broker: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The empty answers are made up: no broker can be made to give them at will, though all do while they load."""
    partition = TopicPartition(topics.requests, 0)
    delivery = ExactlyOnce(topics.kafka(broker), partition, {})
    await delivery.open()
    await delivery.release([], 7, "")
    await delivery.close()
    real, empty = AIOKafkaAdminClient.list_consumer_group_offsets, 3

    async def loading(self: AIOKafkaAdminClient, *arguments: Any, **options: Any) -> object:
        nonlocal empty
        empty -= 1
        return {} if empty >= 0 else await real(self, *arguments, **options)

    monkeypatch.setattr(AIOKafkaAdminClient, "list_consumer_group_offsets", loading)
    assert await committed(topics.kafka(broker), partition) == (7, "")
    empty = 1_000_000
    monkeypatch.setattr("rorbridge.bus.delivery._COORDINATOR_S", 0.5)
    with pytest.raises(KafkaError, match="is Read on the group granted"):
        await committed(topics.kafka(broker), partition)


@dataclass
class Slow:
    """Answers with so many bytes after so long, or when told to, and a delivery that takes its time."""

    size: int = 10
    head: asyncio.Event = field(default_factory=asyncio.Event)
    taken: int = 0
    begun: int = 0
    released: list[int] = field(default_factory=list)
    release_s: float = 0.0

    async def answer(self, record: Record, parking: Parking) -> tuple[Outgoing, ...]:
        self.taken += 1
        if record.offset == 0:
            await self.head.wait()
        return (Outgoing("results", record.key, b"x" * self.size, ()),)

    def unreadable(self, record: Record, error: Exception) -> tuple[Outgoing, ...]:
        raise AssertionError(record)

    async def open(self) -> tuple[int | None, str]:
        return None, ""

    async def release(self, records: Sequence[Outgoing], position: int, metadata: str) -> None:
        self.begun += 1
        await asyncio.sleep(self.release_s)
        self.released.append(len(records))

    async def close(self) -> None:
        pass


@asynccontextmanager
async def session(broker: Broker, topics: Topics, slow: Slow) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Run a session over the first partition; what is given closes it and waits for its end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    partition = TopicPartition(topics.requests, 0)
    consumer.assign([partition])
    closing = asyncio.Event()
    work = asyncio.create_task(
        Session(consumer, partition, answers=slow, delivery=slow, window=Window(0), size=10).work(closing)
    )

    async def close() -> None:
        closing.set()
        await work

    try:
        yield close
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await consumer.stop()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that nothing tells of."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def many(broker: Broker, topics: Topics, count: int, key: bytes | None) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, linger_ms=5)
    await producer.start()
    for number in range(count):
        await producer.send(topics.requests, b"{}", key=key, partition=0, headers=headers(f"r-{number}"))
    await producer.stop()


async def test_a_fence_that_shows_while_records_are_handed_over_is_told_as_a_fence(
    broker: Broker, topics: Topics
) -> None:
    """The client says of the next record only that it is in no transaction."""
    partition = TopicPartition(topics.requests, 0)
    late = f"{topics.dead_letters}.late"
    first, second = (ExactlyOnce(topics.kafka(broker), partition, {}) for _ in range(2))
    await first.open()
    await second.open()
    records = [Outgoing(topic, b"key", b"{}", ()) for topic in (topics.results, late)]
    releasing = asyncio.create_task(first.release(records, 1, ""))
    # The second record waits for its topic. By then the broker has told the fence at the first.
    await asyncio.sleep(1)
    await create(topics.kafka(broker), {late: 1})
    with pytest.raises(ProducerFenced):
        await releasing
    await first.close()
    await second.close()


async def test_a_drain_waits_for_the_commit_that_is_on_its_way(broker: Broker, topics: Topics) -> None:
    await many(broker, topics, 1, None)
    slow = Slow(release_s=0.5)
    slow.head.set()
    async with session(broker, topics, slow) as close:
        await until(lambda: slow.begun > 0)
        await close()
    assert slow.released == [1]


class Fails(Slow):
    """A delivery that fails, of an answer that is traced."""

    def __init__(self, span: Span) -> None:
        super().__init__()
        self.span = span

    async def answer(self, record: Record, parking: Parking) -> tuple[Outgoing, ...]:
        return (Outgoing("results", record.key, b"x", (), span=self.span),)

    async def release(self, records: Sequence[Outgoing], position: int, metadata: str) -> None:
        raise KafkaError("what it says is nobody's business")


async def test_the_span_of_an_answer_that_is_not_published_says_so(broker: Broker, topics: Topics) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    await many(broker, topics, 1, None)
    async with session(broker, topics, Fails(provider.get_tracer("test").start_span("send"))):
        await until(lambda: bool(exporter.get_finished_spans()))
    [span] = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes == {"error.type": "KafkaError"}
    assert not span.events


async def test_answers_that_wait_for_one_of_their_key_are_bounded_and_leave_in_several_transactions(
    broker: Broker, topics: Topics
) -> None:
    await many(broker, topics, 2_000, b"the same for all")
    slow = Slow(size=64_000)
    async with session(broker, topics, slow) as close:
        taken = -1
        while taken != slow.taken:
            taken = slow.taken
            await asyncio.sleep(1)
        assert 500 < taken < 700, "32 MiB of answers wait, and no more"
        slow.head.set()
        await until(lambda: sum(slow.released) == 2_000)
        await close()
    assert max(slow.released) <= 500
    assert max(slow.released) * slow.size < 9_000_000


async def test_an_error_of_the_group_is_told_and_the_consumer_made_anew_when_it_does_not_end(
    broker: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is put where aiokafka puts those of the group: a broker that takes rights away cannot be had here."""
    monkeypatch.setattr(bridge_module, "_WATCH_S", 0.05)
    crashed: list[None] = []
    slow = Slow()
    slow.head.set()
    bridge = Bridge(topics.kafka(broker), slow, lambda: crashed.append(None))
    bridge.start()
    async with asyncio.timeout(30):
        await until(lambda: not bridge.not_ready)
        first = bridge._consumer
        assert first is not None
        while bridge._consumer is first:
            assert first._coordinator is not None
            first._coordinator._pending_exception = KafkaError("GroupAuthorizationFailedError")
            await asyncio.sleep(0.01)
        await until(lambda: bridge._consumer is not None and not bridge.not_ready)
    await bridge.stop()
    assert not crashed


async def test_deadlines_are_kept_while_the_ror_hangs(broker: Broker, topics: Topics, tmp_path: Path) -> None:
    over = asyncio.Event()

    async def hangs(request: Request) -> Response:
        await over.wait()
        return Response(status_code=503)

    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers)
    await producer.start()
    deadlines: dict[str, datetime] = {}
    async with scripted_ror(hangs) as ror:
        with running_service(topics.settings(broker) | ror_environment(ror), tmp_path / "log") as service:
            await service.ready()
            for number in range(400):
                id_ = f"r-{number}"
                around = {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 1 + number / 10}
                content: dict[str, object] = {"need": {"activity": ["013"]}, "where": around}
                if number % 2:
                    deadlines[id_] = datetime.now(UTC) + timedelta(seconds=4)
                    content["deadline"] = deadlines[id_].isoformat()
                await producer.send(
                    topics.requests, json.dumps(content).encode(), key=id_.encode(), partition=0, headers=headers(id_)
                )
                await asyncio.sleep(0.02)
            await producer.stop()
            results = await read(broker, [topics.results], until=lambda found: len(found) >= 200, timeout_s=60)
            service.process.kill()
            over.set()
    late = [one.timestamp / 1000 - deadlines[(one.key or b"").decode()].timestamp() for one in results]
    assert {json.loads(one.value or b"")["status"] for one in results} == {"expired"}
    assert max(late) < 2.0, "of the issue, for an outage"
    assert len(await read_to_end(broker.bootstrap_servers, topics.dead_letters, "read_committed")) == 0
