"""``rorbridge send``: publish a request, and wait for its result if asked to."""

import json
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rorbridge.cli.exits import Exit
from rorbridge.cli.loop import run_loop
from rorbridge.cli.options import Config, kafka_settings, reaching
from rorbridge.cli.output import console, fail, note, printable, write_line
from rorbridge.cli.progress import working
from rorbridge.events.status import Status

if TYPE_CHECKING:
    from rorbridge.bus.received import Received

_EXIT = {
    Status.MATCHED: Exit.OK,
    Status.NO_MATCH: Exit.NO,
    Status.REJECTED: Exit.REJECTED,
    Status.FAILED: Exit.FAILED,
    Status.EXPIRED: Exit.EXPIRED,
}


def send(
    file: Annotated[Path, typer.Argument(help="File with the request's JSON, or - for standard input.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the result and print it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")] = False,
    key: Annotated[str | None, typer.Option(help="Key of the record.", show_default=False)] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the result.", min=0)] = 60.0,
    config: Config = None,
) -> None:
    """Publish a request, wrapped in a CloudEvent, and print its id.

    With `--wait` its result is printed instead, as JSON unless it is on a terminal, and the exit code tells how it
    ended. A request that will be rejected is published all the same, but the mistake is told at once.

    ```sh
    rorbridge send request.json
    rorbridge send request.json --wait --key case-17
    rorbridge send --wait --json - < request.json
    ```
    """
    from rorbridge.bus.ask import ask, publish
    from rorbridge.bus.received import NotAResultError
    from rorbridge.events.problem import InvalidRequestError, parse_request

    kafka = kafka_settings(config)
    data = _read(file)
    try:
        parse_request(data)
    except InvalidRequestError as error:
        note(f"this request will be rejected: {error}")  # the answer is the service's to give
    id_ = str(uuid.uuid4())
    if not wait:
        with reaching(kafka):
            run_loop(publish(kafka, id_, data, key))
        write_line(id_)
        return
    with reaching(kafka), working("Waiting for the result"):
        try:
            answer = run_loop(ask(kafka, id_, data, key, timeout_s=timeout, tell=note))
        except NotAResultError as error:
            fail(printable(str(error)), Exit.UNANSWERED)
    if answer is None:
        fail(f"no result for {id_} within {timeout:g} s; is the service running?", Exit.UNANSWERED)
    _print(answer, as_json=as_json)
    raise typer.Exit(_EXIT[answer.result.status])


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        fail(f"{file}: {error.strerror or error}", Exit.USAGE)


def _print(answer: "Received", *, as_json: bool) -> None:
    from rorbridge.cli.show import show

    if as_json or not sys.stdout.isatty():
        write_line(json.dumps(json.loads(answer.json), ensure_ascii=False, indent=None if as_json else 2))
    else:
        show(console(), answer.result)
