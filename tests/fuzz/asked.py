"""What a request asks of the ROR, told twice: from the request's JSON, and from the query string that was sent.

Written from ROR-API section 3 alone, without the code that builds the queries.
"""

import math
import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from pydantic import AwareDatetime, TypeAdapter

from rorbridge.events import codesystems as cs
from rorbridge.events.where import REGIONS

Asked = set[tuple[str, object]]
"""Parameters with what their values mean: sets of alternatives, and numbers as numbers."""

INCLUDES: Asked = {
    ("_include", frozenset({"HealthcareService:organization"})),
    ("_include:iterate", frozenset({"Organization:partof"})),
    ("_include", frozenset({"HealthcareService:location"})),
}
PEOPLE: Asked = {
    ("_revinclude", frozenset({"PractitionerRole:service"})),
    ("_include", frozenset({"PractitionerRole:practitioner"})),
}

_CODED = {
    "activity": ("specialty", cs.ACTIVITY),
    "family": ("specialty", cs.FAMILY_SERAFIN, cs.FAMILY_OTHER),
    "offerType": ("service-category", cs.OFFER_TYPE),
    "field": ("service-type", cs.FIELD),
    "careMode": ("characteristic", cs.CARE_MODE),
    "receptionModality": ("characteristic", cs.RECEPTION_MODALITY),
    "receptionType": ("characteristic", cs.RECEPTION_TYPE),
    "specificAct": ("characteristic", cs.ACT),
    "outsideOfficeAct": ("characteristic", cs.ACT),
    "specialisation": ("characteristic", cs.SPECIALISATION),
    "competence": ("characteristic", cs.COMPETENCE),
    "expertiseLevel": ("characteristic", cs.MATERNITY_TYPE, cs.EXPERTISE),
    "audience": ("patient-type", cs.AUDIENCE),
    "sourceRegion": ("_tag", cs.REGION),
}
_CAPACITY = {
    "kind": ("location.capacity-type", cs.CAPACITY_KIND, {"bed": "01", "place": "02", "lodging": "03"}),
    "status": (
        "location.capacity-status",
        cs.CAPACITY_STATUS,
        dict(
            zip(
                ("installed", "available", "occupied", "reserved", "closed", "additional"),
                ("01", "02", "03", "04", "05", "06"),
                strict=True,
            )
        ),
    ),
    "horizon": (
        "location.temporality-capacity",
        cs.CAPACITY_HORIZON,
        {"now": "01", "1h": "02", "24h": "03", "48h": "04", "7d": "05"},
    ),
    "closing": (
        "location.capacity-closing-type",
        cs.CAPACITY_CLOSING,
        {"reopenable": "01", "notReopenable": "02", "undetermined": "03"},
    ),
    "assignment": (
        "location.temporary-assignement",
        cs.TEMPORARY_ASSIGNMENT,
        {"none": "01", "covidPositive": "02", "covidNegative": "03"},
    ),
}
_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_AGE = re.compile(
    rf"\(age-range-low le {_NUMBER}\|https://unitsofmeasure\.org\|a and "
    rf"age-range-high ge {_NUMBER}\|https://unitsofmeasure\.org\|a\)"
)
_LIMIT = re.compile(rf"ge{_NUMBER}\|http://unitsofmeasure\.org\|(kg|cm)")
_NEAR = re.compile(rf"{_NUMBER}\|{_NUMBER}\|{_NUMBER}\|km")
_NEAR_COMMUNE = re.compile(rf"([0-9AB]{{5}})\|{_NUMBER}\|km")


def sent(query: str) -> Asked:
    """Read a query string as a server does."""
    return {
        (name, _meaning(name, value)) for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    }


def _meaning(name: str, value: str) -> object:
    assert value.isascii(), value
    assert value.isprintable(), value
    numbers = {"_filter": _AGE, "location.limit-value": _LIMIT, "location.near": _NEAR}
    if name in {*numbers, "location.near-insee-code"}:
        found = (numbers | {"location.near-insee-code": _NEAR_COMMUNE})[name].fullmatch(value)
        assert found, value
        first, *rest = found.groups()
        head = first if name == "location.near-insee-code" else float(first)
        return head, *(one if one in {"kg", "cm"} else float(one) for one in rest)
    if name == "location.capacity-update-date":
        return _MOMENT.validate_python(value.removeprefix("ge"))
    return frozenset(value.split(","))


def _wants_people(request: dict[str, Any]) -> bool:
    """Tell whether a request gets to see people: by default, when a Bundle shows all, or when it asks for one."""
    answer = request.get("answer", {})
    shown = "practitioners" in answer.get("include", ["practitioners"]) or answer.get("format") == "fhir-bundle"
    return shown or bool(request["need"].get("practitioner"))


def asked(request: dict[str, Any], radius_km: float | None) -> Asked:
    """Read what a valid request asks for, within the radius of one round."""
    need = request["need"]
    found = INCLUDES | PEOPLE if _wants_people(request) else set(INCLUDES)
    for criterion, (parameter, *systems) in _CODED.items():
        for codes in _alternatives(need.get(criterion)):
            found.add((parameter, frozenset(f"{system}|{code}" for system in systems for code in codes)))
    for codes in _alternatives(need.get("profession")):
        named = (code.split("|") for code in codes)
        found.add(("characteristic", frozenset(f"{cs.PROFESSION[short]}|{code}" for short, code in named)))
    age = need.get("age")
    if age and age.get("unit", "a") == "a":
        found.add(("_filter", (float(age["value"]), float(math.floor(age["value"])))))
    if sectors := need.get("psychiatricSector"):
        found.add(("psychiatric-sector", frozenset(sectors)))
    for device in need.get("equipment", ()):
        found |= _equipment(device)
    if need.get("capacity") is not None:
        found |= _capacity(need["capacity"])
    found |= _establishment(need.get("establishment") or {})
    if rpps := (need.get("practitioner") or {}).get("rpps"):
        found.add(("practitioner.identifier", frozenset({rpps, f"8{rpps}"})))
    return found | _where(request.get("where"), radius_km)


def _alternatives(codes: Any) -> list[list[str]]:
    """Give each set of codes of which one is asked for."""
    if isinstance(codes, dict):
        return [[code] for code in codes["allOf"]]
    return [codes] if codes else []


def _equipment(device: dict[str, Any]) -> Asked:
    found: Asked = {("location.equipment-type", frozenset({f"{cs.EQUIPMENT}|{device['type']}"}))}
    if limit := device.get("atLeast"):
        found.add(("location.equipment-feature", frozenset({f"{cs.EQUIPMENT_FEATURE}|{device['feature']}"})))
        found.add(("location.limit-value", (float(limit["value"]), limit["unit"])))
    return found


def _capacity(wanted: dict[str, Any]) -> Asked:
    defaults = {"kind": "bed", "status": "available", "horizon": "now"}
    found: Asked = {("location.nb-capacity", frozenset({f"ge{wanted.get('atLeast', 1)}"}))}
    for name, (parameter, system, codes) in _CAPACITY.items():
        if value := wanted.get(name, defaults.get(name)):
            found.add((parameter, frozenset({f"{system}|{codes[value]}"})))
    if since := wanted.get("updatedSince"):
        found.add(("location.capacity-update-date", _MOMENT.validate_python(since)))
    if gender := wanted.get("gender"):
        genders = ("01" if gender == "female" else "02", "03", "04")
        found.add(("location.gender-capacity-available", frozenset(f"{cs.CAPACITY_GENDER}|{one}" for one in genders)))
    return found


def _establishment(wanted: dict[str, Any]) -> Asked:
    numbers = [wanted["finess"], f"1{wanted['finess']}"] if wanted.get("finess") else []
    numbers += [wanted["idNatStruct"]] if wanted.get("idNatStruct") else []
    found: Asked = {("organization.identifier:above", frozenset(numbers))} if numbers else set()
    for codes in _alternatives(wanted.get("category")):
        systems = (cs.ESTABLISHMENT_CATEGORY, cs.SECTOR_OF_ACTIVITY)
        found.add(("organization.type:above", frozenset(f"{system}|{code}" for system in systems for code in codes)))
    return found


def _where(where: dict[str, Any] | None, radius_km: float | None) -> Asked:
    where = {name: value for name, value in (where or {}).items() if value is not None}
    if point := where.get("near"):
        return {("location.near", (round(point["latitude"], 6), round(point["longitude"], 6), radius_km))}
    if commune := where.get("commune"):
        return {("location.near-insee-code", (commune, radius_km))}
    for name, parameter in (("communes", "location.commune-cog"), ("serves", "intervention-zone")):
        if name in where:
            return {(parameter, frozenset(f"{cs.COMMUNE}|{code}" for code in where[name]))}
    departments = REGIONS[where["region"]] if "region" in where else where.get("departments", ())
    codes = where.get("postalCodes") or ["20" if one in {"2A", "2B"} else one for one in departments]
    return {("location.address-postalcode", frozenset(codes))} if codes else set()
