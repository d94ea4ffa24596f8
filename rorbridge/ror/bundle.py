"""Reading what the ROR sends: searchset Bundles, page by page, and OperationOutcomes.

One entry that cannot be read costs that entry; it is told, and the rest is used.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from rorbridge.orientation import fhir
from rorbridge.ror.errors import RorAnswerError

_ISSUE_CODE = re.compile("[a-z-]{1,40}")
_MOST_ISSUES = 5
_LONGEST_DIAGNOSTICS = 400
_DISTANCE = "http://hl7.org/fhir/StructureDefinition/location-distance"
_FARTHEST_KM = 20_040.0
"""Half around the earth: no place is farther away than that."""

_MOST_ENTRIES = 100_000
"""Entries of one page; 200 offers with all that belongs to them have a few thousand."""
_DEEPEST = 64
"""Levels of a resource that is passed on as it came; those of the ROR have about ten."""
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for what it cannot read; the last for brackets within brackets."""


class _Link(msgspec.Struct, gc=False):
    relation: str = ""
    url: str = ""


class _Search(msgspec.Struct, gc=False):
    mode: str | None = None
    extension: tuple[fhir.Extension, ...] = ()


class _Entry(msgspec.Struct, gc=False):
    resource: msgspec.Raw = msgspec.Raw()
    search: _Search | None = None


class _Bundle(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    total: int | None = None
    link: tuple[_Link, ...] = ()
    entry: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(max_length=_MOST_ENTRIES)] = ()


class _Kind(msgspec.Struct, rename="camel", gc=False):
    resource_type: str = ""
    id: str = "?"


class _RawIssue(msgspec.Struct, gc=False):
    severity: str | None = None
    code: str | None = None
    diagnostics: str | None = None


class _Outcome(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    issue: tuple[_RawIssue, ...] = ()


class _Named(msgspec.Struct, gc=False):
    name: str = ""


class _CapableResource(msgspec.Struct, rename="camel"):
    type: str = ""
    search_param: tuple[_Named, ...] = ()


class _Rest(msgspec.Struct):
    resource: tuple[_CapableResource, ...] = ()


class _Capability(msgspec.Struct):
    rest: tuple[_Rest, ...] = ()


_BUNDLE = msgspec.json.Decoder(_Bundle)
_ENTRY = msgspec.json.Decoder(_Entry)
_KIND = msgspec.json.Decoder(_Kind)
_CAPABILITY = msgspec.json.Decoder(_Capability)
_OUTCOME = msgspec.json.Decoder(_Outcome)
_SERVICE = msgspec.json.Decoder(fhir.HealthcareService)
_LOCATION = msgspec.json.Decoder(fhir.Location)
_ORGANIZATION = msgspec.json.Decoder(fhir.Organization)
_ROLE = msgspec.json.Decoder(fhir.PractitionerRole)
_PRACTITIONER = msgspec.json.Decoder(fhir.Practitioner)


def add_page(page: bytes, found: fhir.Searchset, *, keep_raw: bool = False) -> str | None:
    """Add a page's resources to *found* and give the URL of the next page, or None after the last.

    With *keep_raw* the resources are kept as they came as well, and the page with them.

    Raises RorAnswerError when the page is no searchset at all.
    """
    try:
        bundle = _BUNDLE.decode(page)
    except _UNREADABLE as error:
        raise RorAnswerError(f"a page of {len(page)} bytes is no FHIR JSON: {error}") from None
    if bundle.resource_type != "Bundle":
        raise RorAnswerError("a page is FHIR JSON, but no Bundle")
    if bundle.total is not None and found.total is None:
        found.total = bundle.total
    for number, entry in enumerate(bundle.entry):
        try:
            _add_entry(entry, found, keep_raw=keep_raw)
        except _UNREADABLE as error:
            found.broken.append(f"entry {number}, {_kind_of(entry)}: {error}")
    return next((link.url for link in bundle.link if link.relation == "next" and link.url), None)


def searchable(body: bytes) -> frozenset[str]:
    """Give the search parameters of HealthcareService that a CapabilityStatement offers.

    Raises RorAnswerError when the body is none.
    """
    try:
        statement = _CAPABILITY.decode(body)
    except _UNREADABLE as error:
        raise RorAnswerError(f"/metadata is no CapabilityStatement: {error}") from None
    return frozenset(
        parameter.name
        for rest in statement.rest
        for resource in rest.resource
        if resource.type == "HealthcareService"
        for parameter in resource.search_param
    )


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of an OperationOutcome."""

    code: str
    """Of FHIR's issue-type codes, such as ``business-rule``; ``unknown`` for what is none."""
    diagnostics: str
    """In the server's words, which may repeat what it was asked: for who asked, not for logs."""


def outcome(body: bytes) -> tuple[Issue, ...]:
    """Give the first issues of an OperationOutcome; none when the body is something else.

    Reads no more than code and diagnostics, since published examples have ``expression`` in two shapes.
    """
    try:
        found = _OUTCOME.decode(body)
    except _UNREADABLE:
        return ()
    if found.resource_type != "OperationOutcome":
        return ()
    return tuple(
        Issue(
            issue.code if issue.code and _ISSUE_CODE.fullmatch(issue.code) else "unknown",
            (issue.diagnostics or "no text")[:_LONGEST_DIAGNOSTICS],
        )
        for issue in found.issue[:_MOST_ISSUES]
    )


def _add_entry(raw: msgspec.Raw, found: fhir.Searchset, *, keep_raw: bool) -> None:
    entry = _ENTRY.decode(raw)
    if not bytes(entry.resource):
        found.broken.append("an entry without a resource")
        return
    kind = _kind(entry.resource, keep_raw=keep_raw)
    match kind.resource_type:
        case "HealthcareService":
            service = _SERVICE.decode(entry.resource)
            if entry.search is None or entry.search.mode != "include":
                found.services[service.id] = service
        case "Location":
            location = _LOCATION.decode(entry.resource)
            found.locations[location.id] = location
            if (distance := _distance(entry.search)) is not None:
                found.distances[location.id] = distance
        case "Organization":
            organization = _ORGANIZATION.decode(entry.resource)
            found.organizations[organization.id] = organization
        case "PractitionerRole":
            role = _ROLE.decode(entry.resource)
            found.roles[role.id] = role
        case "Practitioner":
            practitioner = _PRACTITIONER.decode(entry.resource)
            found.practitioners[practitioner.id] = practitioner
        case _:
            return  # an OperationOutcome with a remark, or a resource that we did not ask for
    if keep_raw:
        found.raw[f"{kind.resource_type}/{kind.id}"] = entry.resource


def _kind(raw: msgspec.Raw, *, keep_raw: bool) -> _Kind:
    if keep_raw:
        _ensure_plain(raw)
    return _KIND.decode(raw)


def _ensure_plain(raw: msgspec.Raw) -> None:
    """Make sure that a resource can be passed on as it came: what we do not use of it was passed over so far.

    Raises msgspec.MsgspecError or UnicodeDecodeError.
    """
    level: list[Any] = [msgspec.json.decode(raw)]
    for _ in range(_DEEPEST):
        level = [part for one in level if isinstance(one, dict | list) for part in _parts(one)]
    if level:
        raise msgspec.ValidationError(f"nested deeper than {_DEEPEST} levels")


def _parts(one: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return one.values() if isinstance(one, dict) else one


def _distance(search: _Search | None) -> float | None:
    """Give the distance in km of an included Location (ROR-API 2.8)."""
    found = fhir.extension(search.extension, _DISTANCE) if search else None
    value = found.value_distance.value if found and found.value_distance else None
    return value if value is not None and 0 <= value <= _FARTHEST_KM else None


def _kind_of(raw: msgspec.Raw) -> str:
    try:
        entry = _ENTRY.decode(raw)
        kind = _KIND.decode(entry.resource)
    except _UNREADABLE:
        kind = None
    return f"{kind.resource_type}/{kind.id}" if kind else "of no readable kind"
