"""Everything that can be searched: tables, how they hang together, and the parameters by the name a client uses."""

from collections.abc import Iterable

from rorbridge.lookalike.elements import target, targets
from rorbridge.lookalike.resources import RESOURCE_TYPES, Dataset
from rorbridge.lookalike.search.indexes import Index
from rorbridge.lookalike.search.parameters import ABOVE, DEFINITIONS
from rorbridge.lookalike.search.tables import ChainedIndex, Join, Table

HAS = "_has:"
"""How a condition on a resource that refers to the one searched begins; documented by the ANS as a draft."""


class Catalog:
    """The tables of a data set with their joins.

    Joins lead to offers (or to roles, for `roles_of_offer`) in the order of ids.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        """What was indexed."""
        self.tables = {one: Table(dataset.of_type(one), DEFINITIONS[one]) for one in RESOURCE_TYPES}
        """Tables by resource type."""
        offers = self.tables["HealthcareService"].size
        self.offers_at_location = Join(offers)
        """Offers by the row of a Location."""
        self.locations_of_offer = Join(self.tables["Location"].size)
        """Locations by the row of an offer."""
        self.offers_of_organization = Join(offers)
        """Offers by the row of the Organization that provides them."""
        self.offers_below_organization = Join(offers)
        """Offers by the row of the Organization that provides them or is above the one that does."""
        self.offers_of_practitioner = Join(offers)
        """Offers by the row of a Practitioner who works for them."""
        self.roles_of_offer = Join(self.tables["PractitionerRole"].size)
        """PractitionerRoles by the row of an offer."""
        self._join_offers()
        self._join_roles()
        self.parameters = {one: self._parameters(one) for one in RESOURCE_TYPES}
        """Indexes by resource type and parameter, chains included."""

    def _join_offers(self) -> None:
        locations = self.tables["Location"].row_of
        organizations = self.tables["Organization"].row_of
        for row, offer_id in enumerate(self.tables["HealthcareService"].ids):
            offer = self.dataset.healthcare_services[offer_id]
            for location in _known(targets(offer.get("location")), locations):
                self.offers_at_location.add(location, row)
                self.locations_of_offer.add(row, location)
            provider = target(offer.get("providedBy"))
            if provider in organizations:
                self.offers_of_organization.add(organizations[provider], row)
            for organization in self.chain(provider):
                self.offers_below_organization.add(organizations[organization], row)

    def _join_roles(self) -> None:
        offers = self.tables["HealthcareService"].row_of
        practitioners = self.tables["Practitioner"].row_of
        for row, role_id in enumerate(self.tables["PractitionerRole"].ids):
            role = self.dataset.practitioner_roles[role_id]
            practitioner = target(role.get("practitioner"))
            for offer in _known(targets(role.get("healthcareService")), offers):
                self.roles_of_offer.add(offer, row)
                if practitioner in practitioners:
                    self.offers_of_practitioner.add(practitioners[practitioner], offer)

    def chain(self, organization: str | None) -> list[str]:
        """Give the ids of an organisation and of those above it, as far as they exist; a circle is cut."""
        found: list[str] = []
        while organization in self.dataset.organizations and organization not in found:
            found.append(organization)
            organization = target(self.dataset.organizations[organization].get("partOf"))
        return found

    def _parameters(self, resource_type: str) -> dict[str, Index]:
        known: dict[str, Index] = dict(self.tables[resource_type].indexes)
        if resource_type == "HealthcareService":
            for name, index in self.tables["Location"].indexes.items():
                known[f"location.{name}"] = ChainedIndex(index, self.offers_at_location)
            for name in sorted(ABOVE):
                index = self.tables["Organization"].indexes[name]
                known[f"organization.{name}:above"] = ChainedIndex(index, self.offers_below_organization)
            identifier = self.tables["Practitioner"].indexes["identifier"]
            known["practitioner.identifier"] = ChainedIndex(identifier, self.offers_of_practitioner)
            known[f"{HAS}PractitionerRole:service:practitioner.identifier"] = known["practitioner.identifier"]
        if resource_type == "Location":
            for name, index in self.tables["HealthcareService"].indexes.items():
                known[f"{HAS}HealthcareService:location:{name}"] = ChainedIndex(index, self.locations_of_offer)
        return known


def _known(ids: Iterable[str], rows: dict[str, int]) -> list[int]:
    return [rows[one] for one in ids if one in rows]
