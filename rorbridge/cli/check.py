"""``rorbridge check``: the preflight."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from rorbridge.cli.exits import Exit
from rorbridge.cli.loop import run_loop
from rorbridge.cli.options import Config
from rorbridge.cli.output import console, printable, write_line
from rorbridge.cli.progress import working
from rorbridge.telemetry.finding import Finding, State

_MARKS = {
    State.OK: "[green]ok[/]",
    State.WARNING: "[yellow]warning[/]",
    State.FAILED: "[red]failed[/]",
    State.SKIPPED: "[dim]skipped[/]",
}


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with all steps.")] = False,
    create_topics: Annotated[
        int | None,
        typer.Option(min=1, help="First create the topics that are missing, with so many partitions.", metavar="N"),
    ] = None,
    config: Config = None,
) -> None:
    """Look whether everything is in place: settings, Kafka, schema registry, certificate, token, /metadata, one search.

    Changes nothing but what --create-topics asks for: what it writes to Kafka it aborts. A table says what was found at
    each step, and what to do about it.

    ```sh
    rorbridge check
    rorbridge check --json --config rorbridge.toml
    rorbridge check --create-topics 12
    ```
    """
    from rorbridge.telemetry import logs

    logs.configure("console", "CRITICAL")  # the table tells what the libraries would
    with working("Looking at the settings") as now:
        found = run_loop(_all(config, create_topics, now))
    failed = any(one.state is State.FAILED for one in found)
    if as_json:
        write_line(json.dumps({"ok": not failed, "steps": [asdict(one) for one in found]}, ensure_ascii=False))
    else:
        _print(found)
    raise typer.Exit(Exit.NO if failed else Exit.OK)


async def _all(config: Config, create_topics: int | None, now: Callable[[str], None]) -> list[Finding]:
    from rorbridge.settings import Settings, SettingsError, load

    try:
        settings = load(Settings, config)
    except SettingsError as error:
        return [Finding("settings", State.FAILED, str(error), "docs/settings.md lists them all")]
    from rorbridge.bus import preflight as kafka
    from rorbridge.ror import preflight as ror

    found = [Finding("settings", State.OK, f"complete; access profile {settings.ror.access_profile}")]
    for name, steps in (
        ("Kafka", kafka.findings(settings.kafka, create_topics)),
        ("the schema registry", kafka.registry_findings(settings.schema_registry, settings.kafka.results_topic)),
        ("the ROR", ror.findings(settings.ror)),
    ):
        now(f"Looking at {name}")
        found += [one async for one in _guarded(name, steps)]
    return found


async def _guarded(name: str, steps: AsyncIterator[Finding]) -> AsyncIterator[Finding]:
    """Give the steps; one that breaks in a way that nobody thought of is told, and the others are taken."""
    try:
        async for one in steps:
            yield one
    except Exception as error:  # a bug of ours hides none of the other steps
        yield Finding(name, State.FAILED, f"the preflight itself broke ({type(error).__name__})", "please report it")


def _print(found: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("step", "", "found"):
        table.add_column(name, overflow="fold")
    for one in found:
        mend = f"\n[bold]→ {_plain(one.mend)}[/]" if one.mend else ""
        table.add_row(one.step, _MARKS[one.state], _plain(one.found) + mend)
    console().print(table)


def _plain(text: str) -> str:
    """Give text in which others may have had a word, such as brokers, as rich prints it and terminals show it."""
    return escape(printable(text, lines=True))
