"""A result as a person likes to read it."""

from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rorbridge.cli.output import printable
from rorbridge.events.offer import Offer, Outcome
from rorbridge.events.result import OrientationResult, Status

_SHOWN = 5
_COLOURS = {Status.MATCHED: "green", Status.NO_MATCH: "yellow"}
_MARKS = {Outcome.MET: "✓", Outcome.NOT_MET: "✗", Outcome.NOT_VISIBLE: "?"}


def show(console: Console, result: OrientationResult, title: str | None = None, most: int = _SHOWN) -> None:
    """Print how a request ended and its first offers: who, what, how far, why."""
    colour = _COLOURS.get(result.status, "red")
    head = f"[bold]{_plain(title or result.request_id)}[/]  [{colour}]{result.status}[/]"
    console.print(f"{head}  {_plain(_account(result))}")
    if result.problem:
        console.print(f"  {_plain(result.problem.title)}: {_plain(result.problem.detail)}")
    for warning in result.warnings:
        console.print(f"  [yellow]{_plain(warning.pointer)}: {_plain(warning.detail)}[/]")
    if result.bundle:
        console.print(f"  a FHIR Bundle of {len(result.bundle['entry'])} entries")
    if result.offers:
        console.print(_table(result.offers[:most]))
        if (more := len(result.offers) - most) > 0:
            console.print(f"  … and {more} more")
    console.print()


def show_line(console: Console, result: OrientationResult, at: datetime) -> None:
    """Print a result in one line, cut where the terminal ends: when, how it ended, how many offers, and the first."""
    local, today = at.astimezone(), datetime.now().astimezone().date()
    when = f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M:%S}"
    took = f"{result.timing.resolve_ms:.0f} ms" if result.timing else ""
    count = result.search.total if result.search else len(result.offers)
    line = Text.assemble(
        (f"{when}  ", "dim"),
        (f"{result.status:8}", _COLOURS.get(result.status, "red")),
        f" {count:3} {took:>7}  {printable(result.request_id)}  ",
        printable(_first(result)),
    )
    console.print(line, no_wrap=True, overflow="ellipsis", highlight=False)


def _plain(text: str) -> str:
    """Give text of others as rich prints it and terminals show it: no markup, no control codes."""
    return escape(printable(text))


def _first(result: OrientationResult) -> str:
    """Give the first offer, which is the nearest one where distance is the order; or why there is none."""
    if result.problem:
        return f"{result.problem.title}: {result.problem.detail}"
    if result.bundle:
        return f"a FHIR Bundle of {len(result.bundle['entry'])} entries"
    if not result.offers:
        return ""
    offer = result.offers[0]
    far = f"{offer.distance_km:.1f} km" if offer.distance_km is not None else ""
    return "  ".join(part for part in (far, _who(offer), _where(offer)) if part)


def _account(result: OrientationResult) -> str:
    parts = []
    if result.search:
        radius = result.search.rounds[-1].radius_km
        around = f" within {radius:g} km" if radius else ""
        total, sent = result.search.total, len(result.offers)
        parts.append(f"offers{around}: {total}{f', the first {sent} in the result' if 0 < sent < total else ''}")
        if result.search.cut:
            parts.append(f"{result.search.cut} left out, or the result would be too large")
        elif not result.search.complete:
            parts.append("the ROR cut its answer")
    if result.timing:
        parts.append(f"{result.timing.resolve_ms:.0f} ms")
    return ", ".join(parts)


def _table(offers: tuple[Offer, ...]) -> Table:
    table = Table(box=None, pad_edge=True, expand=False)
    table.add_column("offer", ratio=3, overflow="fold")
    table.add_column("where", ratio=2, overflow="fold")
    table.add_column("km", justify="right", no_wrap=True)
    table.add_column("why", ratio=4, overflow="fold", style="dim")
    for offer in offers:
        table.add_row(_plain(_who(offer)), _plain(_where(offer)), _far(offer), _plain(_why(offer)))
    return table


def _who(offer: Offer) -> str:
    return offer.name or (offer.activities[0].display if offer.activities else None) or offer.reference


def _where(offer: Offer) -> str:
    shown = next((one for one in offer.match if one.source and one.source.startswith("Location/")), None)
    places = [one for one in offer.places if shown is None or one.reference == shown.source]
    address = places[0].address if places else None
    return f"{address.postal_code or ''} {address.city or ''}".strip() if address else "not visible"


def _far(offer: Offer) -> str:
    return "" if offer.distance_km is None else f"{offer.distance_km:.1f}"


def _why(offer: Offer) -> str:
    return "  ".join(
        f"{_MARKS[one.outcome]} {one.criterion}: {', '.join(one.found) or one.asked}" for one in offer.match
    )
