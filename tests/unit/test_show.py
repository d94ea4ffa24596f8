"""A result as a person reads it."""

from datetime import UTC, datetime
from io import StringIO

from rich.console import Console

from rorbridge.cli.show import show
from rorbridge.events.offer import Offer
from rorbridge.events.result import OrientationResult, Round, Search, Status

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def shown(*, total: int, sent: int) -> str:
    offers = tuple(Offer(reference=f"HealthcareService/{n}", name=f"Offer {n}") for n in range(sent))
    search = Search(rounds=(Round(found=total, kept=total),), total=total, complete=True, source="ror", as_of=NOW)
    result = OrientationResult(request_id="case", status=Status.MATCHED, offers=offers, search=search)
    screen = StringIO()
    show(Console(file=screen, width=100), result, most=2)
    return screen.getvalue()


def test_offers_that_the_result_leaves_out_are_told_apart_from_those_that_are_not_shown() -> None:
    assert "offers: 13, the first 10 in the result" in shown(total=13, sent=10)
    assert "… and 8 more" in shown(total=13, sent=10)
    assert "offers: 3\n" in shown(total=3, sent=3)
