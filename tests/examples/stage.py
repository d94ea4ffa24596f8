"""What the examples meet: a service at work between real Kafka and the look-alike, and a results topic of all sorts."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from rorbridge.events.result import RESULT_TYPE
from tests.support.kafka import PARTITIONS, Broker, Record, Topics, publish
from tests.support.requests import Sent

_COUNTS = {"leftOut", "unverified"}
"""Not objects with fields, but numbers by what they count."""
_ANY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Stage:
    """A broker with the topics that a service is at work on."""

    broker: Broker
    topics: Topics

    def arguments(self, group: str, *, requests: str | None = None) -> list[str]:
        """Give the options of an example that lead it here, its requests to another topic where one is named."""
        topics = ["--requests-topic", requests or self.topics.requests, "--results-topic", self.topics.results]
        return ["--bootstrap-servers", self.broker.bootstrap_servers, *topics, "--group", group]

    async def results(self) -> list[Record]:
        """Read all results that were committed, up to where the topic ends now."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker.bootstrap_servers, isolation_level="read_committed", enable_auto_commit=False
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(self.topics.results, number) for number in range(PARTITIONS)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning()
            ends = await consumer.end_offsets(partitions)
            found: list[Record] = []
            # Markers of transactions move the position on, too.
            while any([await consumer.position(one) < ends[one] for one in partitions]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += records
            return found
        finally:
            await consumer.stop()

    async def put(self, *records: Sent) -> None:
        """Put records of ours among the results."""
        await publish(self.broker, self.topics.results, records)

    async def put_and_abort(self, record: Sent) -> None:
        """Put a record among the results in a transaction that is aborted then."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.broker.bootstrap_servers, transactional_id=f"aborted-{uuid.uuid4()}"
        )
        await producer.start()
        try:
            await producer.begin_transaction()
            await producer.send_and_wait(
                self.topics.results, record.value, key=record.key, headers=list(record.headers)
            )
            await producer.abort_transaction()
        finally:
            await producer.stop()

    async def positions(self, group: str) -> Mapping[int, int]:
        """Give what a group has committed, by partition."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker.bootstrap_servers)
        await admin.start()
        try:
            found = await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()
        return {place.partition: position.offset for place, position in found.items()}

    async def rewind(self, group: str) -> None:
        """Set a group that is at rest back to the start, as if it had never committed."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker.bootstrap_servers, group_id=group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(self.topics.results, number) for number in await self.positions(group)]
            consumer.assign(partitions)
            await consumer.commit(dict.fromkeys(partitions, 0))
        finally:
            await consumer.stop()


def repeat(record: Record) -> Sent:
    """Give a result once more, as a cluster without transactions may."""
    return Sent("", record.key, record.value, list(record.headers), _ANY)


def another(record: Record, value: bytes | None, **attributes: str) -> Sent:
    """Give an event beside a result: under an id of its own, to the same request unless *attributes* say otherwise."""
    changed = {"ce_id": str(uuid.uuid4()), **{f"ce_{name}": text for name, text in attributes.items()}}
    headers = [(name, changed.get(name, raw.decode()).encode()) for name, raw in record.headers]
    return Sent("", record.key, value, headers, _ANY)


def second_attempt_of_tomorrow(record: Record) -> Sent:
    """Give the answer to a replayed request, from a rorbridge that says more than today's schema knows."""
    content: dict[str, Any] = json.loads(record.value or b"")
    return another(record, json.dumps(_with_novelties(content | {"attempt": 2})).encode(), attempt="2")


def _with_novelties(content: Any) -> Any:
    """Add a field that no schema knows to every object."""
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [_with_novelties(one) for one in content]
    if not isinstance(content, dict):
        return content
    grown = {name: one if name in _COUNTS else _with_novelties(one) for name, one in content.items()}
    return grown | {"novelty": {"since": "tomorrow"}}


def of_another_version(record: Record) -> Sent:
    """Give a result of a type that does not exist yet."""
    return another(record, b'{"version": 2}', type=f"{RESULT_TYPE.removesuffix('1')}2")
