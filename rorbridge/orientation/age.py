"""Ages in years, months and days, and whether an offer takes one in."""

from rorbridge.orientation import fhir

_DAYS = {"a": 365.25, "mo": 30.4375, "d": 1.0}
"""Mean length of the UCUM units in days."""
_UNITS = {"a": "a", "ans": "a", "an": "a", "mo": "mo", "mois": "mo", "d": "d", "j": "d", "jours": "d"}

YEARS = "a"
"""UCUM's unit for years."""


def unit(quantity: fhir.Quantity | None) -> str | None:
    """Give the UCUM unit of an age bound: years where none is said (older data), None for one that is no age's.

    Source: ROR-API 2.2, age units.
    """
    said = (quantity.code or quantity.unit) if quantity else None
    return _UNITS.get(said) if said else YEARS


def takes_in(range_: fhir.Range, value: float, value_unit: str) -> bool | None:
    """Tell whether an age range holds the age *value*, in ``a``, ``mo`` or ``d``; None when it cannot be read.

    Both bounds are included (ROR-API 2.2): up to 17 years means until the day before the 18th birthday.
    """
    low_unit, high_unit = unit(range_.low), unit(range_.high)
    if low_unit is None or high_unit is None:
        return None
    age = value * _DAYS[value_unit]
    low = range_.low.value if range_.low else None
    high = range_.high.value if range_.high else None
    if low is None and high is None:
        return None
    return (low is None or low * _DAYS[low_unit] <= age) and (high is None or age < (high + 1) * _DAYS[high_unit])
