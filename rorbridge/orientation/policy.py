"""What may be seen and what may be told: the ROR's access policy (politique d'accès), ROR-API 4.3 and 4.4.

Two sides: what our own access profile can see, to tell "not visible" from "absent"; and what the audience of the
results topic may read. What the audience may not read never leaves the bridge.
"""

from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum, auto

from rorbridge.events.offer import Contact, Offer

MEDICO_SOCIAL = "04"
"""Code of the field (champ d'activité) médico-social."""


class Element(Enum):
    """Groups of elements that the policy treats alike: rows of the table in ROR-API 4.3."""

    OFFER = auto()
    """Most elements of a HealthcareService."""
    OFFER_DETAIL = auto()
    """Acts, specialisations, professions and competences of a HealthcareService."""


def sees(profile: int, element: Element, *, field: str | None, sensitive: bool) -> bool:
    """Tell whether access *profile* (0 to 5) lets us see *element* of an offer in *field*."""
    if profile in {1, 4}:
        return True
    if element is Element.OFFER_DETAIL:
        if profile == 5:
            return True
        if profile == 0 or (profile == 3 and field != MEDICO_SOCIAL):
            return False
    return not sensitive


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may read the results topic."""

    max_confidentiality: int = 1
    """1 free, 2 restricted, 3 very restricted."""
    sensitive_units: bool = False


def may_know(audience: Audience, redactions: Counter[str], *, sensitive: bool) -> bool:
    """Tell whether *audience* may know of an offer at all; not even a count may tell of one that it may not."""
    if sensitive and not audience.sensitive_units:
        redactions["sensitive-unit"] += 1
        return False
    return True


def redact(offer: Offer, audience: Audience, redactions: Counter[str]) -> Offer:
    """Give what *audience* may read of an offer.

    Each redaction is counted by its rule in *redactions*, never by content.
    """
    contacts = tuple(
        kept for contact in offer.contacts if (kept := _contact(contact, audience, redactions)) is not None
    )
    return replace(offer, contacts=contacts)


def _contact(contact: Contact, audience: Audience, redactions: Counter[str]) -> Contact | None:
    if contact.confidentiality > audience.max_confidentiality:
        redactions["contact"] += 1
        return None
    telecoms = tuple(t for t in contact.telecoms if t.confidentiality <= audience.max_confidentiality)
    if hidden := len(contact.telecoms) - len(telecoms):
        redactions["telecom"] += hidden
    return replace(contact, telecoms=telecoms)
