"""The same answer as a FHIR R4 searchset Bundle: what was kept, in its order, after the audience's policy.

Source: https://hl7.org/fhir/R4/bundle.html (``search.mode``), and the extension location-distance.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from rorbridge.orientation import fhir
from rorbridge.orientation.assemble import CONFIDENTIALITY_URLS, RESTRICTED
from rorbridge.orientation.match import Verdict
from rorbridge.orientation.policy import Audience, may_know_people, may_read

_DISTANCE = "http://hl7.org/fhir/StructureDefinition/location-distance"
_LEVELS = {fhir.SD + url for url in CONFIDENTIALITY_URLS} | set(CONFIDENTIALITY_URLS)
_CONTACT = fhir.SD + "ror-healthcareservice-contact"
_CONTACT_TELECOM = fhir.SD + "ror-healthcareservice-contact-telecom"

Resource = dict[str, Any]


def bundle(
    kept: Sequence[Verdict], total: int, found: fhir.Searchset, audience: Audience, redactions: Counter[str]
) -> Resource:
    """Build the Bundle of *kept* candidates from the resources as they came, restricted elements taken out.

    *total* counts all that meet the need, kept here or not; *redactions* what was taken out, by rule.
    """
    entries: dict[str, Resource] = {}
    for verdict in kept:
        for reference, mode in _references(verdict, audience, redactions):
            raw = found.raw.get(reference)
            if raw is not None and reference not in entries:
                resource = _redacted(msgspec.json.decode(raw), audience, redactions)
                entries[reference] = _entry(reference, resource, mode, found.distances)
    return {"resourceType": "Bundle", "type": "searchset", "total": total, "entry": list(entries.values())}


def _references(verdict: Verdict, audience: Audience, redactions: Counter[str]) -> Iterator[tuple[str, str]]:
    candidate = verdict.candidate
    yield f"HealthcareService/{candidate.service.id}", "match"
    for place in candidate.places:
        yield f"Location/{place.location.id}", "include"
    for organization in candidate.organizations:
        yield f"Organization/{organization.id}", "include"
    if candidate.roles and not may_know_people(audience, candidate.field):
        redactions["practitioner"] += len(candidate.roles)
        return
    for role, person in candidate.roles:
        yield f"PractitionerRole/{role.id}", "include"
        if person:
            yield f"Practitioner/{person.id}", "include"


def _entry(reference: str, resource: Resource, mode: str, distances: dict[str, float]) -> Resource:
    search: Resource = {"mode": mode}
    kind, _, id_ = reference.partition("/")
    if kind == "Location" and id_ in distances:
        distance = {"value": distances[id_], "unit": "km", "system": "http://unitsofmeasure.org", "code": "km"}
        search["extension"] = [{"url": _DISTANCE, "valueDistance": distance}]
    return {"fullUrl": f"urn:rorbridge:{kind}:{id_}", "resource": resource, "search": search}


def _redacted(resource: Resource, audience: Audience, redactions: Counter[str]) -> Resource:
    """Take out the contacts and telecoms that *audience* may not read, wherever a resource has them.

    What has not the shape that FHIR gives it does not say who may read it, so it goes, too.
    """
    telecoms = [one for one in _elements(resource, "telecom") if _allowed(one, 1, audience)]
    _keep(resource, "telecom", telecoms, "telecom", redactions)
    contacts = [one for one in _elements(resource, "contact") if _allowed(one, 1, audience)]
    for one in contacts:
        level = _level(one)
        allowed = [telecom for telecom in _elements(one, "telecom") if _allowed(telecom, level, audience)]
        _keep(one, "telecom", allowed, "telecom", redactions)
    _keep(resource, "contact", contacts, "contact", redactions)
    _keep(resource, "extension", list(_extensions(resource, audience, redactions)), "contact", redactions)
    return resource


def _extensions(resource: Resource, audience: Audience, redactions: Counter[str]) -> Iterator[Resource]:
    for one in _elements(resource, "extension"):
        if one.get("url") == _CONTACT:
            if not _allowed(one, 1, audience):
                continue
            level = _level(one)
            parts = [
                part
                for part in _elements(one, "extension")
                if part.get("url") != _CONTACT_TELECOM or _allowed(part, level, audience)
            ]
            _keep(one, "extension", parts, "telecom", redactions)
        yield one


def _elements(holder: Resource, name: str) -> list[Resource]:
    """Give the elements of a list, as far as they are any."""
    found = holder.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _keep(holder: Resource, name: str, kept: list[Resource], rule: str, redactions: Counter[str]) -> None:
    """Put what is kept in the place of what there was; FHIR knows no empty lists."""
    if hidden := len(_elements(holder, name)) - len(kept):
        redactions[rule] += hidden
    if kept:
        holder[name] = kept
    else:
        holder.pop(name, None)


def _allowed(element: Resource, at_least: int, audience: Audience) -> bool:
    return may_read(audience, max(at_least, _level(element)))


def _level(element: Resource) -> int:
    """Give the strictest level that an element names; a missing or unknown one counts as restricted."""
    levels = []
    for one in _elements(element, "extension"):
        if str(one.get("url")) in _LEVELS:
            concept = one.get("valueCodeableConcept")
            codings = _elements(concept, "coding") if isinstance(concept, dict) else []
            code = next((coding["code"] for coding in codings if coding.get("code")), None)
            levels.append(int(code) if isinstance(code, str) and code in {"1", "2", "3"} else RESTRICTED)
    return max(levels, default=RESTRICTED)
