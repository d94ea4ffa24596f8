"""Does this offer meet this need? Every criterion is verified on the returned data, with the evidence.

The server's answer is a hint only: an offer is kept when each criterion is met on the data, or when our access profile
does not let us see what it takes to tell. What is asked of the place (where it is, its beds, its devices) must be met
by one and the same place.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from rorbridge.events import codesystems as cs
from rorbridge.events.codes import AllOf, Codes, is_met
from rorbridge.events.need import Capacity, Equipment, Establishment, Professional
from rorbridge.events.offer import Evidence, Outcome
from rorbridge.events.request import OrientationRequest
from rorbridge.orientation import age, capacity, fhir, opening, people, territory
from rorbridge.orientation.candidate import Candidate, CandidatePlace
from rorbridge.orientation.closure import offer_closed, place_closed
from rorbridge.orientation.criteria import AskedCodes, asked
from rorbridge.orientation.held import NONE
from rorbridge.orientation.policy import Element, sees

CLOSED = "closed"
"""The reason for which a closed offer is left out."""
CAPACITY = "capacity"
"""The criterion whose unverified offers are dropped unless the request says otherwise."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """Whether a candidate is kept, by which evidence and from which place, or why not."""

    candidate: Candidate
    left_out: str | None
    """The criterion that is not met, or ``closed``; None for an offer that is kept."""
    evidence: tuple[Evidence, ...] = ()
    distance_km: float | None = None
    """Kilometres to the nearest place that meets the need."""
    place: CandidatePlace | None = None
    """That place; without a point asked, any that meets the need."""

    @property
    def unverified(self) -> tuple[str, ...]:
        """The criteria of which we cannot see whether they are met."""
        return tuple(one.criterion for one in self.evidence if one.outcome is Outcome.NOT_VISIBLE)


Finding = tuple[bool | None, str]
"""Whether something is met, None when that cannot be seen, and the value that decided it."""


@dataclass(frozen=True, slots=True)
class _PlaceCheck:
    """Something that is asked of the place."""

    criterion: str
    asked: str
    check: Callable[[CandidatePlace, bool], Finding]
    """Looks at a place; told whether we see what it takes to tell."""
    element: Element | None = None
    """What it takes; None where the access profile has no part in it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of each offer that was found, worked out once for all of them."""

    request: OrientationRequest
    radius_km: float | None
    """None where no circle is asked for."""
    profile: int
    """By which access profile (0 to 5) we see the offers."""
    today: date
    """In Paris."""
    codes: tuple[AskedCodes, ...]
    places: tuple[_PlaceCheck, ...]


def wanted(request: OrientationRequest, radius_km: float | None, *, profile: int, today: date) -> Wanted:
    """Work out what *request* asks of offers within *radius_km*, as access *profile* lets us see them *today*."""
    return Wanted(request, radius_km, profile, today, asked(request.need), tuple(_place_checks(request, radius_km)))


def verify(candidate: Candidate, wanted: Wanted) -> Verdict:
    """Verify *candidate* against what is *wanted*. The first criterion that is not met ends it."""
    keeps_closed = wanted.request.answer.closed == "keep"
    if not keeps_closed and offer_closed(candidate, wanted.today):
        return Verdict(candidate, CLOSED)
    evidence: list[Evidence] = []
    for one in _offer_evidence(candidate, wanted):
        if one.outcome is Outcome.NOT_MET:
            return Verdict(candidate, one.criterion)
        evidence.append(one)
    found, place = _place_evidence(candidate, wanted, keeps_closed=keeps_closed)
    for one in found:
        if one.outcome is Outcome.NOT_MET:
            return Verdict(candidate, one.criterion)
    where = wanted.request.where
    around = where is not None and where.around
    return Verdict(candidate, None, (*evidence, *found), place.distance_km if place and around else None, place)


def age_range(service: fhir.HealthcareService) -> fhir.Range | None:
    """Give the ages that the offer takes in (ROR-API 2.2); None where it shows none."""
    patient = fhir.extension(service.extension, "ror-healthcareservice-patient-type")
    found = fhir.extension(patient.extension, "ageRange") if patient else None
    return found.value_range if found else None


def psychiatric_sectors(service: fhir.HealthcareService) -> tuple[str, ...]:
    """Give the psychiatric sectors of the offer (secteur psychiatrique, ROR-API 2.2)."""
    found = fhir.extensions(service.extension, "ror-healthcareservice-psychiatric-sector")
    return tuple(one.value_string for one in found if one.value_string)


def _sees(candidate: Candidate, element: Element, profile: int) -> bool:
    return sees(profile, element, field=candidate.field, sensitive=candidate.sensitive)


def _evidence(name: str, wanted: str, finding: Finding, source: str) -> Evidence:
    met, value = finding
    outcome = Outcome.NOT_VISIBLE if met is None else Outcome.MET if met else Outcome.NOT_MET
    return Evidence(
        criterion=name, asked=wanted, outcome=outcome, found=(value,) if met and value else (), source=source
    )


def _offer_evidence(candidate: Candidate, wanted: Wanted) -> Iterator[Evidence]:
    """Verify what is asked of the offer as a whole."""
    need, where, profile = wanted.request.need, wanted.request.where, wanted.profile
    service = candidate.service
    source = f"HealthcareService/{service.id}"
    for one in wanted.codes:
        yield _coded(one, candidate, profile)
    if need.age:
        yield _evidence(
            "age", f"{need.age.value:g} {need.age.unit}", _age(service, need.age.value, need.age.unit), source
        )
    if need.psychiatric_sector:
        held = set(psychiatric_sectors(service)) & set(need.psychiatric_sector)
        seen = bool(held) or _sees(candidate, Element.OFFER, profile)
        finding = (bool(held) if seen else None, ", ".join(sorted(held)))
        yield _evidence("psychiatricSector", " or ".join(need.psychiatric_sector), finding, source)
    if need.open_at:
        yield _evidence("openAt", need.open_at.isoformat(), _open(candidate, need.open_at), source)
    if need.establishment:
        yield _establishment(candidate, need.establishment)
    if need.practitioner:
        yield _practitioner(candidate, need.practitioner, profile)
    if where and where.serves:
        served = [code for code in territory.served_communes(service) if code in where.serves]
        seen = bool(served) or _sees(candidate, Element.OFFER, profile)
        yield _evidence(
            "serves", territory.asked_text(where, None), (bool(served) if seen else None, ", ".join(served)), source
        )


def _coded(asked: AskedCodes, candidate: Candidate, profile: int) -> Evidence:
    criterion = asked.criterion
    held = candidate.held.get(criterion.name, NONE)
    found = [next((held[one] for one in meanings if one in held), None) for meanings in asked.tokens]
    values = [coding for coding in found if coding is not None]
    if all(found) if asked.all_of else values:
        outcome = Outcome.MET
    elif criterion.required and not held:
        outcome = Outcome.NOT_VISIBLE
    else:
        seen = bool(held) or _sees(candidate, criterion.element, profile)
        outcome = Outcome.NOT_MET if seen else Outcome.NOT_VISIBLE
    return Evidence(
        criterion=criterion.name,
        asked=asked.text,
        outcome=outcome,
        found=tuple(f"{coding.code} {coding.display or ''}".rstrip() for coding in values),
        source=f"HealthcareService/{candidate.service.id}",
    )


def _age(service: fhir.HealthcareService, value: float, unit: str) -> Finding:
    range_ = age_range(service)
    if range_ is None:
        return None, ""

    def bound(quantity: fhir.Quantity | None) -> str:
        return f"{quantity.value:g} {age.unit(quantity)}" if quantity and quantity.value is not None else "…"

    return age.takes_in(range_, value, unit), f"{bound(range_.low)} to {bound(range_.high)}"


def _open(candidate: Candidate, moment: datetime) -> Finding:
    if offer_closed(candidate, moment.astimezone(opening.PARIS).date()):
        return False, ""
    return opening.open_at(candidate.service, moment)


def _establishment(candidate: Candidate, wanted: Establishment) -> Evidence:
    """Look for an organisation above the offer that has the number, and for one that has the category."""
    numbers = [{wanted.finess, f"1{wanted.finess}"}] if wanted.finess else []
    numbers += [{wanted.id_nat_struct}] if wanted.id_nat_struct else []
    systems = (cs.ESTABLISHMENT_CATEGORY, cs.SECTOR_OF_ACTIVITY)
    named = [
        (organization, one.value)
        for organization in candidate.organizations
        for one in organization.identifier
        if one.value and any(one.value in spellings for spellings in numbers)
    ]
    held = {value for _, value in named}
    categories = [
        (organization, coding.code)
        for organization in candidate.organizations
        for coding in fhir.codings(organization.type, *systems)
        if coding.code and coding.code in _codes(wanted.category)
    ]
    met: bool | None = all(spellings & held for spellings in numbers) and is_met(
        wanted.category, {code for _, code in categories}
    )
    if not met and not candidate.organizations:
        met = None
    deciding = named or categories
    return _evidence(
        "establishment",
        ", ".join(filter(None, [wanted.finess, wanted.id_nat_struct, *_codes(wanted.category)])),
        (met, ", ".join(value for _, value in (*named, *categories))),
        f"Organization/{deciding[0][0].id}" if deciding else f"HealthcareService/{candidate.service.id}",
    )


def _practitioner(candidate: Candidate, wanted: Professional, profile: int) -> Evidence:
    role = next((role for role in candidate.roles if people.meets(role, wanted)), None)
    seen = bool(candidate.roles) or _sees(candidate, Element.PRACTITIONER, profile)
    finding: Finding = (True, f"PractitionerRole/{role[0].id}") if role else (False if seen else None, "")
    source = f"PractitionerRole/{role[0].id}" if role else f"HealthcareService/{candidate.service.id}"
    return _evidence("practitioner", people.asked_text(wanted), finding, source)


def _place_checks(request: OrientationRequest, radius_km: float | None) -> Iterator[_PlaceCheck]:
    where, need = request.where, request.need
    if where and not where.serves:
        yield _PlaceCheck(
            where.chosen[0],
            territory.asked_text(where, radius_km),
            lambda place, _: territory.lies_there(place, where, radius_km),
        )
    for device in need.equipment:
        yield _device_check(device)
    if need.capacity:
        yield _capacity_check(need.capacity)


def _device_check(asked_for: Equipment) -> _PlaceCheck:
    wanted = capacity.device_text(asked_for)

    def check(place: CandidatePlace, seen: bool) -> Finding:
        held = list(capacity.equipment_of(place.location))
        if any(capacity.device_meets(one, asked_for) for one in held):
            return True, wanted
        return (False if held or seen else None), ""

    return _PlaceCheck("equipment", wanted, check, Element.EQUIPMENT)


def _capacity_check(asked_for: Capacity) -> _PlaceCheck:
    def check(place: CandidatePlace, seen: bool) -> Finding:
        met = next((one for one in capacity.indicators(place.location) if capacity.meets(one, asked_for)), None)
        return (True, capacity.describe(met)) if met else (False if seen else None, "")

    return _PlaceCheck(CAPACITY, capacity.asked_text(asked_for), check, capacity.element(asked_for))


def _place_evidence(
    candidate: Candidate, wanted: Wanted, *, keeps_closed: bool
) -> tuple[list[Evidence], CandidatePlace | None]:
    """Find the place that meets all that is asked of one, the nearest of several.

    Best is a place of which everything is met, next one of which something cannot be seen. Where the offer names
    places that the answer does not hold, or none at all, what it takes to tell may have been hidden.
    """
    places = [one for one in candidate.places if keeps_closed or not place_closed(one.location)]
    if not wanted.places:
        return [], min(places, key=_nearness, default=None)
    checks = [
        (one.check, one.element is None or _sees(candidate, one.element, wanted.profile)) for one in wanted.places
    ]
    judged = [(place, [check(place, seen) for check, seen in checks]) for place in places]
    hidden = candidate.missing_places > 0 or not candidate.places
    place, findings = min(judged, key=_order) if len(judged) > 1 else judged[0] if judged else (None, [])
    if place and not (hidden and _fails(findings)):
        source = f"Location/{place.location.id}"
        told = zip(wanted.places, findings, strict=True)
        return [_evidence(check.criterion, check.asked, finding, source) for check, finding in told], place
    outcome: Finding = (None if hidden else False, "")
    source = f"HealthcareService/{candidate.service.id}"
    return [_evidence(check.criterion, check.asked, outcome, source) for check in wanted.places], None


def _order(judged: tuple[CandidatePlace, list[Finding]]) -> tuple[bool, int, float, str]:
    """Give the best place first, the nearest of several."""
    place, findings = judged
    return _fails(findings), -sum(met is True for met, _ in findings), *_nearness(place)


def _fails(findings: list[Finding]) -> bool:
    return any(met is False for met, _ in findings)


def _nearness(place: CandidatePlace) -> tuple[float, str]:
    return (float("inf") if place.distance_km is None else place.distance_km, place.location.id)


def _codes(codes: Codes) -> tuple[str, ...]:
    return codes.all_of if isinstance(codes, AllOf) else codes
