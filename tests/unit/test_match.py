"""An offer in a result truly meets the need, and says by which value."""

import json
from datetime import date
from typing import Any

import pytest

from rorbridge.events import codesystems
from rorbridge.events.offer import Outcome
from rorbridge.events.request import Need, Where
from rorbridge.orientation.candidate import join
from rorbridge.orientation.match import Verdict, verify
from tests.support.fhir import Resource, location, searchset, service

TODAY = date(2026, 11, 24)
AROUND = {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 15}
DISABILITY = (codesystems.SPECIALISATION, "24")
VIDEO = (codesystems.RECEPTION_MODALITY, "04")
OPEN_DAY = (codesystems.CARE_MODE, "29")
CLOSED_FOR_GOOD = (codesystems.CLOSING_TYPE, "DEF")


def verdict(
    *resources: Resource,
    need: dict[str, Any] | None = None,
    where: dict[str, Any] | None = None,
    distances: dict[str, float] | None = None,
    profile: int = 0,
) -> Verdict:
    found = searchset(
        *(resources or (service(), location())), distances={"10": 3.2} if distances is None else distances
    )
    [candidate] = join(found)
    asked = Where.model_validate_json(_json(where or AROUND))
    return verify(
        candidate,
        Need.model_validate_json(_json(need or {"activity": ["013"]})),
        asked,
        asked.radius_km,
        profile=profile,
        today=TODAY,
    )


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def outcomes(found: Verdict) -> dict[str, Outcome]:
    return {one.criterion: one.outcome for one in found.evidence}


def test_every_criterion_is_reported_with_its_value_and_its_source() -> None:
    found = verdict(need={"activity": ["014", "013"], "age": {"value": 35}})
    assert found.left_out is None
    told = [(one.criterion, one.asked, one.outcome, one.found, one.source) for one in found.evidence]
    assert told == [
        ("activity", "014 or 013", Outcome.MET, ("013 Une activité",), "HealthcareService/1"),
        ("age", "35 a", Outcome.MET, ("0 a to 150 a",), "HealthcareService/1"),
        ("near", "within 15 km of 47.2, -1.6", Outcome.MET, ("3.2 km",), "Location/10"),
    ]
    assert found.distance_km == 3.2


@pytest.mark.parametrize(
    ("need", "left_out"),
    [
        ({"activity": ["014"]}, "activity"),
        ({"activity": ["01"]}, "activity"),
        ({"careMode": {"allOf": ["28", "29"]}}, "careMode"),
        ({"careMode": ["29"]}, "careMode"),
        ({"offerType": ["196"]}, "offerType"),
        ({"receptionModality": ["04"]}, "receptionModality"),
        ({"age": {"value": 151}}, "age"),
    ],
)
def test_an_offer_that_misses_one_criterion_is_left_out_for_it(need: dict[str, Any], left_out: str) -> None:
    assert verdict(need=need).left_out == left_out


def test_all_of_needs_every_code() -> None:
    both = service(characteristics=((codesystems.CARE_MODE, "28"), OPEN_DAY))
    found = verdict(both, location(), need={"careMode": {"allOf": ["28", "29"]}})
    assert outcomes(found)["careMode"] is Outcome.MET


def test_a_code_counts_only_in_its_own_nomenclature() -> None:
    other = service(characteristics=((codesystems.CARE_MODE, "04"),))
    assert verdict(other, location(), need={"receptionModality": ["04"]}).left_out == "receptionModality"


@pytest.mark.parametrize(
    ("profile", "field", "expected"),
    [
        (0, "01", Outcome.NOT_VISIBLE),
        (1, "01", None),
        (2, "01", None),
        (3, "01", Outcome.NOT_VISIBLE),
        (3, "04", None),
        (4, "01", None),
        (5, "01", None),
    ],
)
def test_what_our_profile_cannot_see_is_not_visible_and_never_absent(
    profile: int, field: str, expected: Outcome | None
) -> None:
    found = verdict(service(field=field), location(), need={"specialisation": ["24"]}, profile=profile)
    if expected is None:
        assert found.left_out == "specialisation"
    else:
        assert outcomes(found)["specialisation"] is expected


def test_what_is_there_counts_whatever_the_profile() -> None:
    seen = service(characteristics=(DISABILITY,))
    assert outcomes(verdict(seen, location(), need={"specialisation": ["24"]}))["specialisation"] is Outcome.MET
    assert verdict(seen, location(), need={"specialisation": ["25"]}).left_out == "specialisation"


def test_an_element_that_the_profile_requires_and_that_is_not_there_was_hidden() -> None:
    hidden = service(activity=None, characteristics=(), ages=None)
    found = verdict(hidden, location(), need={"activity": ["013"], "careMode": ["28"], "age": {"value": 3}})
    assert {one.outcome for one in found.evidence if one.criterion != "near"} == {Outcome.NOT_VISIBLE}
    assert found.left_out is None


def test_the_nearest_place_that_meets_the_need_gives_the_distance() -> None:
    several = service(places=("10", "11", "12"))
    found = verdict(
        several,
        location("10"),
        location("11"),
        location("12", operationalStatus={"code": "2"}),
        distances={"10": 14.0, "11": 7.5, "12": 1.0},
    )
    assert found.distance_km == 7.5
    assert found.evidence[-1].source == "Location/11"


def test_an_offer_whose_only_near_place_is_closed_is_left_out() -> None:
    found = verdict(service(), location(status="inactive"))
    assert found.left_out == "near"


def test_a_place_beyond_the_circle_does_not_count() -> None:
    assert verdict(distances={"10": 15.2}).left_out == "near"
    assert verdict(distances={"10": 15.04}).left_out is None


def test_a_place_without_a_distance_is_not_visible() -> None:
    assert outcomes(verdict(distances={}))["near"] is Outcome.NOT_VISIBLE
    assert outcomes(verdict(service(places=()), location()))["near"] is Outcome.NOT_VISIBLE


@pytest.mark.parametrize(
    ("where", "place", "met"),
    [
        ({"communes": ["44162", "18033"]}, location(), True),
        ({"communes": ["18033"]}, location(), False),
        ({"postalCodes": ["44800"]}, location(), True),
        ({"postalCodes": ["44000"]}, location(), False),
        ({"departments": ["44"]}, location(), True),
        ({"departments": ["49", "44"]}, location(), True),
        ({"departments": ["49"]}, location(), False),
        ({"departments": ["2A"]}, location(commune="2A004", postal_code="20090"), True),
        ({"departments": ["2B"]}, location(commune="2A004", postal_code="20090"), False),
        ({"departments": ["974"]}, location(commune="97411", postal_code="97400"), True),
        # The commune decides: its postal code is that of the neighbouring department.
        ({"departments": ["01"]}, location(commune="01210", postal_code="39310"), True),
        ({"departments": ["39"]}, location(commune="01210", postal_code="39310"), False),
        ({"departments": ["2B"]}, location(postal_code="20200", extension=[]), True),
        ({"departments": ["2A"]}, location(postal_code="20290", extension=[]), False),
    ],
)
def test_a_territory_is_verified_on_the_place(where: dict[str, Any], place: Resource, met: bool) -> None:
    found = verdict(service(), place, where=where)
    assert (found.left_out is None) is met
    assert found.distance_km is None


@pytest.mark.parametrize(
    ("changes", "closed"),
    [
        ({}, False),
        ({"active": False}, True),
        ({"active": True}, False),
        ({"notAvailable": [{"during": {"start": "2026-11-01"}}]}, True),
        ({"notAvailable": [{"during": {"start": "2026-11-24"}}]}, True),
        ({"notAvailable": [{"during": {"start": "2026-11-25T08:00:00+01:00"}}]}, False),
        ({"notAvailable": [{"during": {"start": "2026-07", "end": "2026-11-24"}}]}, False),
        ({"notAvailable": [{"during": {"start": "2026", "end": "2026-11-25"}}]}, True),
        ({"notAvailable": [{"description": "?"}]}, False),
    ],
)
def test_a_closed_offer_is_left_out(changes: Resource, closed: bool) -> None:
    assert (verdict(service(**changes), location()).left_out == "closed") is closed


@pytest.mark.parametrize(("kind", "closed"), [("DEF", True), ("PRO", True), ("PRE", False)])
def test_without_dates_the_kind_of_closing_decides(kind: str, closed: bool) -> None:
    found = verdict(
        service(characteristics=((codesystems.CARE_MODE, "28"), (codesystems.CLOSING_TYPE, kind))), location()
    )
    assert (found.left_out == "closed") is closed
