"""Does this offer meet this need? Every criterion is verified on the returned data, with the evidence.

The server's answer is a hint only: an offer is kept when each criterion is met on the data, or when our access
profile does not let us see what it takes to tell.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from rorbridge.events import codesystems
from rorbridge.events.offer import Evidence, Outcome
from rorbridge.events.request import AllOf, Codes, Need, Where
from rorbridge.orientation import age, fhir
from rorbridge.orientation.candidate import Candidate, CandidatePlace
from rorbridge.orientation.closure import offer_closed, place_closed
from rorbridge.orientation.policy import Element, sees

CLOSED = "closed"
"""The reason for which a closed offer is left out."""

_ROUNDING_KM = 0.05
"""Distances come rounded, to 0.1 km in the ANS's examples."""


@dataclass(frozen=True, slots=True)
class CodedCriterion:
    """A criterion on coded elements of the offer."""

    field: str
    """Attribute of Need."""
    name: str
    """Name in the request."""
    system: str
    elements: Callable[[fhir.HealthcareService], tuple[fhir.CodeableConcept, ...]]
    required: bool = False
    """Whether the ROR's profile requires it, so that absence can only mean that it was hidden."""
    element: Element = Element.OFFER


def _characteristics(service: fhir.HealthcareService) -> tuple[fhir.CodeableConcept, ...]:
    return service.characteristic


CODED = (
    CodedCriterion("activity", "activity", codesystems.ACTIVITY, lambda service: service.specialty, required=True),
    CodedCriterion("offer_type", "offerType", codesystems.OFFER_TYPE, lambda service: service.category),
    CodedCriterion("care_mode", "careMode", codesystems.CARE_MODE, _characteristics, required=True),
    CodedCriterion("reception_modality", "receptionModality", codesystems.RECEPTION_MODALITY, _characteristics),
    CodedCriterion(
        "specialisation",
        "specialisation",
        codesystems.SPECIALISATION,
        _characteristics,
        element=Element.OFFER_DETAIL,
    ),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a candidate is kept, why not, by which evidence, and how far it is."""

    candidate: Candidate
    left_out: str | None
    """The criterion that is not met, or ``closed``; None for an offer that is kept."""
    evidence: tuple[Evidence, ...] = ()
    distance_km: float | None = None
    """To the nearest place that meets the need."""


def verify(
    candidate: Candidate, need: Need, where: Where, radius_km: float | None, *, profile: int, today: date
) -> Verdict:
    """Verify *candidate* against *need* within *radius_km*, as access *profile* lets us see it.

    The first criterion that is not met ends it.
    """
    if offer_closed(candidate.service, today):
        return Verdict(candidate, CLOSED)
    evidence: list[Evidence] = []
    for one in _criteria(candidate, need, where, radius_km, profile):
        if one.outcome is Outcome.NOT_MET:
            return Verdict(candidate, one.criterion, (one,))
        evidence.append(one)
    return Verdict(candidate, None, tuple(evidence), _distance(candidate, where, radius_km))


def sensitive(service: fhir.HealthcareService) -> bool:
    """Tell whether the offer is a sensitive unit (unité sensible)."""
    found = fhir.extension(service.extension, "ror-healthcareservice-sensitive-unit")
    return bool(found and found.value_boolean)


def age_range(service: fhir.HealthcareService) -> fhir.Range | None:
    """Give the ages that the offer takes in."""
    patient = fhir.extension(service.extension, "ror-healthcareservice-patient-type")
    found = fhir.extension(patient.extension, "ageRange") if patient else None
    return found.value_range if found else None


def commune(location: fhir.Location) -> str | None:
    """Give the INSEE code of a place's commune."""
    found = fhir.extension(location.extension, "ror-commune-cog")
    return fhir.concept_code(found.value_codeable_concept) if found else None


def department(location: fhir.Location) -> str | None:
    """Give the department of a place: by its commune, else by its postal code.

    The commune decides, since a few communes have a postal code of the neighbouring department. Postal codes tell
    the two Corsican departments apart by 200/201 and the rest.
    """
    if insee := commune(location):
        return insee[:3] if insee.startswith(("97", "98")) else insee[:2]
    postal = location.address.postal_code if location.address else None
    if not postal:
        return None
    if postal.startswith("20"):
        return "2A" if postal.startswith(("200", "201")) else "2B"
    return postal[:3] if postal.startswith(("97", "98")) else postal[:2]


def _criteria(
    candidate: Candidate, need: Need, where: Where, radius_km: float | None, profile: int
) -> Iterator[Evidence]:
    for criterion in CODED:
        asked: Codes = getattr(need, criterion.field)
        if asked:
            yield _coded(criterion, asked, candidate.service, profile)
    if need.age:
        yield _age(candidate.service, need.age.value, need.age.unit)
    yield _where(candidate, where, radius_km)


def _coded(criterion: CodedCriterion, asked: Codes, service: fhir.HealthcareService, profile: int) -> Evidence:
    wanted = asked.all_of if isinstance(asked, AllOf) else asked
    held = {coding.code: coding for coding in fhir.codings(criterion.elements(service), criterion.system)}
    found = [held[code] for code in wanted if code in held]
    met = len(found) == len(set(wanted)) if isinstance(asked, AllOf) else bool(found)
    if met:
        outcome = Outcome.MET
    elif criterion.required and not held:
        outcome = Outcome.NOT_VISIBLE
    else:
        field = next((c.code for c in fhir.codings(service.type, codesystems.FIELD)), None)
        seen = sees(profile, criterion.element, field=field, sensitive=sensitive(service))
        outcome = Outcome.NOT_MET if seen or held else Outcome.NOT_VISIBLE
    return Evidence(
        criterion=criterion.name,
        asked=(" and " if isinstance(asked, AllOf) else " or ").join(wanted),
        outcome=outcome,
        found=tuple(f"{coding.code} {coding.display or ''}".rstrip() for coding in found),
        source=f"HealthcareService/{service.id}",
    )


def _age(service: fhir.HealthcareService, value: float, unit: str) -> Evidence:
    range_ = age_range(service)
    taken = age.takes_in(range_, value, unit) if range_ else None
    outcome = Outcome.NOT_VISIBLE if taken is None else Outcome.MET if taken else Outcome.NOT_MET
    return Evidence(
        criterion="age",
        asked=f"{value:g} {unit}",
        outcome=outcome,
        found=(_range_text(range_),) if range_ and taken is not None else (),
        source=f"HealthcareService/{service.id}",
    )


def _range_text(range_: fhir.Range) -> str:
    def bound(quantity: fhir.Quantity | None) -> str:
        if quantity is None or quantity.value is None:
            return "…"
        return f"{quantity.value:g} {age.unit(quantity)}"

    return f"{bound(range_.low)} to {bound(range_.high)}"


def _where(candidate: Candidate, where: Where, radius_km: float | None) -> Evidence:
    """Verify the place: one that is open and lies where it was asked for."""
    name, asked = _where_asked(where, radius_km)
    unseen = candidate.missing_places > 0 or not candidate.places
    best: tuple[float, str, CandidatePlace] | None = None
    for place in candidate.places:
        if place_closed(place.location):
            continue
        value, meets = _place_value(place, where, radius_km)
        if meets is None:
            unseen = True
        elif meets:
            near = place.distance_km if place.distance_km is not None else 0.0
            if best is None or near < best[0]:
                best = (near, value, place)
    if best:
        return Evidence(
            criterion=name,
            asked=asked,
            outcome=Outcome.MET,
            found=(best[1],),
            source=f"Location/{best[2].location.id}",
        )
    return Evidence(criterion=name, asked=asked, outcome=Outcome.NOT_VISIBLE if unseen else Outcome.NOT_MET)


def _where_asked(where: Where, radius_km: float | None) -> tuple[str, str]:
    if where.near:
        return "near", f"within {radius_km:g} km of {where.near.latitude:g}, {where.near.longitude:g}"
    if where.commune:
        return "commune", f"within {radius_km:g} km of commune {where.commune}"
    if where.communes:
        return "communes", " or ".join(where.communes)
    if where.postal_codes:
        return "postalCodes", " or ".join(where.postal_codes)
    return "departments", " or ".join(where.departments or ())


def _place_value(place: CandidatePlace, where: Where, radius_km: float | None) -> tuple[str, bool | None]:
    """Give what a place has to show for *where*, and whether that meets it; None when it shows nothing."""
    if where.around:
        if place.distance_km is None or radius_km is None:
            return "", None
        return f"{place.distance_km:g} km", place.distance_km <= radius_km + _ROUNDING_KM
    if where.communes:
        value, wanted = commune(place.location), where.communes
    elif where.postal_codes:
        value = place.location.address.postal_code if place.location.address else None
        wanted = where.postal_codes
    else:
        value, wanted = department(place.location), where.departments or ()
    return value or "", None if value is None else value in wanted


def _distance(candidate: Candidate, where: Where, radius_km: float | None) -> float | None:
    """Give the distance of the nearest place that meets the need, in km."""
    if not where.around:
        return None
    distances = [
        place.distance_km
        for place in candidate.places
        if place.distance_km is not None
        and not place_closed(place.location)
        and _place_value(place, where, radius_km)[1]
    ]
    return min(distances, default=None)
