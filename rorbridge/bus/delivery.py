"""How a lane's answers and its position reach Kafka: together or not at all, or the answers first."""

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    IncompatibleBrokerVersion,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFenced,
)
from aiokafka.structs import OffsetAndMetadata
from structlog.stdlib import get_logger

from rorbridge.bus.connection import connection
from rorbridge.bus.outgoing import DEFAULT_LIMIT, LEAST_LIMIT, Outgoing
from rorbridge.events.result import Status
from rorbridge.settings import KafkaSettings
from rorbridge.telemetry import metrics

log = get_logger(__name__)

_LARGEST_RECORD = 64 * 1_048_576
"""Bytes before compression; what the broker takes is checked by ``Outgoing.fitted``."""
_BATCH_BYTES = 524_288
_TRANSACTION_TIMEOUT_MS = 30_000
"""A transaction lasts milliseconds. One whose owner died holds back readers until its fence, or for so long."""
_RETRY_MS = 10
"""Pause before asking a broker again. It now and then says "not enough replicas" to a transaction that it has just been
told of, which the next moment is true no more; with the client's own 100 ms one result in ten would wait for that."""
_STOP_S = 5.0
_COORDINATOR_S = 10.0
_COORDINATOR_PAUSE_S = 0.2

for _status in Status:
    metrics.RESULTS.labels(_status.value)  # what has not happened yet is 0, not absent

_stopping: set["asyncio.Task[None]"] = set()


class Delivery(Protocol):
    """Delivers for one lane, from ``open`` to ``close``. Anything it raises ends it: open another one."""

    @abstractmethod
    async def open(self) -> tuple[int | None, str]:
        """Shut out whoever had the partition before, then read the committed offset and its metadata."""

    @abstractmethod
    async def release(self, records: Sequence[Outgoing], position: int, metadata: str) -> None:
        """Publish *records* and commit the position; returns when the broker has all of it."""

    @abstractmethod
    async def close(self) -> None:
        """Give up what is not committed, and the connection."""


class ExactlyOnce:
    """Answers and position in one Kafka transaction.

    The transactional id names the partition, so that opening fences every former owner: a process that was frozen
    or cut off can commit nothing any more, whatever it believes of the group. Source: KIP-98, as it was before KIP-447.
    """

    def __init__(self, settings: KafkaSettings, partition: TopicPartition, limits: dict[str, int]) -> None:
        self._settings = settings
        self._partition = partition
        self._limits = limits
        id_ = f"{settings.group_id}.{partition.topic}.{partition.partition}"
        self._producer = _producer(
            settings,
            transactional_id=id_,
            transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
            max_batch_size=_batch_bytes(limits),
        )
        self._in_transaction = False

    async def open(self) -> tuple[int | None, str]:
        """Fence, then read: no former owner can commit after what is read here."""
        await self._producer.start()
        return await committed(self._settings, self._partition)

    async def release(self, records: Sequence[Outgoing], position: int, metadata: str) -> None:
        """Publish and commit in one transaction. Raises KafkaError: ProducerFenced when another has the lane now."""
        offsets = {self._partition: OffsetAndMetadata(position, metadata)}
        await self._producer.begin_transaction()
        self._in_transaction = True
        sent = await _send(self._producer, records, self._limits)
        committing = self._producer.send_offsets_to_transaction(offsets, self._settings.group_id)
        _raise_first(sent, await _all(sent, committing), self._limits)
        await self._producer.commit_transaction()
        self._in_transaction = False
        _count(sent)

    async def close(self) -> None:
        """Abort what is begun, so that it does not hold back readers.

        Where that cannot be done, the next owner's fence does it, or the transaction's timeout.
        """
        if self._in_transaction:
            with suppress(KafkaError, AssertionError, TimeoutError):  # aiokafka asserts that there is one to abort
                async with asyncio.timeout(_STOP_S):
                    await self._producer.abort_transaction()
        await _stop(self._producer)


class AtLeastOnce:
    """Answers first, then the position: a crash between the two repeats answers, with the same ids."""

    def __init__(
        self, settings: KafkaSettings, partition: TopicPartition, limits: dict[str, int], consumer: AIOKafkaConsumer
    ) -> None:
        self._settings = settings
        self._partition = partition
        self._limits = limits
        self._consumer = consumer
        self._producer = _producer(settings, enable_idempotence=True, max_batch_size=_batch_bytes(limits))

    async def open(self) -> tuple[int | None, str]:
        """Read the committed position; nobody is shut out but by the group."""
        await self._producer.start()
        return await committed(self._settings, self._partition)

    async def release(self, records: Sequence[Outgoing], position: int, metadata: str) -> None:
        """Publish, wait for the acknowledgements, commit. Raises KafkaError."""
        sent = await _send(self._producer, records, self._limits)
        _raise_first(sent, await _all(sent), self._limits)
        _count(sent)
        await self._consumer.commit({self._partition: (position, metadata)})

    async def close(self) -> None:
        """Stop the producer."""
        await _stop(self._producer)


async def committed(settings: KafkaSettings, partition: TopicPartition) -> tuple[int | None, str]:
    """Read a group's committed offset and its metadata; (None, "") before the first commit. Raises KafkaError.

    Kafka answers for every partition that is asked by name, with -1 before the first commit. Without an entry the
    coordinator answered with an error, which aiokafka does not look at: it is still loading, is another one now, or we
    have no right on the group. That must not be taken for "nothing is committed".
    """
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        async with asyncio.timeout(_COORDINATOR_S):
            while True:
                # A new cluster makes its offsets topic at the first request.
                with suppress(GroupCoordinatorNotAvailableError):
                    found = await admin.list_consumer_group_offsets(settings.group_id, partitions=[partition])
                    if at := found.get(partition):
                        return (at.offset, at.metadata or "") if at.offset >= 0 else (None, "")
                await asyncio.sleep(_COORDINATOR_PAUSE_S)
    except TimeoutError:
        raise KafkaError(
            f"the coordinator of group {settings.group_id} tells no offsets; is Read on the group granted?"
        ) from None
    finally:
        await admin.close()


class NoTransactionsError(RuntimeError):
    """The broker cannot do transactions; the text names the setting to change."""


async def ensure_transactions(settings: KafkaSettings) -> None:
    """Make sure that the broker knows transactions (KIP-98); none is begun. Raises NoTransactionsError, KafkaError."""
    id_ = f"{settings.group_id}.{settings.requests_topic}.preflight"
    producer = _producer(settings, transactional_id=id_)
    try:
        await producer.start()
    except IncompatibleBrokerVersion as error:
        raise NoTransactionsError(
            f"Kafka at {settings.bootstrap_servers} has no transactions ({error}); "
            "set RORBRIDGE_KAFKA__DELIVERY=at-least-once"
        ) from None
    finally:
        await _stop(producer)


def _producer(settings: KafkaSettings, **options: Any) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **connection(settings),
        acks="all",
        compression_type="zstd",
        max_request_size=_LARGEST_RECORD,
        retry_backoff_ms=_RETRY_MS,
        **options,
    )


def _batch_bytes(limits: dict[str, int]) -> int:
    """Give how much may go into one batch: records that fit alone must not be too much together."""
    return min(_BATCH_BYTES, *limits.values(), DEFAULT_LIMIT)


async def _stop(producer: AIOKafkaProducer) -> None:
    """Stop a producer. One that cannot flush, Kafka being away, goes on stopping behind us until Kafka is back."""
    stopping = asyncio.create_task(producer.stop(), name="stop a producer")
    _stopping.add(stopping)
    stopping.add_done_callback(_forget)
    await asyncio.wait([stopping], timeout=_STOP_S)


def _forget(stopping: "asyncio.Task[None]") -> None:
    _stopping.discard(stopping)
    if not stopping.cancelled() and (error := stopping.exception()):
        # A fenced producer raises its fence once more when it stops.
        log.debug("producer-stopped", error=repr(error))


async def _send(producer: AIOKafkaProducer, records: Sequence[Outgoing], limits: dict[str, int]) -> list["_Sent"]:
    """Hand records over in their order, each in the form that its topic takes; stop at the first that is not taken.

    Why it is not is raised by ``_raise_first``: a producer that was fenced meanwhile says of the next record only that
    it is in no transaction, and the fence itself shows at the records before.
    """
    sent: list[_Sent] = []
    for one in (form for record in records for form in record.fitted(limits.get(record.topic, DEFAULT_LIMIT))):
        try:
            acknowledged = await producer.send(one.topic, value=one.value, key=one.key, headers=list(one.headers))
        except Exception as error:  # also what is none of the client's KafkaErrors, such as its IllegalOperation
            acknowledged = asyncio.get_running_loop().create_future()
            acknowledged.set_exception(error)
            return [*sent, _Sent(one, acknowledged)]
        sent.append(_Sent(one, acknowledged))
    return sent


@dataclass(frozen=True, slots=True)
class _Sent:
    """A record on its way."""

    record: Outgoing
    acknowledged: "asyncio.Future[Any]"


def _count(sent: Sequence[_Sent]) -> None:
    """Count what is published now."""
    metrics.OFFERS_PUBLISHED.inc(sum(one.record.offers for one in sent))
    for one in sent:
        if one.record.status:
            metrics.RESULTS.labels(one.record.status.value).inc()
        if one.record.dead:
            metrics.DEAD_LETTERS.labels(one.record.dead).inc()


async def _all(sent: Sequence[_Sent], *others: Awaitable[Any]) -> list[Any]:
    """Wait for all, and give what came of each: a value, or what was raised."""
    return await asyncio.gather(*(one.acknowledged for one in sent), *others, return_exceptions=True)


def _raise_first(sent: Sequence[_Sent], outcomes: Sequence[object], limits: dict[str, int]) -> None:
    """Raise what went wrong, the fence before all else.

    A topic that takes less than it told us, or that may not be asked, is believed to take half of that from now on: the
    lane answers again, and this time it fits.
    """
    errors = [one for one in outcomes if isinstance(one, BaseException)]
    for one, outcome in zip(sent, outcomes, strict=False):
        if isinstance(outcome, MessageSizeTooLargeError):
            topic = one.record.topic
            limits[topic] = max(limits.get(topic, DEFAULT_LIMIT) // 2, LEAST_LIMIT)
            log.warning("record-too-large", topic=topic, bytes=len(one.record.value), limit=limits[topic])
            raise outcome
    for error in sorted(errors, key=lambda one: not isinstance(one, ProducerFenced)):
        raise error
