"""``rorbridge send``: publish a request, and wait for its result if asked to."""

import asyncio
import json
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from rich.console import Console

from rorbridge.bus.connection import connection
from rorbridge.cli.loop import run_loop
from rorbridge.cli.options import EXIT_USAGE, Config, fail, settings
from rorbridge.cli.output import write_line
from rorbridge.cli.show import show
from rorbridge.events import envelope, wireformat
from rorbridge.events.problem import InvalidRequestError, parse_request
from rorbridge.events.result import OrientationResult, Status, decode
from rorbridge.settings import ClientSettings, KafkaSettings

_SOURCE = "urn:rorbridge:send"
_EXIT = {
    Status.MATCHED: 0,
    Status.NO_MATCH: 1,
    Status.REJECTED: 2,
    Status.FAILED: 3,
    Status.EXPIRED: 4,
}
_EXIT_NO_ANSWER = 5
_EXIT_UNREACHABLE = 69  # EX_UNAVAILABLE of sysexits


def send(
    file: Annotated[str, typer.Argument(help="File with the request's JSON, or - for standard input.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the result and print it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    key: Annotated[str | None, typer.Option(help="Key of the record.", show_default=False)] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the result.")] = 60.0,
    config: Config = None,
) -> None:
    """Publish a request, wrapped in a CloudEvent.

    With --wait the exit code tells how it ended: 0 matched, 1 no-match, 2 rejected, 3 failed, 4 expired,
    5 no result within the timeout.

    Example: rorbridge send request.json --wait
    """
    found = settings(ClientSettings, config)
    data = _read(file)
    try:
        parse_request(data)
    except InvalidRequestError as error:
        # It is published all the same: the answer is the service's to give. But the mistake is told at once.
        typer.echo(f"rorbridge: this request will be rejected: {error}", err=True)
    id_ = str(uuid.uuid4())
    try:
        result = run_loop(_send(found.kafka, id_, data, key, timeout if wait else None))
    except (KafkaError, OSError) as error:
        fail(f"Kafka at {found.kafka.bootstrap_servers}: {error!r}", _EXIT_UNREACHABLE)
    if not wait:
        typer.echo(id_)
        return
    if result is None:
        fail(f"no result for {id_} within {timeout:g} s; is the service running?", _EXIT_NO_ANSWER)
    answer = decode(result)
    _print(answer, result, as_json=as_json)
    raise typer.Exit(_EXIT[answer.status])


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        fail(str(error), EXIT_USAGE)


def _print(answer: OrientationResult, raw: bytes, *, as_json: bool) -> None:
    if as_json or not sys.stdout.isatty():
        write_line(json.dumps(json.loads(raw), ensure_ascii=False, indent=None if as_json else 2))
    else:
        show(Console(), answer)


async def _send(kafka: KafkaSettings, id_: str, data: bytes, key: str | None, timeout_s: float | None) -> bytes | None:
    """Publish the request; with a timeout, read the results that come from now on until its own is there."""
    producer = AIOKafkaProducer(**connection(kafka), acks="all")
    results = AIOKafkaConsumer(kafka.results_topic, **connection(kafka), isolation_level="read_committed")
    try:
        await producer.start()
        if timeout_s is not None:
            await results.start()
            await results.seek_to_end()
            for partition in results.assignment():
                await results.position(partition)  # settles where the end is, before the request is out
        headers = envelope.request_headers(id_=id_, source=_SOURCE, time=datetime.now(UTC))
        await producer.send_and_wait(
            kafka.requests_topic, value=data, key=key.encode() if key is not None else None, headers=headers
        )
        return await _result(results, id_, timeout_s) if timeout_s is not None else None
    finally:
        await results.stop()
        await producer.stop()


async def _result(results: AIOKafkaConsumer, id_: str, timeout_s: float) -> bytes | None:
    try:
        async with asyncio.timeout(timeout_s):
            async for record in results:
                if envelope.correlation_id(record.headers) == id_:
                    return wireformat.split(record.value)[1]
    except TimeoutError:
        pass
    return None
