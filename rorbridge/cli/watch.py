"""``rorbridge watch``: the results as they come."""

import sys
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rorbridge.cli.exits import Exit
from rorbridge.cli.loop import run_loop
from rorbridge.cli.options import BEGINNING, Config, Since, kafka_settings, reaching
from rorbridge.cli.output import console, fail, leave_quietly, note, printable, reader_is_gone, write_line
from rorbridge.events.status import Status

if TYPE_CHECKING:
    from rorbridge.settings import KafkaSettings


def watch(
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="All that the topic holds, then what comes.")
    ] = False,
    since: Since = None,
    status: Annotated[
        list[Status] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="Only these: matched, no-match, rejected, failed, expired. May be given several times.",
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, help="End after so many results.", show_default=False)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each result as one line of JSON, as on a pipe.")
    ] = False,
    config: Config = None,
) -> None:
    """Follow the results, from now on, until Ctrl-C.

    On a terminal one line a result: when it came, how the request ended, how many offers meet it, how long it took,
    which request it was, and the first offer or the problem. On a pipe, or with `--json`, the results themselves, one
    line of JSON each. Only what is committed is shown. While Kafka or the topic is away it waits and says so.
    Dead letters are listed by `rorbridge replay --dry-run`.

    ```sh
    rorbridge watch --since 10m --status failed --status expired
    rorbridge watch --from-beginning --count 1 --json
    ```
    """
    if from_beginning and since:
        fail("one of --from-beginning and --since, not both", Exit.USAGE)
    kafka = kafka_settings(config)
    if from_beginning:
        since = BEGINNING
    show_as_json = as_json or not sys.stdout.isatty()
    with reaching(kafka):
        run_loop(_watch(kafka, since, frozenset(status or Status), count, as_json=show_as_json))


async def _watch(
    kafka: "KafkaSettings", since: datetime | None, statuses: frozenset[Status], count: int | None, *, as_json: bool
) -> None:
    from rorbridge.bus.follow import follow
    from rorbridge.bus.received import NotAResultError, received
    from rorbridge.cli.show import show_line

    terminal = console()
    shown = 0
    async with aclosing(follow(kafka, kafka.results_topic, since, note)) as records:
        async for record in records:
            if reader_is_gone():  # whatever comes: it may all be left out
                leave_quietly()
            if record is None:
                continue
            try:
                one = received(record)
            except NotAResultError as error:
                note(printable(str(error)))
                continue
            if one.result.status not in statuses:
                continue
            if as_json:
                write_line(one.json)
            else:
                show_line(terminal, one.result, datetime.fromtimestamp(record.timestamp / 1000, UTC))
            shown += 1
            if shown == count:
                return
