"""``rorbridge replay``: dead letters back to the requests topic."""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import Progress

from rorbridge.bus.replay import Filter, Letter, letters, put
from rorbridge.cli.loop import run_loop
from rorbridge.cli.options import EXIT_USAGE, Config, fail, settings
from rorbridge.cli.output import write_line
from rorbridge.settings import ClientSettings, KafkaSettings

_EXIT_UNREACHABLE = 69  # EX_UNAVAILABLE of sysexits
_MANY = 10
"""Above so many letters the command asks before it sends."""
_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


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
        typer.Option("--status", help="Only these, by default rejected and failed; may be given several times."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Letters since then: 2026-11-24T08:00Z, or 30m, 2h, 7d ago.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Letters before then, in the same forms.")] = None,
    key: Annotated[str | None, typer.Option(help="Only records with this key.")] = None,
    error: Annotated[str | None, typer.Option(help="Only with this text in the error, such as ror-refused.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the letters, send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, however many.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a letter.")] = False,
    config: Config = None,
) -> None:
    """Put dead letters to the service again, under their own ids, as their next attempt.

    Results of a replay carry the same request id and a higher `attempt`. What was answered anew already is left out, so
    that a replay may be repeated.

    Example: rorbridge replay --status failed --since 2h --dry-run
    """
    now = datetime.now(UTC)
    wanted = Filter(
        statuses=frozenset(status or _STATUSES),
        since=_time("--since", since, now),
        until=_time("--until", until, now),
        key=key.encode() if key is not None else None,
        error=error,
    )
    kafka = settings(ClientSettings, config).kafka
    try:
        found = run_loop(letters(kafka, wanted))
        _list(found, as_json=as_json)
        whole = [one for one in found if not one.is_cut]
        for one in found:
            if one.is_cut:
                typer.echo(f"rorbridge: left out, too large to be kept whole; its original is at {one.place}", err=True)
        if dry_run or not whole:
            return
        if len(whole) > _MANY and not yes and not _agreed(len(whole)):
            fail("nothing was sent", 1)
        _put(kafka, whole)
    except (KafkaError, OSError) as problem:
        fail(f"Kafka at {kafka.bootstrap_servers}: {problem!r}", _EXIT_UNREACHABLE)
    typer.echo(f"{len(whole)} sent to {kafka.requests_topic}", err=True)


def _time(option: str, text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option} {text}: neither a time such as 2026-11-24T08:00Z nor an age such as 30m, 2h, 7d", EXIT_USAGE)
    return time if time.tzinfo else time.astimezone()


def _list(found: list[Letter], *, as_json: bool) -> None:
    for one in found:
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
            write_line(f"{one.time:%Y-%m-%d %H:%M:%S}Z  {one.status:8}  {one.id}  attempt {one.attempt}  {one.message}")
    if not found:
        typer.echo("no such dead letter", err=True)


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        fail(f"{count} letters would be sent; say --yes to send them", EXIT_USAGE)
    return typer.confirm(f"Send {count} requests again?", err=True)


def _put(kafka: KafkaSettings, found: list[Letter]) -> None:
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Sending", total=len(found))
        run_loop(put(kafka, found, lambda: progress.advance(task)))
