"""FHIR resources in the ROR's shape, as small as a test needs them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rorbridge.events import codesystems
from rorbridge.orientation.fhir import SD, Searchset
from rorbridge.ror import bundle

OFFICIAL = Path(__file__).parent.parent / "data" / "official"
Resource = dict[str, Any]
EMPTY = b'{"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": []}'
"""A searchset of nothing."""


def official(name: str) -> Resource:
    """Read an official example of the ANS."""
    resource: Resource = json.loads((OFFICIAL / f"{name}.json").read_bytes())
    return resource


def concept(system: str, code: str, display: str | None = None) -> Resource:
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


def service(
    id_: str = "1",
    *,
    activity: str | None = "013",
    field: str = "01",
    characteristics: tuple[tuple[str, str], ...] = ((codesystems.CARE_MODE, "28"),),
    ages: tuple[Resource, Resource] | None = ({"value": 0, "code": "a"}, {"value": 150, "code": "a"}),
    places: tuple[str, ...] = ("10",),
    sensitive: bool = False,
    contacts: tuple[Resource, ...] = (),
    provided_by: str = "Organization/100",
    **more: Any,
) -> Resource:
    """Give a HealthcareService."""
    extension: list[Resource] = [
        {"url": SD + "ror-healthcareservice-sensitive-unit", "valueBoolean": sensitive},
        *contacts,
    ]
    if ages:
        low, high = ages
        range_ = {"url": "ageRange", "valueRange": {"low": low, "high": high}}
        extension.append({"url": SD + "ror-healthcareservice-patient-type", "extension": [range_]})
    return {
        "resourceType": "HealthcareService",
        "id": id_,
        "extension": extension,
        "providedBy": {"reference": provided_by},
        "type": [concept(codesystems.FIELD, field)],
        "specialty": [concept(codesystems.ACTIVITY, activity, "Une activité")] if activity else [],
        "location": [{"reference": f"Location/{place}"} for place in places],
        "name": f"Offer {id_}",
        "characteristic": [concept(system, code) for system, code in characteristics],
    } | more


def location(id_: str = "10", *, commune: str = "44162", postal_code: str = "44800", **more: Any) -> Resource:
    """Give a Location."""
    return {
        "resourceType": "Location",
        "id": id_,
        "extension": [{"url": SD + "ror-commune-cog", "valueCodeableConcept": concept(codesystems.COMMUNE, commune)}],
        "address": {"postalCode": postal_code, "city": "Saint-Herblain"},
    } | more


def contact(level: str | None, *telecoms: tuple[str, str | None]) -> Resource:
    """Give the contact extension of an offer; telecoms are (address, level)."""

    def confidentiality(url: str, code: str | None) -> list[Resource]:
        if code is None:
            return []
        return [{"url": SD + url, "valueCodeableConcept": concept(codesystems.CONFIDENTIALITY, code)}]

    return {
        "url": SD + "ror-healthcareservice-contact",
        "extension": [
            *confidentiality("ror-confidentiality-level", level),
            *(
                {
                    "url": SD + "ror-healthcareservice-contact-telecom",
                    "extension": [
                        {"url": "telecomAddress", "valueString": address},
                        *confidentiality("ror-telecom-confidentiality-level", code),
                    ],
                }
                for address, code in telecoms
            ),
        ],
    }


def page(
    *resources: Resource,
    distances: Mapping[str, float] | None = None,
    next_: str | None = None,
    total: int | None = None,
) -> bytes:
    """Give a searchset Bundle; distances are km by Location id."""
    entries = []
    for resource in resources:
        matches = resource.get("resourceType") == "HealthcareService"
        search: Resource = {"mode": "match" if matches else "include"}
        if resource.get("id") in (distances or {}) and not matches:
            assert distances is not None
            search["extension"] = [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/location-distance",
                    "valueDistance": {"value": distances[resource["id"]], "unit": "km"},
                }
            ]
        entries.append({"fullUrl": f"https://ror.example/{resource.get('id')}", "resource": resource, "search": search})
    links = [{"relation": "next", "url": next_}] if next_ else []
    body: Resource = {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries}
    return json.dumps(body | ({"total": total} if total is not None else {})).encode()


def searchset(*resources: Resource, distances: Mapping[str, float] | None = None) -> Searchset:
    """Give what the client makes of one page with *resources*."""
    found = Searchset()
    bundle.add_page(page(*resources, distances=distances), found, keep_raw=True)
    assert not found.broken
    return found
