"""Whether an offer or a place is closed on a day (fermeture), ROR-API 2.2 and 2.3."""

from datetime import date

from rorbridge.orientation import fhir
from rorbridge.orientation.candidate import Candidate
from rorbridge.orientation.held import CLOSING_TYPE, NONE

_CLOSED_OFFER = {"DEF", "PRO"}
"""Type de fermeture (R286): closed for good, for a time."""
_CLOSED_PLACE = {"1", "2"}
"""Statut du lieu (R203): closed for good, closed for a time."""


def offer_closed(candidate: Candidate, day: date) -> bool:
    """Tell whether an offer is closed on *day*.

    The closing period decides; its end is the planned reopening, when the offer is open again. Without one the kind
    of closing does: DEF and PRO say closed, PRE (foreseen) not yet.
    """
    if candidate.service.active is False:
        return True
    periods = [one.during for one in candidate.service.not_available if one.during]
    if periods:
        return any(_closed_in(period, day) for period in periods)
    return any(one.code in _CLOSED_OFFER for one in candidate.held.get(CLOSING_TYPE, NONE).values())


def place_closed(location: fhir.Location) -> bool:
    """Tell whether a place is closed, for good or for a time."""
    status = location.operational_status
    return (status is not None and status.code in _CLOSED_PLACE) or location.status in {"inactive", "suspended"}


def day_of(text: str | None) -> date | None:
    """Read the day of a FHIR date or dateTime; a year or month alone is its first day, nonsense is None."""
    if not text:
        return None
    padded = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text[:10])
    try:
        return date.fromisoformat(padded)
    except ValueError:
        return None


def _closed_in(period: fhir.Period, day: date) -> bool:
    start, end = day_of(period.start), day_of(period.end)
    return (start is None or start <= day) and (end is None or day < end)
