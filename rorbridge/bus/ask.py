"""A request, published as a client does it, and the result that answers it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from rorbridge.bus import topics
from rorbridge.bus.careful import CarefulReader
from rorbridge.bus.connection import connection
from rorbridge.bus.received import Received, received
from rorbridge.events import envelope
from rorbridge.settings import KafkaSettings

_SOURCE = "urn:rorbridge:send"


async def publish(settings: KafkaSettings, id_: str, data: bytes, key: str | None) -> None:
    """Publish a request as a CloudEvent. Raises KafkaError, OSError; UnknownTopicOrPartitionError names the topic."""
    await topics.ensure(settings, settings.requests_topic)
    producer = AIOKafkaProducer(**connection(settings), acks="all", enable_idempotence=True)
    try:
        await producer.start()
        headers = envelope.request_headers(id_=id_, source=_SOURCE, time=datetime.now(UTC))
        await producer.send_and_wait(
            settings.requests_topic, value=data, key=key.encode() if key is not None else None, headers=headers
        )
    finally:
        await producer.stop()


async def ask(
    settings: KafkaSettings, id_: str, data: bytes, key: str | None, *, timeout_s: float, tell: Callable[[str], None]
) -> Received | None:
    """Publish a request and give its result, or None when there is none in time.

    *tell* gets a line for a record that cannot be read, and so is no result that is waited for. Raises what
    ``publish`` does, and NotAResultError when the answer cannot be read.
    """
    await topics.ensure(settings, settings.results_topic)
    results = AIOKafkaConsumer(settings.results_topic, **connection(settings), isolation_level="read_committed")
    reader = CarefulReader(results, tell)
    try:
        await results.start()
        await results.seek_to_end()
        await reader.positions()  # settles where the end is, before the request is out
        await publish(settings, id_, data, key)
        return await _result(reader, id_, timeout_s)
    finally:
        await results.stop()


async def _result(reader: CarefulReader, id_: str, timeout_s: float) -> Received | None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while True:
                batch = await reader.fetch()
                for record in chain.from_iterable(batch.values()):
                    if envelope.correlation_id(record.headers) == id_:
                        return received(record)
    return None
