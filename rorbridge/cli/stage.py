"""The stage of the demo: broker, look-alike and service on this machine, and the example requests put on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import SecretStr

from rorbridge.bus import topics
from rorbridge.bus.app import create_app
from rorbridge.bus.connection import connection
from rorbridge.bus.localbroker import LocalBroker
from rorbridge.bus.received import Received, received
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
        settings = Settings(kafka=kafka, ror=_ror(ror, config))
        app = create_app(settings, RorDirectory(settings.ror), Nos(), crashed=lambda: None)
        await stack.enter_async_context(app.start_lifespan_context())
        yield Stage(kafka, ror)


def _ror(address: ServerAddress, config: Config) -> RorSettings:
    """Give the settings of a client of the look-alike, with the header values that the ANS documents."""
    return RorSettings.model_validate(
        {
            "base_url": address.base_url,
            "token_url": address.token_url,
            "client_id": config.client_id,
            "client_secret": SecretStr(config.client_secret),
            "user_profile_code": "CU20",
            "user_profile_system": "1.2.250.1.213.1.6.1.66",
            "role_code": "AUTOMATE",
            "role_system": "1.2.250.1.213.1.1.4.6",
            "access_profile": 1,  # the look-alike shows everything unless it is told otherwise
        }
    )


async def put(
    kafka: KafkaSettings, requests: list[Example], show: Callable[[Example, Received], None]
) -> list[Example]:
    """Publish the requests and show each answer as it comes; gives those that were not answered in time."""
    waiting = {f"demo-{request.name}": request for request in requests}
    results = AIOKafkaConsumer(kafka.results_topic, **connection(kafka), auto_offset_reset="earliest")
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
                show(waiting.pop(envelope.correlation_id(record.headers) or ""), received(record))
    except TimeoutError:
        return list(waiting.values())
    finally:
        await producer.stop()
        await results.stop()
    return []
