"""Reading what the ROR sends: searchset Bundles, page by page, and OperationOutcomes.

One entry that cannot be read costs that entry; it is told, and the rest is used.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
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


class _Remark(msgspec.Struct, gc=False, tag_field="resourceType", tag="OperationOutcome"):
    pass


class _Entry(msgspec.Struct, gc=False):
    resource: (
        fhir.HealthcareService | fhir.Location | fhir.Organization | fhir.PractitionerRole | fhir.Practitioner | _Remark
    )
    search: _Search | None = None


class _RawEntry(msgspec.Struct, gc=False):
    resource: msgspec.Raw = msgspec.Raw()


class _Page(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    total: int | None = None
    link: tuple[_Link, ...] = ()


class _Bundle(_Page):
    entry: Annotated[tuple[_Entry, ...], msgspec.Meta(max_length=_MOST_ENTRIES)] = ()


class _RawBundle(_Page):
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
_RAW_BUNDLE = msgspec.json.Decoder(_RawBundle)
_ENTRY = msgspec.json.Decoder(_Entry)
_RAW_ENTRY = msgspec.json.Decoder(_RawEntry)
_KIND = msgspec.json.Decoder(_Kind)
_CAPABILITY = msgspec.json.Decoder(_Capability)
_OUTCOME = msgspec.json.Decoder(_Outcome)

_KINDS = {"HealthcareService", "Location", "Organization", "PractitionerRole", "Practitioner"}
"""Resources that are read; others are passed over: a remark of the server's, or what we did not ask for."""


def add_page(page: bytes, found: fhir.Searchset, *, keep_raw: bool = False) -> str | None:
    """Add a page's resources to *found* and give the URL of the next page, or None after the last.

    With *keep_raw* the resources are kept as they came as well, and the page with them.

    Raises RorAnswerError when the page is no searchset at all. Source: ROR-API 3.4, https://hl7.org/fhir/R4/bundle.html.
    """
    bundle = _read(page, keep_raw=keep_raw)
    if bundle.resource_type != "Bundle":
        raise RorAnswerError("a page is FHIR JSON, but no Bundle")
    if bundle.total is not None and found.total is None:
        found.total = bundle.total
    if isinstance(bundle, _Bundle):
        for entry in bundle.entry:
            _add(entry, found)
    else:
        for number, raw in enumerate(bundle.entry):
            try:
                _add_raw(raw, found, keep_raw=keep_raw)
            except _UNREADABLE as error:
                found.broken.append(f"entry {number}, {_kind_of(raw)}: {error}")
    return next((link.url for link in bundle.link if link.relation == "next" and link.url), None)


def searchable(body: bytes) -> frozenset[str]:
    """Give the search parameters of HealthcareService that a CapabilityStatement offers.

    Raises RorAnswerError when the body is none. Source: https://hl7.org/fhir/R4/capabilitystatement.html.
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

    Reads no more than code and diagnostics, since published examples have ``expression`` in two shapes (ROR-API 3.8).
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


def _read(page: bytes, *, keep_raw: bool) -> _Bundle | _RawBundle:
    """Read a page in one go; where something in it cannot be read, leave its entries to be read one by one."""
    if not keep_raw:
        with suppress(*_UNREADABLE):
            return _BUNDLE.decode(page)
    try:
        return _RAW_BUNDLE.decode(page)
    except _UNREADABLE as error:
        raise RorAnswerError(f"a page of {len(page)} bytes is no FHIR JSON: {error}") from None


def _add_raw(raw: msgspec.Raw, found: fhir.Searchset, *, keep_raw: bool) -> None:
    resource = _RAW_ENTRY.decode(raw).resource
    if not bytes(resource):
        found.broken.append("an entry without a resource")
        return
    kind = _kind(resource, keep_raw=keep_raw)
    if kind.resource_type not in _KINDS:
        return
    _add(_ENTRY.decode(raw), found)
    if keep_raw:
        found.raw[f"{kind.resource_type}/{kind.id}"] = resource


def _add(entry: _Entry, found: fhir.Searchset) -> None:
    match entry.resource:
        case fhir.HealthcareService() as service:
            if entry.search is None or entry.search.mode != "include":
                found.services[service.id] = service
        case fhir.Location() as location:
            found.locations[location.id] = location
            if (distance := _distance(entry.search)) is not None:
                found.distances[location.id] = distance
        case fhir.Organization() as organization:
            found.organizations[organization.id] = organization
        case fhir.PractitionerRole() as role:
            found.roles[role.id] = role
        case fhir.Practitioner() as practitioner:
            found.practitioners[practitioner.id] = practitioner


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
        kind = _KIND.decode(_RAW_ENTRY.decode(raw).resource)
    except _UNREADABLE:
        kind = None
    return f"{kind.resource_type}/{kind.id}" if kind else "of no readable kind"
