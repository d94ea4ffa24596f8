"""An offer in a result truly meets the need, and says by which value."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.events import codesystems
from rorbridge.events.offer import Outcome
from rorbridge.events.problem import parse_request
from rorbridge.orientation.candidate import join
from rorbridge.orientation.fhir import SD
from rorbridge.orientation.match import Verdict, verify, wanted
from tests.support.fhir import Resource, concept, location, searchset, service

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday, ten o'clock in Paris
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
    **answer: Any,
) -> Verdict:
    found = searchset(
        *(resources or (service(), location())), distances={"10": 3.2} if distances is None else distances
    )
    [candidate] = join(found)
    content = {"need": need or {"activity": ["013"]}, "where": where or AROUND, "answer": answer}
    request = parse_request(json.dumps(content).encode())
    assert request.where
    judged = verify(candidate, wanted(request, request.where.radius_km, profile=profile, today=NOW.date()))
    assert judged.candidate is candidate
    return judged


def outcomes(found: Verdict) -> dict[str, Outcome]:
    return {one.criterion: one.outcome for one in found.evidence}


def told(found: Verdict) -> dict[str, tuple[str, tuple[str, ...], str | None]]:
    return {one.criterion: (one.asked, one.found, one.source) for one in found.evidence}


def test_every_criterion_is_reported_with_its_value_and_its_source() -> None:
    found = verdict(need={"activity": ["014", "013"], "age": {"value": 35}})
    assert found.left_out is None
    assert [(one.criterion, one.asked, one.outcome, one.found, one.source) for one in found.evidence] == [
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
    assert found.place
    assert found.place.location.id == "11"


def test_an_offer_whose_only_near_place_is_closed_is_left_out() -> None:
    found = verdict(service(), location(status="inactive"))
    assert found.left_out == "near"


def test_a_place_beyond_the_circle_does_not_count() -> None:
    assert verdict(distances={"10": 15.2}).left_out == "near"
    assert verdict(distances={"10": 15.1}).left_out == "near"
    assert verdict(distances={"10": 15.04}).left_out == "near"
    assert verdict(distances={"10": 15.0}).left_out is None


def test_a_place_without_a_distance_is_not_visible() -> None:
    somewhere = location(position={"latitude": 47.2, "longitude": -1.6})
    assert outcomes(verdict(service(), somewhere, distances={}))["near"] is Outcome.NOT_VISIBLE
    assert outcomes(verdict(service(places=()), location()))["near"] is Outcome.NOT_VISIBLE
    assert outcomes(verdict(service(places=("404",)), location()))["near"] is Outcome.NOT_VISIBLE


def test_a_place_without_a_position_lies_in_no_circle() -> None:
    assert verdict(distances={}).left_out == "near"


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


codes = st.lists(st.sampled_from(["28", "29", "31", "32"]), min_size=1, max_size=4, unique=True)


@given(codes, st.lists(st.sampled_from(["28", "29", "31", "32"]), max_size=4), st.booleans())
def test_codes_are_met_as_sets_are(wanted: list[str], held: list[str], all_of: bool) -> None:
    shown = service(characteristics=tuple((codesystems.CARE_MODE, code) for code in held))
    found = verdict(shown, location(), need={"careMode": {"allOf": wanted} if all_of else wanted})
    if not held:
        assert found.unverified == ("careMode",)  # required by the profile, so it was hidden
        return
    met = set(wanted) <= set(held) if all_of else not set(wanted).isdisjoint(held)
    assert (found.left_out is None) is met


def test_closed_offers_and_places_are_kept_when_asked_for() -> None:
    shut = service(active=False)
    assert verdict(shut, location(status="inactive")).left_out == "closed"
    assert verdict(shut, location(status="inactive"), closed="keep").left_out is None


@pytest.mark.parametrize(
    ("ages", "asked", "text"),
    [
        (({"value": 1, "code": "mo"}, {"value": 24, "code": "mo"}), {"value": 3, "unit": "mo"}, ("1 mo to 24 mo",)),
        (({"value": 15, "code": "a"}, {}), {"value": 35}, ("15 a to …",)),
        (({}, {"value": 6, "unit": "ans"}), {"value": 3}, ("… to 6 a",)),
        (({"value": 1, "code": "kg"}, {"value": 6, "code": "a"}), {"value": 3}, ()),  # not to be read: not visible
    ],
)
def test_ages_are_told_as_far_as_they_are_known(
    ages: tuple[Resource, Resource], asked: Resource, text: tuple[str, ...]
) -> None:
    assert told(verdict(service(ages=ages), location(), need={"age": asked}))["age"][1] == text


def test_a_code_that_came_without_words_is_told_alone() -> None:
    assert told(verdict(need={"careMode": ["28"]}))["careMode"][1] == ("28",)


def test_acts_in_the_unit_and_outside_the_practice_are_told_apart() -> None:
    def act(kind: str | None) -> Resource:
        extension = [{"url": SD + "ror-act-type", "valueCode": kind}] if kind else []
        return concept(codesystems.ACT, "0172") | {"extension": extension}

    for kind, inside, outside in (("specificAct", True, False), ("outsideOfficeAct", False, True), (None, True, False)):
        shown = service(characteristic=[act(kind)])
        assert (verdict(shown, location(), need={"specificAct": ["0172"]}, profile=1).left_out is None) is inside
        assert (verdict(shown, location(), need={"outsideOfficeAct": ["0172"]}, profile=1).left_out is None) is outside


def test_a_profession_counts_only_in_the_nomenclature_that_it_names() -> None:
    nurse = service(characteristics=((codesystems.PROFESSION["G15"], "60"),))
    assert verdict(nurse, location(), need={"profession": ["G15|60"]}, profile=1).left_out is None
    assert verdict(nurse, location(), need={"profession": ["R356|60"]}, profile=1).left_out == "profession"


def organization(id_: str, part_of: str | None, *values: str, category: str | None = None) -> Resource:
    found: Resource = {"resourceType": "Organization", "id": id_, "identifier": [{"value": one} for one in values]}
    if part_of:
        found["partOf"] = {"reference": f"Organization/{part_of}"}
    if category:
        found["type"] = [concept(codesystems.ESTABLISHMENT_CATEGORY, category)]
    return found


LEVELS = (
    organization("100", "200", "oi-1", category="114"),
    organization("200", "300", "1290004324", category="355"),
    organization("300", None, "290000017"),
)


@pytest.mark.parametrize(
    ("asked", "met"),
    [
        ({"finess": "290004324"}, True),
        ({"finess": "290000017"}, True),
        ({"idNatStruct": "1290004324"}, True),
        ({"finess": "290004324", "category": ["355", "101"]}, True),
        ({"finess": "290009999"}, False),
        ({"finess": "290004324", "idNatStruct": "1290009999"}, False),
        ({"finess": "290004324", "category": ["101"]}, False),
        ({"category": {"allOf": ["355", "114"]}}, True),
        ({"category": {"allOf": ["355", "101"]}}, False),
    ],
)
def test_an_establishment_is_found_at_any_level_by_number_and_category(asked: Resource, met: bool) -> None:
    found = verdict(service(), location(), *LEVELS, need={"establishment": asked})
    assert found.left_out == (None if met else "establishment")


@pytest.mark.parametrize(
    ("asked", "text", "value", "source"),
    [
        ({"idNatStruct": "1290004324"}, "1290004324", "1290004324", "Organization/200"),
        ({"category": ["101", "355"]}, "101, 355", "355", "Organization/200"),
        (
            {"finess": "290000017", "category": {"allOf": ["355", "114"]}},
            "290000017, 355, 114",
            "290000017, 114, 355",
            "Organization/300",
        ),
    ],
)
def test_an_establishment_is_told_by_the_values_and_the_level_that_decided(
    asked: Resource, text: str, value: str, source: str
) -> None:
    found = verdict(service(), location(), *LEVELS, need={"establishment": asked})
    assert told(found)["establishment"] == (text, (value,), source)


def test_an_establishment_that_is_not_shown_is_not_visible() -> None:
    alone = verdict(need={"establishment": {"finess": "290004324"}})
    assert alone.unverified == ("establishment",)
    assert told(alone)["establishment"] == ("290004324", (), "HealthcareService/1")


@pytest.mark.parametrize(
    ("asked", "met"),
    [
        ({"rpps": "10001234567"}, True),
        ({"rpps": "10001234568"}, False),
        ({"profession": ["60"]}, True),
        ({"profession": ["10"]}, False),
        ({"rpps": "10001234567", "profession": ["10"]}, False),
        ({"convention": ["1"]}, True),
        ({"convention": ["2"]}, False),
    ],
)
def test_one_professional_meets_all_that_is_asked(asked: Resource, met: bool) -> None:
    convention = "https://apifhir.annuaire.sante.fr/ws-sync/exposed/structuredefinition/practitionerRole-contracted"

    def role(id_: str, profession: str, sector: str) -> Resource:
        return {
            "resourceType": "PractitionerRole",
            "id": id_,
            "extension": [{"url": convention, "valueCodeableConcept": concept("urn:r282", sector)}],
            "practitioner": {"reference": f"Practitioner/who-is-{id_}"},
            "healthcareService": [{"reference": "HealthcareService/1"}],
            "code": [concept(codesystems.PROFESSION["G15"], profession)],
        }

    people = (
        role("a", "60", "1"),
        {"resourceType": "Practitioner", "id": "who-is-a", "identifier": [{"value": "810001234567"}]},
        role("b", "70", "3"),
    )
    found = verdict(service(), location(), *people, need={"practitioner": asked})
    assert found.left_out == (None if met else "practitioner")
    if asked == {"rpps": "10001234567"}:
        assert told(found)["practitioner"] == ("RPPS 10001234567", ("PractitionerRole/a",), "PractitionerRole/a")


def test_without_any_professional_shown_it_depends_on_what_we_may_see() -> None:
    asked = {"practitioner": {"rpps": "10001234567"}}
    assert verdict(service(field="05"), location(), need=asked).left_out == "practitioner"
    hidden = verdict(service(field="01"), location(), need=asked)
    assert hidden.unverified == ("practitioner",)
    assert told(hidden)["practitioner"] == ("RPPS 10001234567", (), "HealthcareService/1")


def zone(*communes: str) -> tuple[Resource, ...]:
    return tuple(
        {
            "url": SD + "ror-territorial-division",
            "extension": [
                {"url": "codeTerritorialDivision", "valueCodeableConcept": concept(codesystems.COMMUNE, commune)}
            ],
        }
        for commune in communes
    )


def sectors(*names: str) -> tuple[Resource, ...]:
    return tuple({"url": SD + "ror-healthcareservice-psychiatric-sector", "valueString": name} for name in names)


def test_an_offer_that_serves_a_commune_is_found_wherever_it_is() -> None:
    served = service(contacts=zone("29151", "29232"))
    found = verdict(served, location(), where={"serves": ["29232", "29019", "29151"]})
    assert found.left_out is None
    assert told(found)["serves"] == ("29232 or 29019 or 29151", ("29151, 29232",), "HealthcareService/1")
    assert verdict(served, location(), where={"serves": ["29019"]}).left_out == "serves"


def test_an_offer_that_serves_a_commune_is_ranked_by_one_of_its_places_or_none() -> None:
    comes, where = zone("29151"), {"serves": ["29151"]}
    found = verdict(
        service(places=("11", "10"), contacts=comes), location("11"), location("10"), where=where, distances={}
    )
    assert found.place
    assert found.place.location.id == "10"
    assert verdict(service(places=(), contacts=comes), where=where).place is None


def test_a_psychiatric_sector_is_met_whole() -> None:
    held = service(contacts=sectors("44G02", "44G01"))
    found = verdict(held, location(), need={"psychiatricSector": ["44G03", "44G02", "44G01"]})
    assert found.left_out is None
    assert told(found)["psychiatricSector"] == ("44G03 or 44G02 or 44G01", ("44G01, 44G02",), "HealthcareService/1")
    assert verdict(held, location(), need={"psychiatricSector": ["44G"]}).left_out == "psychiatricSector"


@pytest.mark.parametrize(
    ("criterion", "asked"),
    [
        ("specialisation", {"need": {"specialisation": ["24"]}}),
        ("psychiatricSector", {"need": {"psychiatricSector": ["44G01"]}}),
        ("serves", {"where": {"serves": ["29151"]}}),
    ],
)
def test_what_a_sensitive_unit_hides_from_us_is_not_absent(criterion: str, asked: dict[str, Any]) -> None:
    contacts = (*zone("29151"), *sectors("44G01"))
    for sensitive in (True, False):
        hidden = verdict(service(sensitive=sensitive), location(), profile=2, **asked)
        assert (hidden.unverified, hidden.left_out) == (((criterion,), None) if sensitive else ((), criterion))
        shown = service(sensitive=sensitive, characteristics=(DISABILITY,), contacts=contacts)
        found = verdict(shown, location(), profile=2, **asked)
        assert outcomes(found)[criterion] is Outcome.MET
