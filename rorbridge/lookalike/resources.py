"""The data that the look-alike serves: plain FHIR R4 resources by id."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rorbridge.lookalike.codes import Json

RESOURCE_TYPES = ("HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole")
"""The types that the ROR serves, in the order in which it lists them (ROR-API section 3)."""


@dataclass(slots=True)
class Dataset:
    """Resources by id, one mapping for each type.

    Resources share parts such as codings and opening hours: read them, never change them.
    """

    healthcare_services: dict[str, Json] = field(default_factory=dict)
    locations: dict[str, Json] = field(default_factory=dict)
    organizations: dict[str, Json] = field(default_factory=dict)
    practitioners: dict[str, Json] = field(default_factory=dict)
    practitioner_roles: dict[str, Json] = field(default_factory=dict)

    def of_type(self, resource_type: str) -> dict[str, Json]:
        """Give the resources of a FHIR type such as ``Location``; KeyError for a type that is not served."""
        return {
            "HealthcareService": self.healthcare_services,
            "Location": self.locations,
            "Organization": self.organizations,
            "Practitioner": self.practitioners,
            "PractitionerRole": self.practitioner_roles,
        }[resource_type]

    def add(self, resource: Json) -> Json:
        """Take *resource* in under its type and id, and give it back."""
        self.of_type(resource["resourceType"])[resource["id"]] = resource
        return resource

    def __iter__(self) -> Iterator[Json]:
        for resource_type in RESOURCE_TYPES:
            yield from self.of_type(resource_type).values()

    def __len__(self) -> int:
        return sum(len(self.of_type(resource_type)) for resource_type in RESOURCE_TYPES)
