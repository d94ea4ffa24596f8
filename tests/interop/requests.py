"""What is asked of every server: a request for each criterion, taken from the data so that there is something to find.

By hand, a request is either too rare for a few hundred offers or no request that anyone would make.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, Final

from rorbridge.events.codesystems import PROFESSION
from rorbridge.events.where import REGIONS
from tests.support.oracle import CHARACTERISTICS, Oracle, acts, codes, first_code, qualified, subs

Json = dict[str, Any]

CODED: Final[dict[str, Callable[[Json], Iterable[str]]]] = {
    "activity": lambda offer: codes(offer["specialty"], "R211"),
    "family": lambda offer: codes(offer["specialty"], "R265", "R266"),
    "offerType": lambda offer: codes(offer.get("category", []), "R244"),
    "field": lambda offer: codes(offer["type"], "R227"),
    "audience": lambda offer: codes([one["valueCodeableConcept"] for one in _publics(offer)], "R239"),
    "sourceRegion": lambda offer: (tag["code"] for tag in offer["meta"].get("tag", [])),
    "specificAct": lambda offer: acts(offer, "specificAct"),
    "outsideOfficeAct": lambda offer: acts(offer, "outsideOfficeAct"),
    "profession": lambda offer: (
        one for one in qualified(offer["characteristic"]) if one.partition("|")[0] in PROFESSION
    ),
    **{
        name: lambda offer, systems=tuple(systems): codes(offer["characteristic"], *systems)  # type: ignore[misc]
        for name, systems in CHARACTERISTICS.items()
    },
    "psychiatricSector": lambda offer: (
        one["valueString"] for one in subs(offer, "ror-healthcareservice-psychiatric-sector")
    ),
}
"""Criteria that are codes of the offer, and what reads them."""

_FREE_BED: Final = {"kind": "bed", "status": "available", "horizon": "now", "atLeast": 2}
_FINESS: Final = "1"
"""Type of the identifier of an establishment or legal entity that is its FINESS number (ROR-API 2.4)."""
_LIMIT: Final = {"feature": "001", "atLeast": {"value": 200, "unit": "kg"}}

FIXED: Final[dict[str, Json]] = {
    "age": {"age": {"value": 35}},
    "age-in-months": {"age": {"value": 5, "unit": "mo"}},
    "capacity": {"capacity": _FREE_BED},
    "capacity-of-a-gender": {"capacity": {**_FREE_BED, "gender": "female"}},
    "closed-beds": {"capacity": {"kind": "bed", "status": "closed", "closing": "reopenable"}},
    "fresh-capacity": {"capacity": {**_FREE_BED, "updatedSince": "2020-01-01T00:00:00+01:00"}},
    "open-on-a-tuesday": {"openAt": "2027-01-12T10:30:00+01:00"},
}
"""Criteria that are the same for every data set."""

OWN: Final = ("equipment", "equipment-with-a-limit", "establishment", "category", "practitioner")
"""Criteria that are taken from what belongs to an offer."""

PLACES: Final = ("region", "departments", "communes", "postalCodes", "serves")
"""Ways to say where, each with one coded criterion. A circle is another matter (test_circles.py)."""

NAMES: Final = (*CODED, *FIXED, *OWN, *PLACES)


def requests(oracle: Oracle, today: date) -> dict[str, Json]:
    """Give a request by each of NAMES, to which the data have an answer."""
    return {name: next(_answered(oracle, name, today)) for name in NAMES}


def _answered(oracle: Oracle, name: str, today: date) -> Iterator[Json]:
    for offer in oracle.data.healthcare_services.values():
        for place in _places(oracle, offer):
            for request in _of_offer(oracle, name, offer, place):
                if oracle.expected(request, None, today):
                    yield request


def _of_offer(oracle: Oracle, name: str, offer: Json, place: Json) -> Iterator[Json]:
    """Give requests that this offer may answer."""
    region = {"region": _region(place)}
    if name in CODED:
        yield from (_request({name: [code]}, region) for code in sorted(CODED[name](offer)))
    elif name in FIXED:
        yield _request(FIXED[name], region)
    elif name in PLACES:
        field = {"field": sorted(CODED["field"](offer))}
        yield from (_request(field, {name: value}) for value in _where(oracle, name, offer, place))
    else:
        bare = name in {"establishment", "practitioner"}  # these alone may be asked for without a place
        yield from (_request(need, None if bare else region) for need in _own(oracle, name, offer, place))


def _own(oracle: Oracle, name: str, offer: Json, place: Json) -> Iterator[Json]:
    match name:
        case "equipment" | "equipment-with-a-limit":
            more = _LIMIT if name == "equipment-with-a-limit" else {}
            for device in subs(place, "ror-location-equipment"):
                kind = first_code(subs(device, "equipmentType")[0]["valueCodeableConcept"])
                yield {"equipment": [{"type": kind, **more}]}
        case "establishment":
            numbers = (one for level in oracle.above(offer) for one in level.get("identifier", []))
            yield from (
                {"establishment": {"finess": one["value"]}}
                for one in numbers
                if one["type"]["coding"][0]["code"] == _FINESS
            )
        case "category":
            kinds = (one for level in oracle.above(offer) for one in sorted(codes(level.get("type", []), "R66")))
            yield from ({"establishment": {"category": [one]}} for one in kinds)
        case _:
            for role in oracle.roles.get(offer["id"], []):
                person = oracle.data.practitioners[role["practitioner"]["reference"].split("/")[1]]
                yield {"practitioner": {"rpps": person["identifier"][0]["value"][-11:]}}


def _where(oracle: Oracle, name: str, offer: Json, place: Json) -> Iterator[Any]:
    match name:
        case "region":
            yield _region(place)
        case "departments":
            yield [_department(place)]
        case "communes":
            yield [_commune(place)]
        case "postalCodes":
            yield [place["address"]["postalCode"]]
        case _:
            yield from ([commune] for commune in sorted(oracle.served(offer)))


def _request(need: Json, where: Json | None) -> Json:
    asked = {"need": need, "answer": {"limit": 200, "include": []}}
    return asked | ({"where": where} if where else {})


def _publics(offer: Json) -> list[Json]:
    patient = subs(offer, "ror-healthcareservice-patient-type")
    return subs(patient[0], "supportedPatientInfo") if patient else []


def _places(oracle: Oracle, offer: Json) -> list[Json]:
    return [oracle.data.locations[one["reference"].split("/")[1]] for one in offer.get("location", [])]


def _commune(place: Json) -> str:
    return first_code(subs(place, "ror-commune-cog")[0]["valueCodeableConcept"])


def _department(place: Json) -> str:
    commune = _commune(place)
    return commune[:3] if commune.startswith("97") else commune[:2]


def _region(place: Json) -> str:
    return next(region for region, departments in REGIONS.items() if _department(place) in departments)
