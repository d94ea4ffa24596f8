"""Moments in the life of invented resources, counted from one fixed day so that the data never depend on the clock."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from rorbridge.lookalike.codes import CREATION_DATE, Json
from rorbridge.lookalike.invent.dice import Dice

REFERENCE: Final = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
"""The "today" of the data set: the latest update of any resource."""

_MOMENTS: Final = 4096
"""Different timestamps of each sort: enough to order and filter by, few enough to be made once."""


def day(offset: int) -> str:
    """Give the date *offset* days after the reference day, before it when negative."""
    return (REFERENCE + timedelta(days=offset)).date().isoformat()


def updated(dice: Dice) -> str:
    """Give an instant of the last two years, more often a recent one (`meta.lastUpdated`)."""
    return _updates()[int(_MOMENTS * dice.roll() ** 2)]


def measured(dice: Dice) -> str:
    """Give a dateTime at which a bed count was taken: minutes to weeks ago, mostly hours (`capacityUpdateDate`)."""
    return _measures()[int(_MOMENTS * dice.roll() ** 4)]


def created(dice: Dice) -> Json:
    """Give the extension with the day on which a resource was entered, two to ten years ago."""
    return _creations()[int(_MOMENTS * dice.roll())]


@cache
def _updates() -> list[str]:
    step = timedelta(days=730) / _MOMENTS
    return [(REFERENCE - n * step).strftime("%Y-%m-%dT%H:%M:%S.000+00:00") for n in range(_MOMENTS)]


@cache
def _measures() -> list[str]:
    step = timedelta(days=42) / _MOMENTS
    return [(REFERENCE - n * step).strftime("%Y-%m-%dT%H:%M:%S+00:00") for n in range(_MOMENTS)]


@cache
def _creations() -> list[Json]:
    step = timedelta(days=8 * 365) / _MOMENTS
    first = REFERENCE - timedelta(days=2 * 365)
    return [
        {"url": CREATION_DATE, "valueDateTime": (first - n * step).strftime("%Y-%m-%dT%H:%M:%S+00:00")}
        for n in range(_MOMENTS)
    ]
