"""What each access profile may see (politique d'accès aux données, ROR-API 4.3).

Hidden elements are left out of what is returned, even where a profile of the IG wants them; hidden resources are not
returned at all. Whether the real server lets a client *search* by an element that it hides is not documented: here it
does, for all elements of resources that are visible.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from rorbridge.lookalike import codes
from rorbridge.lookalike.codes import Json
from rorbridge.lookalike.elements import codings, extension, extension_codings, first_code, is_sensitive, targets
from rorbridge.lookalike.search.catalog import Catalog
from rorbridge.lookalike.search.rows import Rows, from_numbers
from rorbridge.ror import terminology


class Grant(Enum):
    """When a group of elements, or a resource, may be seen."""

    YES = "always"
    NO = "never"
    NOT_SENSITIVE = "unless the offer is a sensitive unit"
    MEDICO_SOCIAL = "when the offer is medico-social and no sensitive unit"
    VILLE = "when the offer's field is Ville and it is no sensitive unit"


@dataclass(frozen=True, slots=True)
class Levels:
    """The highest confidentiality level that may be seen, for medico-social offers and for the others."""

    others: int
    medico_social: int


_FREE, _RESTRICTED, _ALL = Levels(1, 1), Levels(2, 2), Levels(3, 3)
_MIXED: Final = Levels(1, 2)
"""Profile 3: restricted data of medico-social offers, and free data of the others."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One column of the table of ROR-API 4.3.

    *statuses* are the bed statuses (TRE_R330) that may be seen, None for all of them.
    """

    offer: Grant
    acts: Grant
    contacts: Levels
    place: Grant
    equipment: Grant
    capacity: Grant
    statuses: frozenset[str] | None
    crisis_readiness: bool
    people: Grant


_INSTALLED: Final = frozenset({"01"})
_WITHOUT_ADDITIONAL: Final = frozenset({"01", "02", "03", "04", "05", "07", "08", "09"})
_YES, _NO, _OPEN, _SOCIAL = Grant.YES, Grant.NO, Grant.NOT_SENSITIVE, Grant.MEDICO_SOCIAL

PROFILES: Final[dict[int, Profile]] = {
    0: Profile(_OPEN, _NO, _FREE, _OPEN, _NO, _NO, None, False, Grant.VILLE),
    1: Profile(_YES, _YES, _ALL, _YES, _YES, _YES, None, True, _YES),
    2: Profile(_OPEN, _OPEN, _RESTRICTED, _OPEN, _OPEN, _OPEN, _WITHOUT_ADDITIONAL, False, _OPEN),
    3: Profile(_OPEN, _SOCIAL, _MIXED, _OPEN, _SOCIAL, _SOCIAL, _WITHOUT_ADDITIONAL, False, _SOCIAL),
    4: Profile(_YES, _YES, _FREE, _YES, _YES, _YES, None, True, _YES),
    5: Profile(_OPEN, _YES, _RESTRICTED, _OPEN, _OPEN, _OPEN, _INSTALLED, False, _OPEN),
}
"""The six profiles. The telecoms of places and roles follow the rule of contacts: the table names them alike, but for
profile 3 outside medico-social offers, where the general rule of the profile (free data) fills the gap."""

_MISSING_LEVEL: Final = 2
"""A telecom or contact without a level counts as restricted (ROR-API 4.4)."""

_RESTRICTED_CHARACTERISTICS: Final = frozenset({codes.ACT, codes.SPECIALISATION, codes.COMPETENCE})
_PROFESSIONS: Final = frozenset(
    terminology.code_system(name)
    for name in (
        "G15-ProfessionSante",
        "R94-ProfessionSocial",
        "R85-RolePriseCharge",
        "R96-AutreFonctionSanitaire",
        "R95-UsagerTitre",
        "R356-ProfessionRessource",
    )
)

_MEDICO_SOCIAL, _VILLE = "04", "05"


@dataclass(frozen=True, slots=True)
class _Standing:
    """What decides about a resource: the fields of its offers, and whether all of them are sensitive units."""

    sensitive: bool = False
    medico_social: bool = False
    ville: bool = False

    def allows(self, grant: Grant) -> bool:
        if grant is Grant.YES:
            return True
        if grant is Grant.NO or self.sensitive:
            return False
        if grant is Grant.MEDICO_SOCIAL:
            return self.medico_social
        return grant is not Grant.VILLE or self.ville


class Access:
    """Shows a catalog's resources as one access profile may see them. KeyError for a profile that does not exist."""

    def __init__(self, catalog: Catalog, profile: int) -> None:
        self._catalog = catalog
        self._profile = PROFILES[profile]
        self._offers = {
            one: _Standing(is_sensitive(offer), *_fields(offer))
            for one, offer in catalog.dataset.healthcare_services.items()
        }
        self._show: dict[str, Callable[[Json, _Standing], Json]] = {
            "HealthcareService": self._offer,
            "Location": self._place,
            "Organization": self._organization,
            "Practitioner": self._person,
            "PractitionerRole": self._person,
        }

    def visible(self) -> dict[str, Rows]:
        """Give the rows of each type that the profile may see at all."""
        return {
            one: from_numbers((row for row, known in enumerate(table.ids) if self._may_see(one, known)), table.size)
            for one, table in self._catalog.tables.items()
        }

    def show(self, resource: Json) -> Json | None:
        """Give *resource* without what is hidden, or None when it is hidden as a whole. It is not changed itself."""
        resource_type, resource_id = resource["resourceType"], resource["id"]
        if not self._may_see(resource_type, resource_id):
            return None
        return self._show[resource_type](resource, self._standing(resource_type, resource_id))

    def _may_see(self, resource_type: str, resource_id: str) -> bool:
        profile = self._profile
        grants = {"HealthcareService": profile.offer, "Location": profile.place, "Organization": Grant.YES}
        if resource_type == "Practitioner":
            # A person shows as soon as one of their roles does.
            row = self._catalog.tables[resource_type].row_of[resource_id]
            offers = self._catalog.offers_of_practitioner.of(row)
            ids = self._catalog.tables["HealthcareService"].ids
            standings = [self._offers[ids[offer]] for offer in offers] or [_Standing()]
            return any(standing.allows(profile.people) for standing in standings)
        return self._standing(resource_type, resource_id).allows(grants.get(resource_type, profile.people))

    def _standing(self, resource_type: str, resource_id: str) -> _Standing:
        """Give what decides about a resource: its own standing, or what its offers have in common.

        A place that an ordinary offer shares with a sensitive unit is no secret, so all of them must be sensitive.
        """
        if resource_type == "HealthcareService":
            return self._offers[resource_id]
        if resource_type == "PractitionerRole":
            role = self._catalog.dataset.practitioner_roles[resource_id]
            offers = [one for one in targets(role.get("healthcareService")) if one in self._offers]
        else:
            join = {
                "Location": self._catalog.offers_at_location,
                "Organization": self._catalog.offers_below_organization,
                "Practitioner": self._catalog.offers_of_practitioner,
            }[resource_type]
            ids = self._catalog.tables["HealthcareService"].ids
            offers = [ids[row] for row in join.of(self._catalog.tables[resource_type].row_of[resource_id])]
        standings = [self._offers[one] for one in offers]
        if not standings:
            return _Standing()
        return _Standing(
            sensitive=all(one.sensitive for one in standings),
            medico_social=all(one.medico_social for one in standings),
            ville=all(one.ville for one in standings),
        )

    def _highest(self, standing: _Standing) -> int:
        levels = self._profile.contacts
        return levels.medico_social if standing.medico_social else levels.others

    def _offer(self, offer: Json, standing: _Standing) -> Json:
        shown = dict(offer)
        highest = self._highest(standing)
        shown["extension"] = [
            one
            for extension in offer.get("extension", ())
            if (one := _offer_contact(extension, highest) if extension["url"] == codes.OFFER_CONTACT else extension)
        ]
        _telecoms(shown, highest)
        if not standing.allows(self._profile.acts):
            kept = [one for one in offer.get("characteristic", ()) if not _is_restricted(one)]
            _replace(shown, "characteristic", kept)
        return shown

    def _place(self, place: Json, standing: _Standing) -> Json:
        shown = dict(place)
        kept = [one for one in place.get("extension", ()) if self._keeps(one, standing)]
        _replace(shown, "extension", kept)
        _telecoms(shown, self._highest(standing))
        return shown

    def _keeps(self, part: Json, standing: _Standing) -> bool:
        if part["url"] == codes.EQUIPMENT:
            return standing.allows(self._profile.equipment)
        if part["url"] != codes.CAPACITY:
            return True
        if not standing.allows(self._profile.capacity):
            return False
        statuses = self._profile.statuses
        return statuses is None or any(code in statuses for _, code in extension_codings(part, "capacityStatus"))

    def _organization(self, organization: Json, standing: _Standing) -> Json:
        shown = dict(organization)
        highest = self._highest(standing)
        if not self._profile.crisis_readiness:
            hidden = {codes.ORSAN_LEVEL, codes.DROP_ZONE}
            _replace(shown, "extension", [one for one in shown.get("extension", ()) if one["url"] not in hidden])
        contacts = []
        for contact in organization.get("contact", ()):
            if _level(contact, codes.CONTACT_LEVEL) <= highest:
                one = dict(contact)
                _telecoms(one, highest)
                contacts.append(one)
        _replace(shown, "contact", contacts)
        _telecoms(shown, highest)
        return shown

    def _person(self, person: Json, standing: _Standing) -> Json:
        shown = dict(person)
        _telecoms(shown, self._highest(standing))
        return shown


def _fields(offer: Json) -> tuple[bool, bool]:
    found = {code for concept in offer.get("type", ()) for _, code in codings(concept)}
    return _MEDICO_SOCIAL in found, _VILLE in found


def _is_restricted(characteristic: Json) -> bool:
    """Whether a characteristic is an act, a specialisation, a profession or a competence."""
    return any(system in _RESTRICTED_CHARACTERISTICS or system in _PROFESSIONS for system, _ in codings(characteristic))


def _level(element: Json, url: str) -> int:
    found = extension(element, url)
    code = first_code(found.get("valueCodeableConcept")) if found else None
    return int(code) if code and code.isdecimal() else _MISSING_LEVEL


def _offer_contact(contact: Json, highest: int) -> Json | None:
    """Give an offer's contact without the telecoms above *highest*, or None when it is above it itself."""
    if _level(contact, codes.OFFER_CONTACT_LEVEL) > highest:
        return None
    kept = [
        part
        for part in contact["extension"]
        if part["url"] != codes.OFFER_CONTACT_TELECOM or _level(part, codes.TELECOM_LEVEL) <= highest
    ]
    return {"url": contact["url"], "extension": kept}


def _telecoms(element: Json, highest: int) -> None:
    kept = [one for one in element.get("telecom", ()) if _level(one, codes.TELECOM_LEVEL) <= highest]
    _replace(element, "telecom", kept)


def _replace(element: Json, name: str, kept: list[Json]) -> None:
    """Set a list of an element of ours; FHIR has no empty lists."""
    if kept:
        element[name] = kept
    else:
        element.pop(name, None)
