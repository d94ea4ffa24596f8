"""A candidate: one HealthcareService of an answer with everything that belongs to it."""

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from rorbridge.orientation import fhir
from rorbridge.orientation.held import NONE, Held, held

Role = tuple[fhir.PractitionerRole, fhir.Practitioner | None]
"""A professional's work for an offer, and who that is as far as we may see."""


class CandidatePlace(msgspec.Struct, frozen=True, gc=False):
    """A place of the offer with its distance from the point asked, in km, where the ROR gave one."""

    location: fhir.Location
    distance_km: float | None


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """An offer as the ROR returned it, joined, before anything is verified."""

    service: fhir.HealthcareService
    places: tuple[CandidatePlace, ...]
    organizations: tuple[fhir.Organization, ...]
    """The one that provides the offer, then what it is part of, upwards."""
    roles: tuple[Role, ...]
    """Who works for it, as far as we may see."""
    missing_places: int
    """Places that the offer names but the answer does not hold."""
    held: Held
    """The codes of the offer."""
    sensitive: bool
    """Whether the offer is a sensitive unit (unité sensible)."""

    @property
    def field(self) -> str | None:
        """The code of the offer's field (champ d'activité)."""
        return next((one.code for one in self.held.get("field", NONE).values()), None)


def join(found: fhir.Searchset) -> Iterator[Candidate]:
    """Join the resources of an answer, one offer at a time (ROR-API 1). References that lead out of it are left out."""
    roles = defaultdict(list)
    for role in found.roles.values():
        practitioner = found.practitioners.get(fhir.reference_id(role.practitioner, "Practitioner") or "")
        for reference in role.healthcare_service:
            roles[fhir.reference_id(reference, "HealthcareService")].append((role, practitioner))
    for service in found.services.values():
        yield _candidate(service, found, tuple(roles.get(service.id, ())))


def _candidate(
    service: fhir.HealthcareService,
    found: fhir.Searchset,
    roles: tuple[Role, ...],
) -> Candidate:
    named = dict.fromkeys(fhir.reference_id(one, "Location") or "" for one in service.location)
    places = tuple(
        CandidatePlace(found.locations[id_], found.distances.get(id_)) for id_ in named if id_ in found.locations
    )
    sensitive = fhir.extension(service.extension, "ror-healthcareservice-sensitive-unit")
    return Candidate(
        service=service,
        places=places,
        organizations=_levels(service.provided_by, found.organizations),
        roles=roles,
        missing_places=len(named) - len(places),
        held=held(service),
        sensitive=bool(sensitive and sensitive.value_boolean),
    )


def _levels(
    lowest: fhir.Reference | None, organizations: dict[str, fhir.Organization]
) -> tuple[fhir.Organization, ...]:
    """Climb from the providing organisation; an organisation that is part of itself ends the way."""
    levels: dict[str, fhir.Organization] = {}
    id_ = fhir.reference_id(lowest, "Organization")
    while id_ and id_ not in levels and id_ in organizations:
        levels[id_] = organizations[id_]
        id_ = fhir.reference_id(levels[id_].part_of, "Organization")
    return tuple(levels.values())
