"""Dead letters back to the requests topic, under their own ids, as their next attempt."""

import struct
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from rorbridge.bus import topics
from rorbridge.bus.careful import CarefulReader
from rorbridge.bus.connection import connection
from rorbridge.bus.deadletter import NO_EVENT, REPLAY_ATTEMPT, REPLAY_OF, STATUS, TRUNCATED
from rorbridge.bus.record import Record
from rorbridge.events import envelope, wireformat
from rorbridge.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter that may be put once more."""

    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    """Those to put it with."""
    time: datetime
    status: str
    error: str
    message: str
    place: str
    """``topic/partition/offset`` of the original record."""
    id: str
    """The request's id; the place for what is no event."""
    source: str
    attempt: int
    is_cut: bool
    """Whether the letter lacks something of the original, which was too large to keep."""

    @property
    def identity(self) -> tuple[str, str]:
        """What is the same for all attempts of one request."""
        return self.source, self.id


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant; what is not said does not matter."""

    statuses: frozenset[str]
    since: datetime | None = None
    until: datetime | None = None
    key: bytes | None = None
    error: str | None = None
    """Text in the kind of error or in its message; case does not matter."""

    def means(self, letter: Letter) -> bool:
        """Tell whether *letter* is one of those."""
        told = f"{letter.error}\n{letter.message}".lower()
        return (
            letter.status in self.statuses
            and (self.since is None or letter.time >= self.since)
            and (self.until is None or letter.time < self.until)
            and (self.key is None or letter.key == self.key)
            and (self.error is None or self.error.lower() in told)
        )


async def letters(settings: KafkaSettings, wanted: Filter, tell: Callable[[str], None]) -> list[Letter]:
    """Read the dead letters that *wanted* means, up to the end that the topic has now.

    Of several attempts of one request the last counts, and only as long as no later one was sent: what was put once
    more already is not put again, be it answered or not. *tell* gets a line for each record that cannot be read.
    """
    latest: dict[tuple[str, str], Letter] = {}
    async for record in _records(settings, settings.dead_letter_topic, wanted.since, tell):
        letter = _letter(record)
        known = latest.get(letter.identity)
        if known is None or letter.attempt >= known.attempt:
            latest[letter.identity] = letter
    found = [one for one in latest.values() if wanted.means(one)]
    if not found:
        return []
    sent: dict[tuple[str, str], int] = {}
    async for record in _records(settings, settings.requests_topic, min(one.time for one in found), tell):
        again = _letter(record)  # read as if it were one: the same identity and attempt
        if again.attempt > 1:
            sent[again.identity] = max(sent.get(again.identity, 1), again.attempt)
    return [one for one in found if sent.get(one.identity, 1) <= one.attempt]


async def put(settings: KafkaSettings, found: Sequence[Letter], progress: Callable[[], None]) -> None:
    """Publish letters to the requests topic, each acknowledged before *progress* is told of it."""
    producer = AIOKafkaProducer(**connection(settings), acks="all", enable_idempotence=True, compression_type="zstd")
    await producer.start()
    try:
        for one in found:
            await producer.send_and_wait(settings.requests_topic, one.value, key=one.key, headers=list(one.headers))
            progress()
    finally:
        await producer.stop()


def _letter(record: Record) -> Letter:
    headers = dict(record.headers)
    place = _place(headers) or f"{record.topic}/{record.partition}/{record.offset}"
    own = tuple((name, raw) for name, raw in record.headers if not name.startswith(("kafka_dlt-", "rorbridge-")))
    value = record.value or b""
    try:
        event = envelope.read(record.value, own, place)
    except envelope.NotAnEventError:
        # Put as it was: it may have been our reading that was wrong. It has no id, so headers of ours tell what it is.
        id_, source = _text(headers.get(REPLAY_OF)) or place, ""
        attempt = envelope.attempt([("ce_attempt", headers.get(REPLAY_ATTEMPT, b""))])
        own = (*own, (REPLAY_OF, id_.encode()), (REPLAY_ATTEMPT, str(attempt + 1).encode()))
    else:
        id_, source, attempt, value = event.id, event.source, event.attempt, event.data
        if event.schema_id is not None:  # other readers of the topic may count on it
            value = wireformat.frame(event.schema_id, event.data)
        own = tuple(envelope.again(event, datetime.now(UTC)))
    return Letter(
        key=record.key,
        value=value,
        headers=own,
        time=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        status=_text(headers.get(STATUS)) or NO_EVENT,
        error=_text(headers.get("kafka_dlt-exception-fqcn")),
        message=_text(headers.get("kafka_dlt-exception-message")),
        place=place,
        id=id_,
        source=source,
        attempt=attempt,
        is_cut=TRUNCATED in headers,
    )


def _place(headers: dict[str, bytes]) -> str | None:
    try:
        topic = headers["kafka_dlt-original-topic"].decode()
        [partition] = struct.unpack(">i", headers["kafka_dlt-original-partition"])
        [offset] = struct.unpack(">q", headers["kafka_dlt-original-offset"])
    except (KeyError, struct.error, UnicodeDecodeError):
        return None
    return f"{topic}/{partition}/{offset}"


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="backslashreplace")


async def _records(
    settings: KafkaSettings, topic: str, since: datetime | None, tell: Callable[[str], None]
) -> AsyncIterator[Record]:
    """Read a topic from a time on, up to the end that it has now."""
    await topics.ensure(settings, topic)
    consumer = AIOKafkaConsumer(
        topic,
        **connection(settings),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    reader = CarefulReader(consumer, tell)
    try:
        await consumer.start()
        partitions = sorted(consumer.assignment())
        ends = await consumer.end_offsets(partitions)
        await _go_to(consumer, partitions, since, ends)
        while any(at < ends[one] for one, at in (await reader.positions()).items()):
            batch = await reader.fetch()
            for records in batch.values():
                for record in records:
                    yield record
    finally:
        await consumer.stop()


async def _go_to(
    consumer: AIOKafkaConsumer,
    partitions: Sequence[TopicPartition],
    since: datetime | None,
    ends: dict[TopicPartition, int],
) -> None:
    if since is None:
        await consumer.seek_to_beginning(*partitions)
        return
    at = await consumer.offsets_for_times(dict.fromkeys(partitions, int(since.timestamp() * 1000)))
    for partition in partitions:
        consumer.seek(partition, at[partition].offset if at.get(partition) else ends[partition])
