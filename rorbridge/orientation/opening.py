"""Whether an offer is open at a moment, by its opening hours (horaires), ROR-API 2.2."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from rorbridge.events.codesystems import HOURS_KIND
from rorbridge.orientation import fhir
from rorbridge.orientation.closure import day_of

PARIS = ZoneInfo("Europe/Paris")
"""The clock of opening hours. Overseas offers are read by it too: the ROR names no time zone."""

_CLOSED_HOURS = "08"
_LAST_MINUTE = time(23, 59)
_DAYS = {day: number for number, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), start=1)}


def weekday(slot: fhir.AvailableTime) -> int | None:
    """Give the day of a slot, 1 for Monday to 7; the ROR's extension says it, else the native element."""
    number = fhir.extension(slot.extension, "ror-available-time-number-days-of-week")
    if number and number.value_integer:
        return number.value_integer
    return _DAYS.get(slot.days_of_week[0]) if slot.days_of_week else None


def validity(slot: fhir.AvailableTime) -> fhir.Period | None:
    """Give the dates between which a slot counts, both included; None when it always does."""
    found = fhir.extension(slot.extension, "ror-available-time-effective-opening-closing-date")
    return found.value_period if found else None


def kind(slot: fhir.AvailableTime) -> fhir.Coding | None:
    """Give the kind of a slot: opening, on duty, with or without appointment, closed and so on."""
    found = fhir.extension(slot.extension, "ror-available-time-type-of-time")
    concept = found.value_codeable_concept if found else None
    return next(iter(concept.coding), None) if concept else None


def open_at(service: fhir.HealthcareService, moment: datetime) -> tuple[bool | None, str]:
    """Tell whether an offer is open at *moment*, which has a time zone, and by which slot; None without any hours."""
    if not service.available_time:
        return None, ""
    local = moment.astimezone(PARIS)
    found = [slot for slot in service.available_time if _covers(slot, local)]
    if any(_is_closing(slot) for slot in found) or not found:
        return False, ""
    slot = found[0]
    return (
        True,
        f"{local:%A} {(slot.available_start_time or '00:00')[:5]} to {(slot.available_end_time or '24:00')[:5]}",
    )


def _is_closing(slot: fhir.AvailableTime) -> bool:
    coding = kind(slot)
    return coding is not None and coding.system == HOURS_KIND and coding.code == _CLOSED_HOURS


def _covers(slot: fhir.AvailableTime, local: datetime) -> bool:
    """Tell whether a slot covers a local time; one that ends before it starts runs past midnight."""
    start, end = _time(slot.available_start_time, time.min), _time(slot.available_end_time, _LAST_MINUTE)
    clock = local.time()
    if slot.all_day or start <= end:
        within = slot.all_day or start <= clock < end or (end >= _LAST_MINUTE and clock >= start)
        return within and _on_day(slot, local)
    return (clock >= start and _on_day(slot, local)) or (clock < end and _on_day(slot, local - timedelta(days=1)))


def _on_day(slot: fhir.AvailableTime, local: datetime) -> bool:
    day, period = weekday(slot), validity(slot)
    if day is not None and day != local.isoweekday():
        return False
    first, last = (day_of(period.start), day_of(period.end)) if period else (None, None)
    return (first is None or first <= local.date()) and (last is None or local.date() <= last)


def _time(text: str | None, default: time) -> time:
    try:
        # FHIR has no time zone here; one that is said all the same cannot be compared.
        return time.fromisoformat(text).replace(tzinfo=None) if text else default
    except ValueError:
        return default
