"""Telephone numbers, mail addresses and contacts, with their confidentiality (ROR-API 2.8 and 4.4).

Numbers come from the ranges that the ARCEP keeps for fiction, addresses from the example domains of RFC 2606.
"""

import unicodedata
from typing import Final

from rorbridge.lookalike.codes import (
    CHANNEL,
    CHANNEL_TYPE,
    CONTACT_DESCRIPTION,
    CONTACT_FUNCTION,
    CONTACT_LEVEL,
    CONTACT_PURPOSE,
    FUNCTION_OF_CONTACT,
    LEVEL,
    OFFER_CONTACT,
    OFFER_CONTACT_LEVEL,
    OFFER_CONTACT_TELECOM,
    TELECOM_LEVEL,
    TELECOM_USAGE,
    Json,
    coded_extension,
    concept,
)
from rorbridge.lookalike.invent.dice import Dice, Weighted
from rorbridge.lookalike.invent.names import MEN, WOMEN, surname

MOBILE, LANDLINE, MAIL, WEB, FAX, ALERT = "1", "2", "3", "4", "6", "8"
"""Channels of TRE_R200."""

_FICTION: Final = {
    "11": "019900",
    "24": "026191", "28": "026191", "52": "026191", "53": "026191",
    "27": "035301", "32": "035301", "44": "035301",
    "84": "046571", "93": "046571", "94": "046571",
}  # fmt: skip
"""First six digits of the numbers kept for fiction, by region; the south-west and overseas have the sixth range."""

_SYSTEM: Final = {MOBILE: "phone", LANDLINE: "phone", MAIL: "email", WEB: "url", FAX: "fax", ALERT: "phone"}

_LEVELS: Final = Weighted(("1", "2", "3", None), (70, 18, 7, 5))
"""Levels of a contact or a telecom; now and then a source forgets the level."""

_CHANNELS: Final = Weighted((LANDLINE, MAIL, MOBILE, FAX, WEB, ALERT), (55, 22, 10, 5, 5, 3))
_PURPOSES: Final = ("01", "02", "03", "04", "06", "07", "08", "09", "13", "15", "16")
_FUNCTIONS: Final = ("01", "03", "05", "08", "10", "12", "22", "27")


def phone(dice: Dice, region: str, mobile: bool = False) -> str:
    """Give a telephone number that belongs to nobody."""
    return f"{'063998' if mobile else _FICTION.get(region, '053649')}{dice.between(0, 9999):04}"


def slug(name: str) -> str:
    """Give *name* as it may stand in a domain: lower case, without accents, with hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())[:40].strip("-")


def telecom(channel: str, value: str, level: str | None, usage: str | None = None) -> Json:
    """Give a ContactPoint with the ROR's extensions; *level* None leaves its confidentiality out."""
    parts = [coded_extension(CHANNEL, CHANNEL_TYPE, channel)]
    if level:
        parts.append(coded_extension(TELECOM_LEVEL, LEVEL, level))
    if usage:
        parts.append({"url": TELECOM_USAGE, "valueString": usage})
    return {"extension": parts, "system": _SYSTEM[channel], "value": value}


def some_telecom(dice: Dice, region: str, domain: str, level: str | None) -> Json:
    """Invent a ContactPoint whose level is mostly *level*."""
    channel = _CHANNELS.pick(dice)
    return telecom(channel, _address(dice, channel, region, domain), _near(dice, level))


def secure_mailbox(dice: Dice, name: str) -> Json:
    """Invent a secure mailbox (boîte MSS); it is for professionals, so seldom free to all."""
    return telecom(MAIL, f"{slug(name)}@mssante.example.org", "1" if dice.chance(0.15) else "2")


def offer_contact(dice: Dice, region: str, domain: str) -> Json:
    """Invent a contact of an offer (`ror-healthcareservice-contact`)."""
    level = _LEVELS.pick(dice)
    parts: list[Json] = []
    if dice.chance(0.35):
        first, woman = (dice.pick(WOMEN), True) if dice.chance(0.5) else (dice.pick(MEN), False)
        name = {"family": surname(dice), "given": [first], "prefix": ["MME" if woman else "M"]}
        parts.append({"url": "name", "valueHumanName": name})
        parts.append(coded_extension(CONTACT_FUNCTION, FUNCTION_OF_CONTACT, dice.pick(_FUNCTIONS)))
    parts.append(coded_extension("purposeContact", CONTACT_PURPOSE, dice.pick(_PURPOSES)))
    if dice.chance(0.1):
        parts.append({"url": "description", "valueString": "Joindre de préférence le matin"})
    if level:
        parts.append(coded_extension(OFFER_CONTACT_LEVEL, LEVEL, level))
    parts += [_offer_telecom(dice, region, domain, level) for _ in range(dice.between(1, 2))]
    return {"url": OFFER_CONTACT, "extension": parts}


def organization_contact(dice: Dice, region: str, domain: str) -> Json:
    """Invent an `Organization.contact`."""
    level = _LEVELS.pick(dice)
    parts: list[Json] = []
    contact: Json = {"extension": parts, "purpose": concept(CONTACT_PURPOSE, dice.pick(_PURPOSES))}
    if level:
        parts.append(coded_extension(CONTACT_LEVEL, LEVEL, level))
    if dice.chance(0.3):
        parts.append(coded_extension(CONTACT_FUNCTION, FUNCTION_OF_CONTACT, dice.pick(_FUNCTIONS)))
        contact["name"] = {"family": surname(dice), "given": [dice.pick(WOMEN if dice.chance(0.5) else MEN)]}
    if dice.chance(0.1):
        parts.append({"url": CONTACT_DESCRIPTION, "valueString": "Accueil de 8 h à 18 h"})
    if not parts:
        del contact["extension"]
    contact["telecom"] = [some_telecom(dice, region, domain, level) for _ in range(dice.between(1, 2))]
    return contact


def _offer_telecom(dice: Dice, region: str, domain: str, level: str | None) -> Json:
    channel = _CHANNELS.pick(dice)
    parts = [coded_extension(CHANNEL, CHANNEL_TYPE, channel)]
    if dice.chance(0.08):
        parts.append({"url": TELECOM_USAGE, "valueString": "Réservé aux professionnels"})
    if own := _near(dice, level):
        parts.append(coded_extension(TELECOM_LEVEL, LEVEL, own))
    parts.append({"url": "telecomAddress", "valueString": _address(dice, channel, region, domain)})
    return {"url": OFFER_CONTACT_TELECOM, "extension": parts}


def _near(dice: Dice, level: str | None) -> str | None:
    """Give mostly the contact's own level, and otherwise any: sources disagree with themselves."""
    return level if dice.chance(0.75) else _LEVELS.pick(dice)


def _address(dice: Dice, channel: str, region: str, domain: str) -> str:
    if channel == MAIL:
        return f"{dice.pick(('contact', 'secretariat', 'accueil', 'admissions'))}@{domain}"
    if channel == WEB:
        return f"https://www.{domain}"
    return phone(dice, region, mobile=channel == MOBILE)
