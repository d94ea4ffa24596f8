"""The stage of the demo: broker, look-alike and service on this machine, and the example requests put on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from rorbridge.bus import topics
from rorbridge.bus.app import create_app
from rorbridge.bus.connection import connection
from rorbridge.bus.localbroker import LocalBroker
from rorbridge.bus.received import Received, received
from rorbridge.cli.lookalike import client_settings
from rorbridge.events import envelope
from rorbridge.events.examples import Example
from rorbridge.lookalike.config import Config
from rorbridge.lookalike.dataset import Dataset
from rorbridge.lookalike.server import ServerAddress, serving
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.nomenclature import Nos
from rorbridge.settings import KafkaSettings, RorSettings, Settings

_PATIENCE_S = 60.0
"""Seconds for all answers; far more than they take."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is, while it runs."""

    kafka: KafkaSettings
    ror: ServerAddress


@asynccontextmanager
async def staged(broker: LocalBroker, dataset: Dataset) -> AsyncIterator[Stage]:
    """Run broker, look-alike and service until the block ends. Raises BrokerUnavailableError."""
    config = Config()
    async with AsyncExitStack() as stack:
        stack.enter_context(broker)
        ror = await stack.enter_async_context(serving(dataset, config))
        kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        await topics.create(kafka, dict.fromkeys(kafka.topics, 1))
        client = RorSettings.model_validate(client_settings(ror, config) | {"access_profile": 1})  # it shows everything
        settings = Settings(kafka=kafka, ror=client)
        app = create_app(settings, RorDirectory(settings.ror), Nos(), crashed=lambda: None)
        await stack.enter_async_context(app.start_lifespan_context())
        yield Stage(kafka, ror)


async def put(
    kafka: KafkaSettings, requests: list[Example], show: Callable[[Example, Received], None]
) -> list[Example]:
    """Publish the requests and show each answer as it comes; gives those that were not answered in time."""
    waiting = {f"demo-{request.name}": request for request in requests}
    results = AIOKafkaConsumer(
        kafka.results_topic, **connection(kafka), isolation_level="read_committed", auto_offset_reset="earliest"
    )
    producer = AIOKafkaProducer(**connection(kafka))
    try:
        await results.start()
        await producer.start()
        for id_, request in waiting.items():
            headers = envelope.request_headers(id_=id_, source="urn:rorbridge:demo", time=datetime.now(UTC))
            await producer.send_and_wait(kafka.requests_topic, request.data, headers=headers)
        async with asyncio.timeout(_PATIENCE_S):
            while waiting:
                record = await results.getone()
                asked = waiting.pop(envelope.correlation_id(record.headers) or "", None)
                if asked:
                    show(asked, received(record))
    except TimeoutError:
        return list(waiting.values())
    finally:
        await producer.stop()
        await results.stop()
    return []
