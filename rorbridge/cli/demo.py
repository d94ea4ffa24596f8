"""``rorbridge demo``: the whole thing on this machine, with nothing but Python."""

import logging
import time
from collections import Counter
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from rorbridge.cli.exits import Exit
from rorbridge.cli.loop import run_loop
from rorbridge.cli.output import console, fail, remarks, write_line
from rorbridge.cli.progress import working

if TYPE_CHECKING:
    from rorbridge.bus.localbroker import LocalBroker
    from rorbridge.bus.received import Received
    from rorbridge.events.examples import Example
    from rorbridge.lookalike.dataset import Dataset


class BrokerChoice(StrEnum):
    """The broker that the demo runs on."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"


_REMARKS = {BrokerChoice.EMBEDDED: "embedded, for a demo with one consumer only", BrokerChoice.KAFKA: "Apache Kafka"}


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

    ```sh
    rorbridge demo
    rorbridge demo --json > answers.jsonl
    ```
    """
    from rorbridge.bus.localbroker import BrokerUnavailableError
    from rorbridge.lookalike.dataset import generate
    from rorbridge.telemetry import logs

    logs.configure("console", "ERROR")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that has just begun is told of as an error
    screen = remarks() if as_json else console()
    try:
        with working("Looking for the broker") as now:
            runs_on = _broker(broker)
            now(f"Inventing {offers:,} offers")
            dataset = generate(offers, seed)
        left = run_loop(_demo(screen, runs_on, dataset, remark=_REMARKS[broker], as_json=as_json))
    except BrokerUnavailableError as error:
        fail(str(error), Exit.UNAVAILABLE)
    if left:
        fail(f"no answer to: {', '.join(one.title for one in left)}", Exit.NO)


async def _demo(
    screen: Console, broker: "LocalBroker", dataset: "Dataset", *, remark: str, as_json: bool
) -> "list[Example]":
    """Play the demo; gives the requests that were not answered."""
    from rorbridge.cli.show import show
    from rorbridge.cli.stage import put, staged
    from rorbridge.events.examples import examples

    statuses: Counter[str] = Counter()

    def answered(request: "Example", answer: "Received") -> None:
        statuses[answer.result.status] += 1
        if as_json:
            write_line(answer.json)
        else:
            show(screen, answer.result, request.title, most=2)

    requests = examples()
    async with AsyncExitStack() as stack:
        with working("Starting the broker, the look-alike and the service"):
            stage = await stack.enter_async_context(staged(broker, dataset))
        kafka = stage.kafka
        screen.print(f"[bold]broker[/]      {kafka.bootstrap_servers}  [dim]{remark}[/]")
        screen.print(
            f"[bold]look-alike[/]  {stage.ror.base_url}  [dim]{len(dataset.healthcare_services):,} invented offers[/]"
        )
        screen.print(f"[bold]service[/]     {kafka.requests_topic} -> {kafka.results_topic}\n")
        started = time.perf_counter()
        left = await put(kafka, requests, answered)
        took_s = time.perf_counter() - started
    told = ", ".join(f"{count} {status}" for status, count in statuses.items())
    screen.print(f"{len(requests)} requests, {statuses.total()} results ({told}) in {took_s:.1f} s.")
    screen.print("[dim]Next: a request of your own with `rorbridge send`; the README shows how.[/]")
    return left


def _broker(choice: BrokerChoice) -> "LocalBroker":
    from rorbridge.bus.localbroker import ApacheKafka, EmbeddedBroker

    return EmbeddedBroker() if choice is BrokerChoice.EMBEDDED else ApacheKafka()
