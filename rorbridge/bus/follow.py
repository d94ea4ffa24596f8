"""A topic as it grows, for those who look on: outside of any group, from a time on, through outages of Kafka."""

import asyncio
import heapq
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from rorbridge.bus.careful import CarefulReader
from rorbridge.bus.connection import connection
from rorbridge.bus.record import Record
from rorbridge.settings import KafkaSettings

_ANSWER_S = 5.0
"""How long Kafka may take to say where a topic ends before that is called an outage."""
_PAUSE_S = 1.0
_METADATA_MS = 5_000
"""How soon new partitions are seen."""


async def follow(
    settings: KafkaSettings, topic: str, since: datetime | None, tell: Callable[[str], None]
) -> AsyncGenerator[Record | None, None]:
    """Give the committed records of *topic* as they come, without an end; without *since* those from now on.

    None says that nothing came for a moment, so that the reader may look after other things. *tell* gets a line when
    there is nothing to read from, because Kafka or the topic is away, and when it is back: a reader goes on where it
    was. It gets one, too, for each record that cannot be read and is passed over. Raises KafkaError and OSError when
    Kafka cannot be reached at first or refuses us.
    """
    consumer = AIOKafkaConsumer(
        **connection(settings),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        metadata_max_age_ms=_METADATA_MS,
    )
    away = f"Kafka at {settings.bootstrap_servers} does not answer; waiting for it"
    missing = f"Kafka at {settings.bootstrap_servers} has no topic {topic}, or we may not see it; waiting for it"
    told = _Told(tell)
    reader = CarefulReader(consumer, tell)
    since_ms = None if since is None else int(since.timestamp() * 1000)
    next_: dict[TopicPartition, int] = {}
    try:
        await consumer.start()
        while topic not in await _topics(consumer):
            told.now(missing)
            since_ms = 0  # all that comes is new
            yield None
            await asyncio.sleep(_PAUSE_S)
        consumer.subscribe([topic])
        while True:
            batch = await reader.fetch(next_)
            try:
                async with asyncio.timeout(_ANSWER_S):
                    if set(next_) != consumer.assignment():
                        # Partitions were added, or the topic was made anew: aiokafka forgets all positions then.
                        batch = {}
                        next_ = await _take_up(consumer, next_, since_ms)
                        since_ms = 0
                        told.now(None if next_ else missing)
                    elif not batch and next_:
                        await consumer.end_offsets(list(next_))
                        told.now(None)
            except (TimeoutError, KafkaError) as error:
                if isinstance(error, KafkaError) and not error.retriable:
                    raise
                told.now(away)
            if not batch:
                yield None
            for record in heapq.merge(*batch.values(), key=lambda one: one.timestamp):
                next_[TopicPartition(record.topic, record.partition)] = record.offset + 1
                yield record
    finally:
        with suppress(TimeoutError):  # with Kafka away there is nobody to say goodbye to
            async with asyncio.timeout(_ANSWER_S):
                await consumer.stop()


class _Told:
    """Tells a reader what changed."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._trouble: str | None = None

    def now(self, trouble: str | None) -> None:
        """Tell what there is to wait for now, or that there is nothing any more; each once."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._tell(trouble or "Kafka and the topic are there; going on")


async def _topics(consumer: AIOKafkaConsumer) -> set[str]:
    """Give the names of all topics; asking for one by its name makes many a cluster create it."""
    with suppress(KafkaError):
        return set(await consumer.topics())
    return set()


async def _take_up(
    consumer: AIOKafkaConsumer, next_: Mapping[TopicPartition, int], since_ms: int | None
) -> dict[TopicPartition, int]:
    """Go to where reading goes on; at partitions that were not there before, to *since_ms*, or to their end."""
    assigned = consumer.assignment()
    fresh = [one for one in assigned if one not in next_]
    ends = await consumer.end_offsets(fresh) if fresh else {}
    at = {}
    if since_ms is not None and fresh:
        at = await consumer.offsets_for_times(dict.fromkeys(fresh, since_ms))
    places = {one: next_[one] for one in assigned if one in next_}
    places |= {one: at[one].offset if at.get(one) else ends[one] for one in fresh}
    for partition, offset in places.items():
        consumer.seek(partition, offset)
    return places
