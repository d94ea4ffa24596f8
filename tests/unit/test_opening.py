"""Open at a moment, by opening hours, their validity and closings. Clock times are those of Paris."""

from datetime import date

import pytest

from rorbridge.events import codesystems as cs
from rorbridge.events.offer import Outcome
from rorbridge.orientation.closure import day_of
from rorbridge.orientation.fhir import SD
from tests.support.fhir import Resource, concept, location, service
from tests.unit.test_match import outcomes, told, verdict

TUESDAY = 2


def slot(
    start: str | None,
    end: str | None,
    *,
    day: int | None = TUESDAY,
    native: str | None = None,
    kind: str = "01",
    valid: tuple[str | None, str | None] | None = None,
    all_day: bool | None = None,
) -> Resource:
    extension: list[Resource] = [
        {"url": SD + "ror-available-time-type-of-time", "valueCodeableConcept": concept(cs.HOURS_KIND, kind)}
    ]
    if day:
        extension.append({"url": SD + "ror-available-time-number-days-of-week", "valueInteger": day})
    if valid:
        period = {name: text for name, text in zip(("start", "end"), valid, strict=True) if text}
        extension.append({"url": SD + "ror-available-time-effective-opening-closing-date", "valuePeriod": period})
    found: Resource = {"extension": extension}
    if native:
        found["daysOfWeek"] = [native]
    for name, value in (("availableStartTime", start), ("availableEndTime", end), ("allDay", all_day)):
        if value is not None:
            found[name] = value
    return found


NINE_TO_SIX = slot("09:00:00", "18:00:00")


@pytest.mark.parametrize(
    ("slots", "moment", "is_open"),
    [
        ([NINE_TO_SIX], "2026-11-24T10:00:00+01:00", True),
        ([NINE_TO_SIX], "2026-11-24T09:00:00Z", True),
        ([slot("09:00:00Z", "18:00:00+02:00")], "2026-11-24T10:00:00+01:00", True),  # no FHIR time has a zone
        ([NINE_TO_SIX], "2026-11-24T17:30:00Z", False),  # half past six in Paris
        ([NINE_TO_SIX], "2026-11-24T09:00:00+01:00", True),
        ([NINE_TO_SIX], "2026-11-24T18:00:00+01:00", False),
        ([NINE_TO_SIX], "2026-11-25T10:00:00+01:00", False),
        ([NINE_TO_SIX], "2026-07-28T07:30:00Z", True),  # summer time
        ([slot("09:00:00", "12:00:00"), slot("14:00:00", "18:00:00")], "2026-11-24T13:00:00+01:00", False),
        ([slot("00:00:00", "23:59:00")], "2026-11-24T23:59:30+01:00", True),
        ([slot("22:00:00", "06:00:00")], "2026-11-24T23:00:00+01:00", True),
        ([slot("22:00:00", "06:00:00")], "2026-11-25T05:59:00+01:00", True),
        ([slot("22:00:00", "06:00:00")], "2026-11-24T05:59:00+01:00", False),
        ([slot(None, None, all_day=True)], "2026-11-24T03:00:00+01:00", True),
        ([slot("09:00:00", "18:00:00", day=None)], "2026-11-28T10:00:00+01:00", True),
        ([slot("09:00:00", "18:00:00", day=None, native="tue")], "2026-11-24T10:00:00+01:00", True),
        ([slot("09:00:00", "18:00:00", day=None, native="wed")], "2026-11-24T10:00:00+01:00", False),
        ([slot("09:00:00", "18:00:00", valid=("2026-12-01", None))], "2026-11-24T10:00:00+01:00", False),
        ([slot("09:00:00", "18:00:00", valid=("2026-11-24", "2026-11-24"))], "2026-11-24T10:00:00+01:00", True),
        ([slot("09:00:00", "18:00:00", valid=(None, "2026-11-23"))], "2026-11-24T10:00:00+01:00", False),
        ([NINE_TO_SIX, slot("10:00:00", "11:00:00", kind="08")], "2026-11-24T10:30:00+01:00", False),
        ([NINE_TO_SIX, slot("10:00:00", "11:00:00", kind="08")], "2026-11-24T11:30:00+01:00", True),
        ([slot("nine", "18:00:00")], "2026-11-24T03:00:00+01:00", True),
    ],
)
def test_hours_are_read_in_paris_with_their_days_and_dates(slots: list[Resource], moment: str, is_open: bool) -> None:
    found = verdict(service(availableTime=slots), location(), need={"openAt": moment})
    assert (found.left_out is None) is is_open


def test_an_offer_without_hours_is_not_visible() -> None:
    assert outcomes(verdict(need={"openAt": "2026-11-24T10:00:00+01:00"}))["openAt"] is Outcome.NOT_VISIBLE


def test_an_offer_that_is_closed_that_day_is_not_open_whatever_its_hours() -> None:
    closing: Resource = {"availableTime": [NINE_TO_SIX], "notAvailable": [{"during": {"start": "2026-12-01"}}]}
    found = verdict(service(**closing), location(), need={"openAt": "2026-12-08T10:00:00+01:00"})
    assert found.left_out == "openAt"


def test_the_day_of_a_closing_is_a_day_in_paris() -> None:
    closing: Resource = {
        "availableTime": [slot(None, None, day=None, all_day=True)],
        "notAvailable": [{"during": {"start": "2026-12-01"}}],
    }
    for moment, left_out in (("2026-11-30T22:59:00Z", None), ("2026-11-30T23:00:00Z", "openAt")):
        assert verdict(service(**closing), location(), need={"openAt": moment}).left_out == left_out


def test_an_open_offer_is_told_by_its_hours() -> None:
    found = verdict(service(availableTime=[NINE_TO_SIX]), location(), need={"openAt": "2026-11-24T09:00:00Z"})
    assert told(found)["openAt"] == ("2026-11-24T09:00:00+00:00", ("Tuesday 09:00 to 18:00",), "HealthcareService/1")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026", date(2026, 1, 1)),
        ("2026-11", date(2026, 11, 1)),
        ("2026-11-24", date(2026, 11, 24)),
        ("2026-11-24T08:00:00+01:00", date(2026, 11, 24)),
        ("in spring", None),
        ("", None),
        (None, None),
    ],
)
def test_a_day_is_read_however_much_of_it_is_written_and_nonsense_is_none(text: str | None, day: date | None) -> None:
    assert day_of(text) == day
