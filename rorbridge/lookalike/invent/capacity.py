"""Beds, places, equipment and rooms of a Location (ROR-API 2.3)."""

from functools import cache
from typing import Final

from rorbridge.lookalike.codes import (
    ADDITIONAL_BED,
    ASSIGNMENT,
    CAPACITY,
    CAPACITY_CLOSING,
    CAPACITY_GENDER,
    CAPACITY_SOURCE,
    CAPACITY_STATUS,
    CAPACITY_TIME,
    CAPACITY_TYPE,
    CRISIS,
    EQUIPMENT,
    EQUIPMENT_FEATURE,
    EQUIPMENT_LIMIT,
    EQUIPMENT_TYPE,
    RESIDENTIAL,
    RESIDENTIAL_TYPE,
    UNITS,
    Json,
    coded_extension,
    concept,
)
from rorbridge.lookalike.invent.dates import measured
from rorbridge.lookalike.invent.dice import Dice, Weighted

BED, PLACE = "01", "02"
"""Natures of TRE_R329."""
_INSTALLED, _AVAILABLE, _OCCUPIED, _RESERVED, _CLOSED, _ADDITIONAL = "01", "02", "03", "04", "05", "06"
_NOW: Final = "01"
_LATER: Final = ("02", "03", "04", "05")
_GENDERS: Final = Weighted(("01", "02", "04", "03"), (30, 30, 38, 2))
"""Women, men, undetermined; code 03 was deprecated in 2025 and still sits in old data."""

_WEIGHT, _DIAMETER = ("001", "kg"), ("002", "cm")
_LIMITS: Final[dict[str, tuple[tuple[str, str], int, int]]] = {
    "088": (_WEIGHT, 150, 250), "072": (_WEIGHT, 250, 400), "227": (_WEIGHT, 200, 350), "089": (_WEIGHT, 250, 350),
    "090": (_WEIGHT, 350, 450), "109": (_WEIGHT, 180, 300), "224": (_WEIGHT, 180, 300), "189": (_WEIGHT, 150, 250),
    "223": (_WEIGHT, 180, 250), "155": (_WEIGHT, 130, 250), "052": (_DIAMETER, 70, 70), "221": (_DIAMETER, 70, 75),
    "085": (_DIAMETER, 80, 80), "086": (_DIAMETER, 80, 85), "222": (_DIAMETER, 78, 85),
}  # fmt: skip
"""Limit, and its least and most, of the equipment that has one; its words give the range."""


def beds(dice: Dice, nature: str) -> list[Json]:
    """Invent the capacity indicators of a place: installed, occupied and so on, each an extension of its own.

    *nature* is `BED` or `PLACE`. Only combinations that make an indicator are built; a gender goes with what is free
    or reserved, a reason with what is closed or added.
    """
    installed = dice.between(2, 40)
    free = dice.between(0, 4) if dice.chance(0.7) else 0
    source = dice.pick(("01", "02", "03", "04"))
    common = (nature, source, measured(dice))
    found = [
        _indicator(common, _INSTALLED, _NOW, installed),
        _indicator(common, _OCCUPIED, _NOW, max(0, installed - free)),
    ]
    gender = _GENDERS.pick(dice)
    found.append(_indicator(common, _AVAILABLE, _NOW, free, gender=gender, assignment=_assignment(dice)))
    if dice.chance(0.45):
        other = "02" if gender == "01" else "01"
        found.append(_indicator(common, _AVAILABLE, _NOW, dice.between(0, 3), gender=other))
    if dice.chance(0.5):
        later = dice.pick(_LATER)
        found.append(_indicator(common, _AVAILABLE, later, dice.between(0, 6), gender=_GENDERS.pick(dice)))
    if dice.chance(0.2):
        found.append(_indicator(common, _RESERVED, _NOW, dice.between(0, 2), gender=_GENDERS.pick(dice)))
    if dice.chance(0.25):
        found.append(_indicator(common, _CLOSED, _NOW, dice.between(1, 6), closing=dice.pick(("01", "02", "03"))))
    if dice.chance(0.15):
        crisis = dice.pick(("01", "02")) if dice.chance(0.3) else None
        added = dice.pick(("01", "02", "03"))
        found.append(_indicator(common, _ADDITIONAL, _NOW, dice.between(1, 4), added=added, crisis=crisis))
    return found


def equipment(dice: Dice, code: str) -> Json:
    """Invent a piece of equipment, with the limit of the most tolerant one where its kind has a limit."""
    parts: list[Json] = [coded_extension("equipmentType", EQUIPMENT_TYPE, code)]
    if dice.chance(0.7):
        parts.append({"url": "nbInService", "valueInteger": dice.between(1, 6)})
    if (known := _LIMITS.get(code)) and dice.chance(0.9):
        (feature, unit), least, most = known
        parts.append(_limit(feature, unit, dice.between(least // 5, most // 5) * 5))
    return {"url": EQUIPMENT, "extension": parts}


def rooms(dice: Dice) -> list[Json]:
    """Invent the rooms and flats of a residence (`ror-location-residential-capacity`)."""
    return [
        {
            "url": RESIDENTIAL,
            "extension": [
                coded_extension("residentialType", RESIDENTIAL_TYPE, code),
                {"url": "residentialNumber", "valueInteger": dice.between(1, 80)},
            ],
        }
        for code in dice.some(("01", "02", "03", "04", "05"), 1, 2)
    ]


def _assignment(dice: Dice) -> str:
    return dice.pick(("02", "03")) if dice.chance(0.03) else "01"


def _indicator(
    common: tuple[str, str, str],
    status: str,
    moment: str,
    number: int,
    *,
    gender: str | None = None,
    closing: str | None = None,
    added: str | None = None,
    crisis: str | None = None,
    assignment: str = "01",
) -> Json:
    nature, source, updated = common
    parts: list[Json] = [
        coded_extension("capacityType", CAPACITY_TYPE, nature),
        coded_extension("capacityStatus", CAPACITY_STATUS, status),
        coded_extension("temporalityCapacity", CAPACITY_TIME, moment),
        _number(number),
        coded_extension("capacitySourceType", CAPACITY_SOURCE, source),
        _updated(updated),
        coded_extension("temporaryAssignement", ASSIGNMENT, assignment),
    ]
    if gender:
        parts.append(coded_extension("genderCapacityAvailable", CAPACITY_GENDER, gender))
    if closing:
        parts.append(coded_extension("capacityClosingType", CAPACITY_CLOSING, closing))
    if added:
        parts.append(coded_extension("additionalBedType", ADDITIONAL_BED, added))
    if crisis:
        parts.append(coded_extension("crisisType", CRISIS, crisis))
    return {"url": CAPACITY, "extension": parts}


@cache
def _number(number: int) -> Json:
    return {"url": "nbCapacity", "valueInteger": number}


@cache
def _updated(moment: str) -> Json:
    return {"url": "capacityUpdateDate", "valueDateTime": moment}


@cache
def _limit(feature: str, unit: str, value: int) -> Json:
    return {
        "url": EQUIPMENT_LIMIT,
        "extension": [
            {"url": "equipmentFeature", "valueCodeableConcept": concept(EQUIPMENT_FEATURE, feature)},
            {"url": "limitValue", "valueQuantity": {"value": value, "system": UNITS, "code": unit}},
        ],
    }
