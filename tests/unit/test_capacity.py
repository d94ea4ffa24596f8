"""The capacity trap: one indicator of one place must meet everything that is asked."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.events import codesystems as cs
from rorbridge.events.need import Capacity
from rorbridge.events.offer import Outcome
from rorbridge.orientation import capacity
from rorbridge.orientation.fhir import SD
from tests.support.fhir import Resource, concept, location, searchset, service
from tests.unit.test_match import outcomes, told, verdict

FREE = {"kind": "bed", "status": "available", "horizon": "now"}


def indicator(
    number: int | None,
    *,
    kind: str = "01",
    status: str = "02",
    horizon: str = "01",
    gender: str | None = None,
    updated: str = "2026-11-24T07:00:00Z",
    assignment: str = "01",
) -> Resource:
    codes = [
        ("capacityType", cs.CAPACITY_KIND, kind),
        ("capacityStatus", cs.CAPACITY_STATUS, status),
        ("temporalityCapacity", cs.CAPACITY_HORIZON, horizon),
        ("genderCapacityAvailable", cs.CAPACITY_GENDER, gender),
        ("temporaryAssignement", cs.TEMPORARY_ASSIGNMENT, assignment),
    ]
    return {
        "url": SD + "ror-location-supported-capacity",
        "extension": [
            *({"url": url, "valueCodeableConcept": concept(system, code)} for url, system, code in codes if code),
            {"url": "nbCapacity", "valueInteger": number},
            {"url": "capacityUpdateDate", "valueDateTime": updated},
        ],
    }


def device(type_: str, *limits: tuple[str, float, str]) -> Resource:
    return {
        "url": SD + "ror-location-equipment",
        "extension": [
            {"url": "equipmentType", "valueCodeableConcept": concept(cs.EQUIPMENT, type_)},
            *(
                {
                    "url": SD + "ror-location-equipment-limit",
                    "extension": [
                        {"url": "equipmentFeature", "valueCodeableConcept": concept(cs.EQUIPMENT_FEATURE, feature)},
                        {"url": "limitValue", "valueQuantity": {"value": value, "code": unit}},
                    ],
                }
                for feature, value, unit in limits
            ),
        ],
    }


def place(*extensions: Resource, id_: str = "10", **more: Any) -> Resource:
    found = location(id_, **more)
    return found | {"extension": [*found["extension"], *extensions]}


def test_conditions_met_by_different_indicators_are_not_met() -> None:
    trap = place(indicator(3, status="01", gender="01"), indicator(0, gender="01"), indicator(2, gender="02"))
    asked = {"capacity": FREE | {"gender": "female"}}
    assert verdict(service(), trap, need=asked, profile=1).left_out == "capacity"
    met = place(indicator(3, status="01"), indicator(1, gender="01"))
    assert outcomes(verdict(service(), met, need=asked, profile=1))["capacity"] is Outcome.MET


def test_conditions_met_by_different_places_are_not_met() -> None:
    near, far = place(id_="10"), place(indicator(2), id_="11")
    two = service(places=("10", "11"))
    asked = {"capacity": FREE}
    found = verdict(two, near, far, need=asked, distances={"10": 2.0, "11": 80.0}, profile=1)
    assert found.left_out in {"capacity", "near"}
    found = verdict(two, near, far, need=asked, distances={"10": 2.0, "11": 9.0}, profile=1)
    assert found.left_out is None
    assert found.distance_km == 9.0


@pytest.mark.parametrize(
    ("gender", "held", "met"),
    [
        ("female", "01", True),
        ("female", "04", True),
        ("female", "03", True),
        ("female", "02", False),
        ("female", None, False),
        ("male", "02", True),
        ("male", "04", True),
        ("male", "01", False),
        (None, "02", True),
        (None, None, True),
    ],
)
def test_undetermined_capacity_takes_in_a_woman_or_a_man(gender: str | None, held: str | None, met: bool) -> None:
    asked = {"capacity": FREE | ({"gender": gender} if gender else {})}
    found = verdict(service(), place(indicator(1, gender=held)), need=asked, profile=1)
    assert (found.left_out is None) is met


@pytest.mark.parametrize(
    ("change", "met"),
    [
        ({"atLeast": 2}, True),
        ({"atLeast": 3}, False),
        ({"kind": "place"}, False),
        ({"horizon": "24h"}, False),
        ({"status": "installed"}, False),
        ({"assignment": "none"}, True),
        ({"assignment": "covidPositive"}, False),
        ({"updatedSince": "2026-11-24T07:00:00Z"}, True),
        ({"updatedSince": "2026-11-24T08:00:00+01:00"}, True),
        ({"updatedSince": "2026-11-24T07:00:01Z"}, False),
    ],
)
def test_each_condition_is_verified(change: dict[str, Any], met: bool) -> None:
    found = verdict(service(), place(indicator(2)), need={"capacity": FREE | change}, profile=1)
    assert (found.left_out is None) is met


@pytest.mark.parametrize(
    ("profile", "field", "status", "seen"),
    [
        (0, "01", "available", False),
        (1, "01", "available", True),
        (2, "01", "available", True),
        (2, "01", "additional", False),
        (3, "01", "available", False),
        (3, "04", "available", True),
        (4, "01", "additional", True),
        (5, "01", "installed", True),
        (5, "01", "available", False),
    ],
)
def test_capacity_that_our_profile_does_not_show_is_not_visible(
    profile: int, field: str, status: str, seen: bool
) -> None:
    found = verdict(service(field=field), place(), need={"capacity": {"status": status}}, profile=profile)
    if seen:
        assert found.left_out == "capacity"
    else:
        assert found.unverified == ("capacity",)


def test_a_device_and_its_limit_are_of_one_device() -> None:
    asked = {"equipment": [{"type": "088", "feature": "001", "atLeast": {"value": 200, "unit": "kg"}}]}
    trap = place(device("088", ("001", 150, "kg")), device("090", ("001", 400, "kg")))
    assert verdict(service(), trap, need=asked, profile=1).left_out == "equipment"
    met = place(device("088", ("002", 70, "cm"), ("001", 250, "kg")))
    assert outcomes(verdict(service(), met, need=asked, profile=1))["equipment"] is Outcome.MET
    assert verdict(service(), place(device("088")), need=asked, profile=1).left_out == "equipment"
    assert verdict(service(), place(), need=asked, profile=0).unverified == ("equipment",)
    assert verdict(service(), place(device("090")), need=asked, profile=0).left_out == "equipment"


def test_beds_and_devices_are_told_by_the_place_that_has_them() -> None:
    asked = {"capacity": FREE, "equipment": [{"type": "088"}]}
    found = verdict(service(), place(indicator(2), device("088")), need=asked, profile=1)
    assert told(found)["equipment"] == ("088", ("088",), "Location/10")
    value = "2 01 02 01 (2026-11-24T07:00:00Z)"
    assert told(found)["capacity"] == ("at least 1 bed, available, now", (value,), "Location/10")


def test_a_place_that_shows_a_device_comes_before_a_nearer_one_that_shows_none() -> None:
    near, far = place(), place(device("088"), id_="11")
    two, asked = service(places=("10", "11")), {"equipment": [{"type": "088"}]}
    found = verdict(two, near, far, need=asked, distances={"10": 2.0, "11": 9.0}, profile=0)
    assert (found.unverified, found.distance_km) == ((), 9.0)


shown_places = st.fixed_dictionaries(
    {
        "km": st.sampled_from([None, 2.0, 9.0, 80.0]),
        "on_the_map": st.booleans(),
        "device": st.sampled_from([None, "088", "090"]),
        "beds": st.sampled_from([0, 2]),
    }
)


@given(st.lists(shown_places, min_size=1, max_size=4), st.booleans(), st.sampled_from([0, 1]))
def test_an_offer_is_judged_by_its_best_place_alone(
    shown: list[dict[str, Any]], one_is_hidden: bool, profile: int
) -> None:
    need = {"capacity": FREE, "equipment": [{"type": "088"}]}
    places: dict[str, Resource] = {}
    distances: dict[str, float] = {}
    for number, one in enumerate(shown):
        parts = [indicator(one["beds"])] + ([device(one["device"])] if one["device"] else [])
        position = {"position": {"latitude": 47.2, "longitude": -1.6}} if one["on_the_map"] else {}
        places[str(number)] = place(*parts, id_=str(number), **position)
        if one["km"] is not None:
            distances[str(number)] = one["km"]
    alone = [
        verdict(service(places=(id_,)), one, need=need, distances=distances, profile=profile)
        for id_, one in places.items()
    ]
    named = (*places, "404") if one_is_hidden else tuple(places)
    found = verdict(service(places=named), *places.values(), need=need, distances=distances, profile=profile)
    kept = [one for one in alone if one.left_out is None]
    if kept:
        # The one of which the most can be seen to be met, then the nearest.
        best = min(
            kept, key=lambda one: (len(one.unverified), float("inf" if one.distance_km is None else one.distance_km))
        )
        assert (found.left_out, found.evidence, found.place) == (None, best.evidence, best.place)
        assert found.distance_km == best.distance_km
    elif one_is_hidden:
        assert (found.left_out, found.unverified, found.place) == (None, ("near", "equipment", "capacity"), None)
        assert {source for _, _, source in told(found).values()} == {"HealthcareService/1"}
        assert told(found)["equipment"][0] == "088"
    else:
        assert found.left_out in {one.left_out for one in alone}


numbers = st.integers(0, 5)
codes = st.sampled_from(["01", "02", "04"])
parts = st.tuples(numbers, codes, codes, codes, st.none() | codes)


@given(st.lists(parts, max_size=6), st.sampled_from(["female", "male", None]), st.integers(1, 4))
def test_an_offer_is_kept_if_and_only_if_one_indicator_meets_everything(
    held: list[tuple[int, str, str, str, str | None]], gender: str | None, at_least: int
) -> None:
    takes_in = {"female": {"01", "04"}, "male": {"02", "04"}}
    expected = any(
        number >= at_least
        and (kind, status, horizon) == ("01", "02", "01")
        and (gender is None or held_gender in takes_in[gender])
        for number, kind, status, horizon, held_gender in held
    )
    shown = [
        indicator(number, kind=kind, status=status, horizon=horizon, gender=held_gender)
        for number, kind, status, horizon, held_gender in held
    ]
    asked = FREE | {"atLeast": at_least} | ({"gender": gender} if gender else {})
    found = verdict(service(), place(*shown), need={"capacity": asked}, profile=1)
    assert (found.left_out is None) is expected


def test_every_word_of_the_contract_has_its_code() -> None:
    for words, field in (
        (capacity.KINDS, "kind"),
        (capacity.STATUSES, "status"),
        (capacity.HORIZONS, "horizon"),
        (capacity.GENDERS, "gender"),
        (capacity.CLOSINGS, "closing"),
        (capacity.ASSIGNMENTS, "assignment"),
    ):
        assert all(Capacity.model_validate({field: word}) for word in words)


def test_free_capacity_is_that_of_the_best_indicator_now() -> None:
    shown = searchset(place(indicator(2), indicator(7, horizon="03"), indicator(5, status="01"), indicator(4)))
    number, updated = capacity.free(shown.locations["10"])
    assert number == 4
    assert updated.isoformat() == "2026-11-24T07:00:00+00:00"


def test_a_device_of_the_kind_asked_will_do_where_no_limit_is_asked() -> None:
    asked = {"equipment": [{"type": "088"}]}
    assert outcomes(verdict(service(), place(device("088")), need=asked, profile=1))["equipment"] is Outcome.MET
    assert verdict(service(), place(device("090")), need=asked, profile=1).left_out == "equipment"


def test_capacity_whose_update_cannot_be_read_counts_and_is_the_last_of_its_kind() -> None:
    shown = searchset(place(indicator(4, updated="yesterday"), indicator(4, updated="2026-11-24T07:00:00")))
    assert capacity.free(shown.locations["10"]) == (4, datetime(2026, 11, 24, 7, tzinfo=UTC))
    alone = searchset(place(indicator(4, updated="yesterday")))
    assert capacity.free(alone.locations["10"]) == (4, capacity.NEVER)
