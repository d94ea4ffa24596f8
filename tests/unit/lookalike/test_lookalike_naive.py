"""Searches against a plain loop over the resources, which shares no code with the search."""

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rorbridge.lookalike.dataset import Dataset, generate
from rorbridge.lookalike.search.catalog import Catalog
from rorbridge.lookalike.search.engine import Engine

Resource = dict[str, Any]
Test = Callable[[Resource], bool]

SD = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/"
NOS = "https://mos.esante.gouv.fr/NOS/TRE_"


def nos(name: str) -> str:
    return f"{NOS}{name}/FHIR/TRE-{name}"


DATA: Dataset = generate(900, seed=3)
ENGINE = Engine(Catalog(DATA))
OFFERS = list(DATA.healthcare_services.values())


def search(resource_type: str, *parameters: tuple[str, str]) -> set[str]:
    found = ENGINE.search(resource_type, parameters)
    assert len(found.ids) == len(set(found.ids))
    return set(found.ids)


def parts(element: Resource, url: str) -> list[Resource]:
    return [one for one in element.get("extension", []) if one["url"] in {url, SD + url}]


def coded(element: Resource, *path: str) -> set[tuple[str, str]]:
    """Tokens of the coded extensions at the end of a path of extension urls."""
    elements = [element]
    for url in path:
        elements = [inner for outer in elements for inner in parts(outer, url)]
    return {
        (coding["system"], coding["code"]) for one in elements for coding in one["valueCodeableConcept"].get("coding")
    }


def concepts(resource: Resource, element: str) -> set[tuple[str, str]]:
    return {(coding["system"], coding["code"]) for one in resource.get(element, []) for coding in one["coding"]}


def places(offer: Resource) -> list[Resource]:
    return [DATA.locations[one["reference"].split("/")[1]] for one in offer.get("location", [])]


def lineage(offer: Resource) -> list[Resource]:
    found = [DATA.organizations[offer["providedBy"]["reference"].split("/")[1]]]
    while "partOf" in found[-1]:
        found.append(DATA.organizations[found[-1]["partOf"]["reference"].split("/")[1]])
    return found


CAPACITY = "ror-location-supported-capacity"
TOKENS: dict[str, Callable[[Resource], set[tuple[str, str]]]] = {
    "specialty": lambda one: concepts(one, "specialty"),
    "service-type": lambda one: concepts(one, "type"),
    "service-category": lambda one: concepts(one, "category"),
    "characteristic": lambda one: concepts(one, "characteristic"),
    "patient-type": lambda one: coded(one, "ror-healthcareservice-patient-type", "supportedPatientInfo"),
    "intervention-zone": lambda one: coded(one, "ror-territorial-division", "codeTerritorialDivision"),
    "_tag": lambda one: {(tag["system"], tag["code"]) for tag in one["meta"].get("tag", [])},
    "location.type": lambda one: {pair for place in places(one) for pair in concepts(place, "type")},
    "location.commune-cog": lambda one: {pair for place in places(one) for pair in coded(place, "ror-commune-cog")},
    "location.equipment-type": lambda one: {
        pair for place in places(one) for pair in coded(place, "ror-location-equipment", "equipmentType")
    },
    "location.equipment-feature": lambda one: {
        pair
        for place in places(one)
        for pair in coded(place, "ror-location-equipment", "ror-location-equipment-limit", "equipmentFeature")
    },
    "location.capacity-type": lambda one: {p for place in places(one) for p in coded(place, CAPACITY, "capacityType")},
    "location.capacity-status": lambda one: {
        pair for place in places(one) for pair in coded(place, CAPACITY, "capacityStatus")
    },
    "location.temporality-capacity": lambda one: {
        pair for place in places(one) for pair in coded(place, CAPACITY, "temporalityCapacity")
    },
    "location.gender-capacity-available": lambda one: {
        pair for place in places(one) for pair in coded(place, CAPACITY, "genderCapacityAvailable")
    },
    "location.temporary-assignement": lambda one: {
        pair for place in places(one) for pair in coded(place, CAPACITY, "temporaryAssignement")
    },
    "location.capacity-closing-type": lambda one: {
        pair for place in places(one) for pair in coded(place, CAPACITY, "capacityClosingType")
    },
    "location.status": lambda one: {
        ("http://hl7.org/fhir/location-status", place["status"]) for place in places(one) if "status" in place
    },
    "organization.type:above": lambda one: {pair for organ in lineage(one) for pair in concepts(organ, "type")},
    "organization.identifier:above": lambda one: {
        (number.get("system", ""), number["value"])
        for organ in lineage(one)
        for number in organ.get("identifier", [])
        if "value" in number
    },
}
KNOWN = {name: sorted({pair for offer in OFFERS for pair in read(offer)}) for name, read in TOKENS.items()}


def has_token(name: str, value: str) -> Test:
    wanted = value.split(",")
    read = TOKENS[name]

    def test(offer: Resource) -> bool:
        pairs = read(offer)
        return any(any(one == (f"{system}|{code}" if "|" in one else code) for system, code in pairs) for one in wanted)

    return test


@st.composite
def token_conditions(draw: st.DrawFn) -> tuple[str, str]:
    name = draw(st.sampled_from(sorted(TOKENS)))
    chosen = draw(
        st.lists(
            st.sampled_from([*KNOWN[name], (nos("R211-ActiviteOperationnelle"), "absent")]), min_size=1, max_size=3
        )
    )
    return name, ",".join(code if draw(st.booleans()) else f"{system}|{code}" for system, code in chosen)


DAYS = {"a": 365.25, "mo": 30.4375, "d": 1.0}
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "": lambda left, right: math.isclose(left, right, abs_tol=1e-6),
    "eq": lambda left, right: math.isclose(left, right, abs_tol=1e-6),
    "ne": lambda left, right: not math.isclose(left, right, abs_tol=1e-6),
    "gt": lambda left, right: left > right + 1e-6,
    "lt": lambda left, right: left < right - 1e-6,
    "ge": lambda left, right: left >= right - 1e-6,
    "le": lambda left, right: left <= right + 1e-6,
}


def age_bound(offer: Resource, bound: str) -> Resource:
    (patients,) = parts(offer, "ror-healthcareservice-patient-type")
    (ages,) = parts(patients, "ageRange")
    return cast(Resource, ages["valueRange"][bound])


def has_age(name: str, prefix: str, value: float, unit: str | None) -> Test:
    def test(offer: Resource) -> bool:
        bound = age_bound(offer, name.removeprefix("age-range-"))
        if unit is None:
            return COMPARE[prefix](bound["value"], value)
        return COMPARE[prefix](bound["value"] * DAYS[bound.get("code", "a")], value * DAYS[unit])

    return test


@st.composite
def age_conditions(draw: st.DrawFn) -> tuple[str, str, Test]:
    name = draw(st.sampled_from(["age-range-low", "age-range-high"]))
    prefix, unit = draw(st.sampled_from(sorted(COMPARE))), draw(st.sampled_from([None, "a", "mo", "d"]))
    value = draw(st.sampled_from([0, 1, 3, 6, 15, 18, 28, 35, 60, 72, 120, 150, 216, 420, 6574.5]))
    text = f"{prefix}{value}" + (f"|https://unitsofmeasure.org|{unit}" if unit else "")
    return name, text, has_age(name, prefix, value, unit)


def expected(offers: Iterable[Resource], tests: Iterable[Test]) -> set[str]:
    wanted = list(tests)
    return {offer["id"] for offer in offers if all(test(offer) for test in wanted)}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(token_conditions(), min_size=1, max_size=3), st.lists(age_conditions(), max_size=2))
def test_any_mix_of_codes_and_ages_finds_what_a_loop_finds(
    tokens: list[tuple[str, str]], ages: list[tuple[str, str, Test]]
) -> None:
    found = search("HealthcareService", *tokens, *((name, text) for name, text, _ in ages))
    tests = [has_token(name, value) for name, value in tokens] + [test for _, _, test in ages]
    assert found == expected(OFFERS, tests)


@settings(max_examples=60, deadline=None)
@given(
    token_conditions(),
    token_conditions(),
    age_conditions(),
    st.sampled_from(["and", "or"]),
    st.sampled_from(["and", "or"]),
)
def test_a_filter_finds_what_a_loop_finds(
    first: tuple[str, str], second: tuple[str, str], age: tuple[str, str, Test], inner: str, outer: str
) -> None:
    prefix = age[1][:2] if age[1][:2] in COMPARE else "eq"
    value = age[1].removeprefix(prefix)

    def comparison(condition: tuple[str, str]) -> str:
        name, text = condition
        return f"{name} eq {' or '.join(text.split(','))}"

    text = f"(({comparison(first)}) {inner} ({comparison(second)})) {outer} ({age[0]} {prefix} {value})"

    def test(offer: Resource) -> bool:
        joins = {"and": all, "or": any}
        left = joins[inner]([has_token(*first)(offer), has_token(*second)(offer)])
        return bool(joins[outer]([left, age[2](offer)]))

    assert search("HealthcareService", ("_filter", text)) == expected(OFFERS, [test])


def numbers(offer: Resource) -> list[int]:
    return [
        inner["valueInteger"]
        for place in places(offer)
        for one in parts(place, CAPACITY)
        for inner in parts(one, "nbCapacity")
    ]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(COMPARE)), st.integers(0, 40))
def test_bed_numbers_compare_as_a_loop_compares_them(prefix: str, number: int) -> None:
    found = search("HealthcareService", ("location.nb-capacity", f"{prefix}{number}"))
    assert found == expected(OFFERS, [lambda offer: any(COMPARE[prefix](one, number) for one in numbers(offer))])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["eq", "ne", "gt", "lt", "ge", "le"]),
    st.sampled_from([150, 200, 250, 70, 80, 75, 350]),
    st.sampled_from(["kg", "cm", None]),
)
def test_equipment_limits_compare_within_their_unit(prefix: str, number: int, unit: str | None) -> None:
    text = f"{prefix}{number}" + (f"|http://unitsofmeasure.org|{unit}" if unit else "")

    def test(offer: Resource) -> bool:
        limits = [
            limit["valueQuantity"]
            for place in places(offer)
            for one in parts(place, "ror-location-equipment")
            for inner in parts(one, "ror-location-equipment-limit")
            for limit in parts(inner, "limitValue")
        ]
        return any(unit in {None, one["code"]} and COMPARE[prefix](one["value"], number) for one in limits)

    assert search("HealthcareService", ("location.limit-value", text)) == expected(OFFERS, [test])


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["ge", "lt", "gt", "le", "eq"]),
    st.sampled_from(["2026", "2026-10", "2026-11-19", "2026-11-19T08:00", "2026-11-01T00:00:00Z"]),
)
def test_dates_of_any_precision_compare_as_a_loop_compares_them(prefix: str, date: str) -> None:
    starts = {
        "2026": "2026-01-01T00:00:00+00:00",
        "2026-10": "2026-10-01T00:00:00+00:00",
        "2026-11-19": "2026-11-19T00:00:00+00:00",
        "2026-11-19T08:00": "2026-11-19T08:00:00+00:00",
        "2026-11-01T00:00:00Z": "2026-11-01T00:00:00+00:00",
    }
    ends = {
        "2026": "2027-01-01T00:00:00+00:00",
        "2026-10": "2026-11-01T00:00:00+00:00",
        "2026-11-19": "2026-11-20T00:00:00+00:00",
        "2026-11-19T08:00": "2026-11-19T08:01:00+00:00",
        "2026-11-01T00:00:00Z": "2026-11-01T00:00:01+00:00",
    }
    start, end = datetime.fromisoformat(starts[date]), datetime.fromisoformat(ends[date])
    compare: dict[str, Callable[[datetime], bool]] = {
        "ge": lambda at: at >= start, "gt": lambda at: at >= end, "lt": lambda at: at < start,
        "le": lambda at: at < end, "eq": lambda at: start <= at < end,
    }  # fmt: skip

    def updated(offer: Resource) -> bool:
        return compare[prefix](datetime.fromisoformat(offer["meta"]["lastUpdated"]))

    def counted(offer: Resource) -> bool:
        return any(
            compare[prefix](datetime.fromisoformat(inner["valueDateTime"]))
            for place in places(offer)
            for one in parts(place, CAPACITY)
            for inner in parts(one, "capacityUpdateDate")
        )

    assert search("HealthcareService", ("_lastUpdated", prefix + date)) == expected(OFFERS, [updated])
    assert search("HealthcareService", ("location.capacity-update-date", prefix + date)) == expected(OFFERS, [counted])


def central_angle(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres between two points by the angle of their vectors: another formula than the look-alike's."""
    vectors = []
    for latitude, longitude in (one, other):
        phi, theta = math.radians(latitude), math.radians(longitude)
        vectors.append((math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi)))
    (ax, ay, az), (bx, by, bz) = vectors
    cross = math.hypot(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return 6371.0088 * math.atan2(cross, ax * bx + ay * by + az * bz)


CENTRES = [(47.2183, -1.6370), (48.8566, 2.3522), (43.2965, 5.3811), (-20.88, 55.45), (14.6, -61.07), (50.63, 3.06)]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CENTRES), st.floats(0, 1500, allow_nan=False))
def test_a_circle_holds_what_another_formula_puts_into_it(centre: tuple[float, float], radius: float) -> None:
    def inside(place: Resource) -> bool:
        if "position" not in place:
            return False
        where = place["position"]["latitude"], place["position"]["longitude"]
        return central_angle(centre, where) <= round(radius, 3)

    value = f"{centre[0]}|{centre[1]}|{round(radius, 3)}|km"
    assert search("Location", ("near", value)) == {one["id"] for one in DATA.locations.values() if inside(one)}
    offers = expected(OFFERS, [lambda offer: any(inside(place) for place in places(offer))])
    assert search("HealthcareService", ("location.near", value)) == offers


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["44", "75", "69", "971", "44800", "2", "20", "59000", "13"]), min_size=1, max_size=3))
def test_postal_codes_are_found_by_how_they_begin(prefixes: list[str]) -> None:
    found = search("HealthcareService", ("location.address-postalcode", ",".join(prefixes)))
    assert found == expected(
        OFFERS,
        [
            lambda offer: any(
                place["address"].get("postalCode", "").startswith(tuple(prefixes)) for place in places(offer)
            )
        ],
    )


def test_a_practitioner_is_found_by_number_through_their_roles() -> None:
    for person in list(DATA.practitioners.values())[:40]:
        number = person["identifier"][0]["value"]
        offers = {
            one["reference"].split("/")[1]
            for role in DATA.practitioner_roles.values()
            if role["practitioner"]["reference"] == f"Practitioner/{person['id']}"
            for one in role["healthcareService"]
        }
        assert search("HealthcareService", ("practitioner.identifier", number)) == offers
        assert (
            search("HealthcareService", ("practitioner.identifier", f"urn:oid:1.2.250.1.71.4.2.1|{number}")) == offers
        )


def test_everything_below_an_organisation_is_found_by_its_id() -> None:
    for organization in list(DATA.organizations)[::15]:
        found = search("HealthcareService", ("organization._id:above", organization))
        assert found == expected(OFFERS, [lambda offer: organization in {one["id"] for one in lineage(offer)}])  # noqa: B023
