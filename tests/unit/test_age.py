"""Ages across units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.orientation.age import takes_in
from rorbridge.orientation.fhir import Quantity, Range


def ages(low: float | None, low_unit: str | None, high: float | None, high_unit: str | None) -> Range:
    return Range(Quantity(low, code=low_unit), Quantity(high, code=high_unit))


@pytest.mark.parametrize(
    ("range_", "value", "unit", "taken"),
    [
        (ages(15, "a", 150, "a"), 15, "a", True),
        (ages(15, "a", 150, "a"), 14, "a", False),
        (ages(0, "a", 17, "a"), 17, "a", True),
        (ages(0, "a", 17, "a"), 18, "a", False),
        (ages(0, None, 120, None), 35, "a", True),  # older data say no unit: years
        (ages(0, "d", 28, "d"), 28, "d", True),
        (ages(0, "d", 28, "d"), 2, "mo", False),
        (ages(0, "mo", 35, "mo"), 2, "a", True),
        (ages(0, "mo", 35, "mo"), 3, "a", False),
        (ages(3, "a", 6, "a"), 35, "mo", False),
        (ages(3, "a", 6, "a"), 36, "mo", True),
        (ages(3, "a", 6, "a"), 83, "mo", True),  # six years and eleven months is six years old
        (ages(3, "a", 6, "a"), 84, "mo", False),
        (ages(None, "a", 6, "a"), 1, "a", True),
        (ages(6, "a", None, "a"), 90, "a", True),
        (ages(None, None, None, None), 5, "a", None),
        (ages(1, "kg", 6, "a"), 5, "a", None),
        (Range(), 5, "a", None),
    ],
)
def test_bounds_are_included_and_units_converted(range_: Range, value: float, unit: str, taken: bool | None) -> None:
    assert takes_in(range_, value, unit) is taken


@given(st.integers(0, 120), st.integers(0, 120), st.integers(0, 1440))
def test_an_age_in_months_is_taken_in_like_its_completed_years(low: int, high: int, months: int) -> None:
    range_ = ages(low, "a", high, "a")
    assert takes_in(range_, months, "mo") is takes_in(range_, months // 12, "a")
