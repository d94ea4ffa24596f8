"""A broker for tests, topics of a test's own, and plain clients to write and read them."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from rorbridge.bus.localbroker import (
    ApacheKafka,
    BrokerUnavailableError,
    EmbeddedBroker,
    LocalBroker,
)
from rorbridge.bus.topics import create
from rorbridge.settings import KafkaSettings
from tests.support.requests import Sent

PARTITIONS = 3
Record = ConsumerRecord[bytes, bytes]


@dataclass(frozen=True)
class Broker:
    bootstrap_servers: str
    is_real: bool


@dataclass(frozen=True)
class Topics:
    """The topics of one test, and the group that works on them."""

    requests: str
    results: str
    dead_letters: str
    group: str

    def settings(self, broker: Broker) -> dict[str, str]:
        """Give the service's settings for them."""
        return {
            "RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "RORBRIDGE_KAFKA__GROUP_ID": self.group,
            "RORBRIDGE_KAFKA__REQUESTS_TOPIC": self.requests,
            "RORBRIDGE_KAFKA__RESULTS_TOPIC": self.results,
            "RORBRIDGE_KAFKA__DEAD_LETTER_TOPIC": self.dead_letters,
        }

    def kafka(self, broker: Broker) -> KafkaSettings:
        """Give the same as the service reads it."""
        return KafkaSettings(
            bootstrap_servers=broker.bootstrap_servers,
            group_id=self.group,
            requests_topic=self.requests,
            results_topic=self.results,
            dead_letter_topic=self.dead_letters,
        )


class NotUtf8(str):
    """A header's name as librdkafka's clients may write it; see ``let_any_name_be_sent``."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff\xfe"


def let_any_name_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make producers of this test build batches in Python: what does it in C takes true text alone."""
    for module in ("producer", "message_accumulator"):
        monkeypatch.setattr(f"aiokafka.producer.{module}.DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)


@dataclass(frozen=True)
class Choice:
    """Which broker this session runs on, and why not on another."""

    name: str
    is_real: bool
    start: Callable[[], AbstractContextManager[str]] | None
    left_out: str | None = None
    """Why there is no real Kafka."""
    refusal: str | None = None
    """Why the session must not run at all."""


def choose(environment: Mapping[str, str]) -> Choice:
    """Choose the broker: the cluster that is named, else real Kafka, else the embedded one, else none."""
    if cluster := environment.get("KAFKA_BOOTSTRAP_SERVERS"):
        return Choice(f"the cluster at {cluster}", True, lambda: _given(cluster))
    try:
        kafka = ApacheKafka()
    except BrokerUnavailableError as error:
        lacking = str(error).splitlines()[0]
    else:
        return Choice(kafka.name, True, lambda: _started(kafka))
    if environment.get("RORBRIDGE_TEST_BROKER") == "kafka":
        return Choice("none", False, None, refusal=lacking)
    try:
        embedded = EmbeddedBroker()
    except BrokerUnavailableError:
        return Choice("none", False, None, left_out=lacking)
    return Choice(embedded.name, False, lambda: _started(embedded), left_out=lacking)


@contextmanager
def _given(bootstrap_servers: str) -> Iterator[str]:
    yield bootstrap_servers


@contextmanager
def _started(broker: LocalBroker) -> Iterator[str]:
    with broker:
        yield broker.bootstrap_servers


async def new_topics(broker: Broker, partitions: int = PARTITIONS) -> Topics:
    tag = uuid.uuid4().hex[:8]
    topics = Topics(f"requests-{tag}", f"results-{tag}", f"dead-letters-{tag}", f"group-{tag}")
    kafka = topics.kafka(broker)
    await create(kafka, dict.fromkeys(kafka.topics, partitions))
    return topics


async def delete_topics(broker: Broker, topics: Topics) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    await admin.delete_topics([topics.requests, topics.results, topics.dead_letters])
    await admin.close()


async def publish(broker: Broker, topic: str, records: Iterable[Sent]) -> None:
    """Publish records in their order."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, max_request_size=1_048_576, linger_ms=5)
    await producer.start()
    try:
        for one in records:
            await producer.send(topic, one.value, key=one.key, headers=list(one.headers))
        await producer.flush()
    finally:
        await producer.stop()


async def read(
    broker: Broker, topics: Iterable[str], *, until: Callable[[list[Record]], bool], timeout_s: float = 60.0
) -> list[Record]:
    """Read topics from their beginning until enough is there, or the time is over."""
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=broker.bootstrap_servers,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        isolation_level="read_committed",
    )
    await consumer.start()
    found: list[Record] = []
    deadline = time.monotonic() + timeout_s
    try:
        while not until(found) and time.monotonic() < deadline:
            batch: dict[Any, list[Record]] = await consumer.getmany(timeout_ms=200)
            found += [record for records in batch.values() for record in records]
    finally:
        await consumer.stop()
    return found


async def read_all(broker: Broker, *topics: str, quiet_s: float = 1.5) -> list[Record]:
    """Read topics from their beginning until nothing more comes for a while."""
    last, count = time.monotonic(), 0

    def is_quiet(found: list[Record]) -> bool:
        nonlocal last, count
        if len(found) != count:
            last, count = time.monotonic(), len(found)
        return time.monotonic() - last > quiet_s

    return await read(broker, topics, until=is_quiet)
