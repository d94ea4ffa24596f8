"""Beds, places and devices of a place: one indicator, or one device, must meet all that is asked of it.

The server ANDs conditions over different indicators of different places (ROR-API 3.2), so its answer holds offers that
do not meet the need; here each indicator is looked at as a whole.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from rorbridge.events import codesystems as cs
from rorbridge.events.need import Capacity, Equipment
from rorbridge.orientation import fhir
from rorbridge.orientation.policy import Element

KINDS = {"bed": "01", "place": "02", "lodging": "03"}
"""Codes of R329 by the words of a request, as in all that follows (ROR-API 5.2)."""
STATUSES = {
    "installed": "01",
    "available": "02",
    "occupied": "03",
    "reserved": "04",
    "closed": "05",
    "additional": "06",
}
"""Codes of R330."""
HORIZONS = {"now": "01", "1h": "02", "24h": "03", "48h": "04", "7d": "05"}
"""Codes of R331: from now on, the moment that a number is for."""
GENDERS = {"female": ("01", "04", "03"), "male": ("02", "04", "03")}
"""Codes of R332. Undetermined capacity (04) takes in either; 03, deprecated since 2025-08, is read as 04."""
CLOSINGS = {"reopenable": "01", "notReopenable": "02", "undetermined": "03"}
"""Codes of R333."""
ASSIGNMENTS = {"none": "01", "covidPositive": "02", "covidNegative": "03"}
"""Codes of R337."""

_AVAILABLE, _NOW = "02", "01"

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""When a number was updated that does not say when."""


class Indicator(msgspec.Struct, frozen=True, gc=False):
    """One instance of ror-location-supported-capacity, by its codes (ROR-API 2.3)."""

    kind: fhir.Coding | None
    status: fhir.Coding | None
    horizon: fhir.Coding | None
    gender: fhir.Coding | None
    closing: fhir.Coding | None
    assignment: fhir.Coding | None
    number: int | None
    updated: str | None
    """When the number was given, a FHIR dateTime."""


def indicators(location: fhir.Location) -> Iterator[Indicator]:
    """Go through the capacity indicators that a place shows."""
    for one in fhir.extensions(location.extension, "ror-location-supported-capacity"):
        parts = fhir.parts(one.extension)
        number, updated = parts.get("nbCapacity"), parts.get("capacityUpdateDate")
        yield Indicator(
            kind=_part(parts.get("capacityType")),
            status=_part(parts.get("capacityStatus")),
            horizon=_part(parts.get("temporalityCapacity")),
            gender=_part(parts.get("genderCapacityAvailable")),
            closing=_part(parts.get("capacityClosingType")),
            assignment=_part(parts.get("temporaryAssignement")),
            number=number.value_integer if number else None,
            updated=updated.value_date_time if updated else None,
        )


def element(asked: Capacity) -> Element:
    """Give the row of the access policy that decides whether such capacity can be seen (ROR-API 4.3)."""
    if asked.status == "installed":
        return Element.INSTALLED_CAPACITY
    return Element.ADDITIONAL_CAPACITY if asked.status == "additional" else Element.CAPACITY


def meets(one: Indicator, asked: Capacity) -> bool:
    """Tell whether one indicator meets everything that is asked of the capacity."""
    return (
        _is(one.kind, cs.CAPACITY_KIND, KINDS[asked.kind])
        and _is(one.status, cs.CAPACITY_STATUS, STATUSES[asked.status])
        and _is(one.horizon, cs.CAPACITY_HORIZON, HORIZONS[asked.horizon])
        and (asked.gender is None or _is(one.gender, cs.CAPACITY_GENDER, *GENDERS[asked.gender]))
        and (asked.closing is None or _is(one.closing, cs.CAPACITY_CLOSING, CLOSINGS[asked.closing]))
        and (asked.assignment is None or _is(one.assignment, cs.TEMPORARY_ASSIGNMENT, ASSIGNMENTS[asked.assignment]))
        and one.number is not None
        and one.number >= asked.at_least
        and (asked.updated_since is None or _moment(one.updated) >= asked.updated_since)
    )


def describe(one: Indicator) -> str:
    """Say an indicator in short."""
    words = [_word(coding) for coding in (one.kind, one.status, one.horizon, one.gender)]
    return " ".join([str(one.number), *(word for word in words if word), f"({one.updated})" if one.updated else ""])


def asked_text(asked: Capacity) -> str:
    """Say what is asked of the capacity in short."""
    extras = (asked.gender, asked.closing, asked.assignment)
    since = f"since {asked.updated_since.isoformat()}" if asked.updated_since else None
    words = (f"at least {asked.at_least} {asked.kind}", asked.status, asked.horizon, *extras, since)
    return ", ".join(word for word in words if word)


def free(location: fhir.Location) -> tuple[int, datetime]:
    """Give how many beds or places are free now, and since when that is known; the freshest of the most."""
    now = [
        (one.number or 0, _moment(one.updated))
        for one in indicators(location)
        if _is(one.status, cs.CAPACITY_STATUS, _AVAILABLE) and _is(one.horizon, cs.CAPACITY_HORIZON, _NOW)
    ]
    return max(now, default=(0, NEVER))


def equipment_of(location: fhir.Location) -> Iterator[fhir.Extension]:
    """Go through the devices that a place shows."""
    return fhir.extensions(location.extension, "ror-location-equipment")


def device_meets(device: fhir.Extension, asked: Equipment) -> bool:
    """Tell whether one device is of the type asked and reaches the limit asked, in the unit asked (ROR-API 2.3)."""
    if not _is(_part(fhir.extension(device.extension, "equipmentType")), cs.EQUIPMENT, asked.type):
        return False
    if asked.feature is None or asked.at_least is None:
        return True
    for limit in fhir.extensions(device.extension, "ror-location-equipment-limit"):
        value = fhir.extension(limit.extension, "limitValue")
        quantity = value.value_quantity if value else None
        if (
            _is(_part(fhir.extension(limit.extension, "equipmentFeature")), cs.EQUIPMENT_FEATURE, asked.feature)
            and quantity
            and quantity.value is not None
            and (quantity.code or quantity.unit) == asked.at_least.unit
            and quantity.value >= asked.at_least.value
        ):
            return True
    return False


def device_text(asked: Equipment) -> str:
    """Say what is asked of a device in short."""
    limit = f" of at least {asked.at_least.value:g} {asked.at_least.unit}" if asked.at_least else ""
    return f"{asked.type}{limit}"


def _moment(text: str | None) -> datetime:
    """Read a FHIR dateTime; without a time zone it is UTC, and nonsense is long ago."""
    try:
        found = datetime.fromisoformat(text) if text else NEVER
    except ValueError:
        return NEVER
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _part(found: fhir.Extension | None) -> fhir.Coding | None:
    return fhir.concept_coding(found.value_codeable_concept) if found else None


def _is(coding: fhir.Coding | None, system: str, *codes: str) -> bool:
    return coding is not None and coding.system == system and coding.code in codes


def _word(coding: fhir.Coding | None) -> str | None:
    return (coding.display or coding.code) if coding else None
