"""What may be seen and what may be told: the ROR's access policy (politique d'accès), ROR-API 4.3 and 4.4.

Two sides: what our own access profile can see, to tell "not visible" from "absent"; and what the audience of the
results topic may read. What the audience may not read never leaves the bridge.
"""

from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from rorbridge.events.offer import Contact, Offer

MEDICO_SOCIAL = "04"
"""Code of the field (champ d'activité) médico-social."""
VILLE = "05"
"""Code of the field ville."""


class Element(StrEnum):
    """Groups of elements that the policy treats alike: rows of the table in ROR-API 4.3."""

    OFFER = "most elements of an offer and its places"
    OFFER_DETAIL = "acts, specialisations, professions, competences"
    EQUIPMENT = "equipment of a place"
    INSTALLED_CAPACITY = "installed beds and places"
    CAPACITY = "other beds and places"
    ADDITIONAL_CAPACITY = "additional beds and places"
    PRACTITIONER = "practitioners and their roles"


class Sight(Enum):
    """Whether an access profile sees a group of elements."""

    NEVER = "no"
    ALWAYS = "yes"
    NOT_SENSITIVE = "not if the unit is sensitive"
    MEDICO_SOCIAL_NOT_SENSITIVE = "of médico-social offers only, and not if the unit is sensitive"
    VILLE_ONLY = "of offers in the field ville only, and not if the unit is sensitive"


_NO, _YES, _OPEN = Sight.NEVER, Sight.ALWAYS, Sight.NOT_SENSITIVE
_MS, _VILLE = Sight.MEDICO_SOCIAL_NOT_SENSITIVE, Sight.VILLE_ONLY

SIGHTS: dict[Element, tuple[Sight, Sight, Sight, Sight, Sight, Sight]] = {
    # profile               0       1     2      3      4     5
    Element.OFFER: (_OPEN, _YES, _OPEN, _OPEN, _YES, _OPEN),
    Element.OFFER_DETAIL: (_NO, _YES, _OPEN, _MS, _YES, _YES),
    Element.EQUIPMENT: (_NO, _YES, _OPEN, _MS, _YES, _OPEN),
    Element.INSTALLED_CAPACITY: (_NO, _YES, _OPEN, _MS, _YES, _OPEN),
    Element.CAPACITY: (_NO, _YES, _OPEN, _MS, _YES, _NO),
    Element.ADDITIONAL_CAPACITY: (_NO, _YES, _NO, _NO, _YES, _NO),
    Element.PRACTITIONER: (_VILLE, _YES, _OPEN, _MS, _YES, _OPEN),
}
"""ROR-API 4.3, a row an element and a column an access profile."""


def sees(profile: int, element: Element, *, field: str | None, sensitive: bool) -> bool:
    """Tell whether access *profile* (0 to 5) lets us see *element* of an offer in *field*."""
    match SIGHTS[element][profile]:
        case Sight.NEVER:
            return False
        case Sight.ALWAYS:
            return True
        case Sight.NOT_SENSITIVE:
            return not sensitive
        case Sight.MEDICO_SOCIAL_NOT_SENSITIVE:
            return field == MEDICO_SOCIAL and not sensitive
        case Sight.VILLE_ONLY:
            return field == VILLE and not sensitive


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may read the results topic."""

    max_confidentiality: int = 1
    """1 free, 2 restricted, 3 very restricted."""
    sensitive_units: bool = False
    """Whether they may know that sensitive units (unité sensible) are there at all."""


def may_know(audience: Audience, redactions: Counter[str], *, sensitive: bool) -> bool:
    """Tell whether *audience* may know of an offer at all; not even a count may tell of one that it may not."""
    if sensitive and not audience.sensitive_units:
        redactions["sensitive-unit"] += 1
        return False
    return True


def may_know_people(audience: Audience, field: str | None) -> bool:
    """Tell whether *audience* may read who works for an offer.

    The public may of offers in the field ville alone, as access profile 0 does; who may read restricted data, of all.
    """
    return audience.max_confidentiality > 1 or field == VILLE


def may_read(audience: Audience, level: int) -> bool:
    """Tell whether *audience* may read what is of confidentiality *level*, 1 to 3 (ROR-API 4.4)."""
    return level <= audience.max_confidentiality


def redact(offer: Offer, audience: Audience, redactions: Counter[str]) -> Offer:
    """Give what *audience* may read of an offer.

    Each redaction is counted by its rule in *redactions*, never by content.
    """
    contacts = tuple(
        kept for contact in offer.contacts if (kept := _contact(contact, audience, redactions)) is not None
    )
    practitioners = offer.practitioners
    if practitioners and not may_know_people(audience, offer.field.code if offer.field else None):
        redactions["practitioner"] += len(practitioners)
        practitioners = ()
    if (contacts, practitioners) == (offer.contacts, offer.practitioners):
        return offer  # as it is: making a new one takes long
    return replace(offer, contacts=contacts, practitioners=practitioners)


def _contact(contact: Contact, audience: Audience, redactions: Counter[str]) -> Contact | None:
    if not may_read(audience, contact.confidentiality):
        redactions["contact"] += 1
        return None
    telecoms = tuple(one for one in contact.telecoms if may_read(audience, one.confidentiality))
    hidden = len(contact.telecoms) - len(telecoms)
    if not hidden:
        return contact
    redactions["telecom"] += hidden
    return replace(contact, telecoms=telecoms)
