"""``rorbridge demo``: the whole thing on this machine, with nothing but Python."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import SecretStr
from rich.console import Console

from rorbridge.bus import topics
from rorbridge.bus.app import create_app
from rorbridge.bus.connection import connection
from rorbridge.bus.localbroker import ApacheKafka, BrokerUnavailableError, EmbeddedBroker, LocalBroker
from rorbridge.cli.loop import run_loop
from rorbridge.cli.options import fail
from rorbridge.cli.output import write_line
from rorbridge.cli.show import show
from rorbridge.events import envelope
from rorbridge.events.examples import Example, examples
from rorbridge.events.result import Status, decode
from rorbridge.lookalike.config import Config
from rorbridge.lookalike.dataset import generate
from rorbridge.lookalike.server import ServerAddress, serving
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.nomenclature import Nos
from rorbridge.settings import KafkaSettings, RorSettings, Settings
from rorbridge.telemetry import logs

_PATIENCE_S = 60.0
"""Seconds for all answers; far more than they take."""


class BrokerChoice(StrEnum):
    """The broker that the demo runs on."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print each result as one line of JSON.")] = False,
    broker: Annotated[
        BrokerChoice, typer.Option(help="A small broker from a wheel, or Apache Kafka (needs a JDK 17 and Maven).")
    ] = BrokerChoice.EMBEDDED,
    offers: Annotated[int, typer.Option(min=100, max=100_000, help="Offers that the look-alike invents.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Seed of the invention.")] = 1,
) -> None:
    """See it work: broker, ROR look-alike and service on this machine, example requests and their answers.

    Everything is invented, nothing leaves this machine, and nothing is left running.
    """
    logs.configure("console", "ERROR")
    console = Console(stderr=as_json)
    try:
        answered = run_loop(_demo(console, broker, offers, seed, as_json=as_json))
    except BrokerUnavailableError as error:
        fail(str(error), 1)
    if not answered:
        fail("not every request was answered", 1)


async def _demo(console: Console, choice: BrokerChoice, offers: int, seed: int, *, as_json: bool) -> bool:
    requests = examples()
    async with _stage(console, choice, offers, seed) as kafka:
        started = time.perf_counter()
        statuses = await _ask(console, kafka, requests, as_json=as_json)
        took_s = time.perf_counter() - started
    told = ", ".join(f"{count} {status}" for status, count in statuses.items())
    console.print(f"{len(requests)} requests, {statuses.total()} results ({told}) in {took_s:.1f} s.")
    console.print("[dim]Next: a request of your own with `rorbridge send`; the README shows how.[/]")
    return statuses.total() == len(requests)


@asynccontextmanager
async def _stage(console: Console, choice: BrokerChoice, offers: int, seed: int) -> AsyncIterator[KafkaSettings]:
    """Run broker, look-alike and service until the block ends."""
    config = Config()
    async with AsyncExitStack() as stack:
        with console.status("Inventing offers and starting the broker ..."):
            broker = stack.enter_context(_broker(choice))
            dataset = await asyncio.to_thread(generate, offers, seed)
            ror = await stack.enter_async_context(serving(dataset, config))
            kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
            await topics.create(kafka, dict.fromkeys(kafka.topics, 1))
        console.print(f"[bold]broker[/]      {kafka.bootstrap_servers}  {_remark(choice)}")
        console.print(f"[bold]look-alike[/]  {ror.base_url}  [dim]{offers:,} invented offers[/]")
        console.print(f"[bold]service[/]     {kafka.requests_topic} -> {kafka.results_topic}\n")
        settings = Settings(kafka=kafka, ror=_ror(ror, config))
        app = create_app(settings, RorDirectory(settings.ror), Nos(), crashed=lambda: None)
        await stack.enter_async_context(app.start_lifespan_context())
        yield kafka


def _broker(choice: BrokerChoice) -> LocalBroker:
    return EmbeddedBroker() if choice is BrokerChoice.EMBEDDED else ApacheKafka()


def _remark(choice: BrokerChoice) -> str:
    if choice is BrokerChoice.KAFKA:
        return "[dim]Apache Kafka[/]"
    return "[dim]embedded, for a demo with one consumer only[/]"


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


async def _ask(console: Console, kafka: KafkaSettings, requests: list[Example], *, as_json: bool) -> Counter[Status]:
    """Publish the requests and show each answer as it comes."""
    waiting = {f"demo-{request.name}": request for request in requests}
    statuses: Counter[Status] = Counter()
    results = AIOKafkaConsumer(kafka.results_topic, **connection(kafka), auto_offset_reset="earliest")
    producer = AIOKafkaProducer(**connection(kafka))
    try:
        await results.start()
        await producer.start()
        for id_, request in waiting.items():
            headers = envelope.request_headers(id_=id_, source="urn:rorbridge:demo", time=datetime.now(UTC))
            await producer.send_and_wait(kafka.requests_topic, request.data, headers=headers)
        async with asyncio.timeout(_PATIENCE_S):
            async for record in results:
                request = waiting.pop(envelope.correlation_id(record.headers) or "")
                result = decode(record.value)
                statuses[result.status] += 1
                if as_json:
                    write_line(record.value.decode())
                else:
                    show(console, result, request.title, most=2)
                if not waiting:
                    break
    except TimeoutError:
        console.print(f"[red]no answer to: {', '.join(one.title for one in waiting.values())}[/]")
    finally:
        await producer.stop()
        await results.stop()
    return statuses
