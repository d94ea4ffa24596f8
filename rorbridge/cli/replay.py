"""``rorbridge replay``: dead letters back to the requests topic."""

import json
import re
import sys
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from rorbridge.cli.exits import Exit
from rorbridge.cli.loop import run_loop
from rorbridge.cli.options import Config, Since, kafka_settings, moment, reaching
from rorbridge.cli.output import fail, note, printable, write_line
from rorbridge.cli.progress import counting, working

if TYPE_CHECKING:
    from rorbridge.bus.replay import Letter

_MANY = 10
"""Above so many letters the command asks before it sends."""


class LetterStatus(StrEnum):
    """What became of a request that has a dead letter."""

    REJECTED = "rejected"
    FAILED = "failed"
    NO_EVENT = "no-event"


_STATUSES = (LetterStatus.REJECTED, LetterStatus.FAILED)
"""What is no event has to be asked for: put again as it is, it will most likely come back."""


def replay(
    status: Annotated[
        list[LetterStatus] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="Only these, by default rejected and failed; no-event is the third. May be given several times.",
        ),
    ] = None,
    since: Since = None,
    until: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="Before then, in the same forms.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="Only records with this key.")] = None,
    error: Annotated[str | None, typer.Option(help="Only with this text in the error, such as ror-refused.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the letters, send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, as is done for more than 10.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a letter.")] = False,
    config: Config = None,
) -> None:
    """Put dead letters to the service again, under their own ids, as their next attempt.

    Results of a replay carry the same request id and a higher `attempt`. What was answered anew already is left out, so
    that a replay may be repeated.

    ```sh
    rorbridge replay --status failed --since 2h --dry-run
    rorbridge replay --status failed --since 2h --error ror-refused --yes
    ```
    """
    from rorbridge.bus.replay import Filter, letters, put

    wanted = Filter(
        statuses=frozenset(status or _STATUSES),
        since=since,
        until=until,
        key=key.encode() if key is not None else None,
        error=error,
    )
    kafka = kafka_settings(config)
    with reaching(kafka), working("Reading the dead letters"):
        found = run_loop(letters(kafka, wanted, note))
    _list(found, as_json=as_json)
    whole = [one for one in found if not one.is_cut]
    for one in found:
        if one.is_cut:
            note(printable(f"left out, too large to be kept whole; its original is at {one.place}"))
    if dry_run or not whole:
        return
    if len(whole) > _MANY and not yes and not _agreed(len(whole)):
        fail("nothing was sent", Exit.NO)
    with reaching(kafka), counting("Sending", len(whole)) as sent:
        run_loop(put(kafka, whole, sent))
    note(f"{len(whole)} sent to {kafka.requests_topic}")


def _list(found: "list[Letter]", *, as_json: bool) -> None:
    for one in sorted(found, key=lambda letter: letter.time):
        if as_json:
            told = {
                "requestId": one.id,
                "attempt": one.attempt,
                "status": one.status,
                "error": one.error,
                "message": one.message,
                "time": one.time.isoformat(),
                "place": one.place,
            }
            write_line(json.dumps(told, ensure_ascii=False))
        else:
            when, kind = f"{one.time:%Y-%m-%d %H:%M:%S}Z", re.split("[:.]", one.error)[-1]
            write_line(printable(f"{when}  {one.status:8}  {kind:15}  {one.id}  attempt {one.attempt}  {one.message}"))
    if not found:
        note("no such dead letter")


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        fail(f"{count} letters would be sent; say --yes to send them", Exit.USAGE)
    return typer.confirm(f"Send {count} requests again?", err=True)
