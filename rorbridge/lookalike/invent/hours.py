"""Opening hours and closures of offers (`availableTime` and `notAvailable`, ROR-API 2.2).

A week's entries are built once for each pattern and shared by all offers that keep those hours.
"""

from functools import cache
from typing import Final

from rorbridge.lookalike.codes import DAY_NUMBER, HOURS_TYPE, TIME_TYPE, TIME_VALIDITY, Json, coded_extension
from rorbridge.lookalike.invent.dates import day
from rorbridge.lookalike.invent.dice import Dice, Weighted

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORKING: Final = (1, 2, 3, 4, 5)
_SIX: Final = (1, 2, 3, 4, 5, 6)
_ALL: Final = (1, 2, 3, 4, 5, 6, 7)
OPENING, DUTY, HOME, WALK_IN, APPOINTMENT, REMOTE = "01", "03", "05", "06", "07", "10"
"""Types of hours of TRE_R252."""

_VALIDITIES: Final = Weighted(("", "since", "season", "over", "later"), (62, 25, 6, 4, 3))
_PERIODS: Final[dict[str, Json]] = {
    "since": {"start": day(-400)},
    "season": {"start": day(-60), "end": day(150)},
    "over": {"start": day(-500), "end": day(-90)},
    "later": {"start": day(45)},
}
"""Validity dates; hours that are over or not yet begun stand beside the current ones in real data too."""

_STYLES: Final = Weighted(("both", "number", "native"), (55, 40, 5))
"""How an entry names its day: by the extension, by the native element, or by both."""

_MORNINGS: Final = (("08:00:00", "12:00:00"), ("08:30:00", "12:30:00"), ("09:00:00", "12:00:00"))
_AFTERNOONS: Final = (("13:30:00", "17:30:00"), ("14:00:00", "18:00:00"), ("14:00:00", "19:00:00"))
_DAYTIME: Final = (("08:00:00", "17:00:00"), ("08:30:00", "17:30:00"), ("09:00:00", "16:30:00"))
_ALWAYS: Final = ("00:00:00", "23:59:00")
"""How the ROR writes a whole day."""


def round_the_clock(dice: Dice) -> list[Json]:
    """Give the hours of a service that never closes."""
    return [*_week(_ALL, (_ALWAYS,), OPENING, _validity(dice), _STYLES.pick(dice))]


def daytime(dice: Dice) -> list[Json]:
    """Give the hours of a day hospital or an office: one slot each working day."""
    days = _SIX if dice.chance(0.1) else _WORKING
    return [*_week(days, (dice.pick(_DAYTIME),), OPENING, _validity(dice), _STYLES.pick(dice))]


def consultations(dice: Dice) -> list[Json]:
    """Give the hours of a practice: two slots a day, by appointment, with other kinds of hours beside them."""
    style, validity = _STYLES.pick(dice), _validity(dice)
    found = [*_week(_WORKING, (dice.pick(_MORNINGS), dice.pick(_AFTERNOONS)), APPOINTMENT, validity, style)]
    if dice.chance(0.3):
        found += _week((6,), (dice.pick(_MORNINGS),), WALK_IN, validity, style)
    if dice.chance(0.15):
        found += _week((dice.pick(_WORKING),), (("18:00:00", "20:00:00"),), REMOTE, validity, style)
    return found


def shop(dice: Dice) -> list[Json]:
    """Give the hours of a pharmacy: six days, now and then on duty on Sundays."""
    style = _STYLES.pick(dice)
    found = [*_week(_SIX, (dice.pick(_MORNINGS), dice.pick(_AFTERNOONS)), OPENING, _validity(dice), style)]
    return found + _week((7,), (_ALWAYS,), DUTY, "season", style) if dice.chance(0.2) else found


def rounds(dice: Dice) -> list[Json]:
    """Give the hours of home visits: long days, mostly all week."""
    days = _ALL if dice.chance(0.7) else _SIX
    return [*_week(days, (("07:00:00", "20:00:00"),), HOME, _validity(dice), _STYLES.pick(dice))]


def closure(start: int, end: int | None) -> list[Json]:
    """Give the closing period from day *start* to the reopening on day *end*, counted from the reference day."""
    during = {"start": day(start)} if end is None else {"start": day(start), "end": day(end)}
    description = "Date de fermeture et date prévisionnelle de réouverture"
    return [{"id": "closingReopeningDate", "description": description, "during": during}]


def _validity(dice: Dice) -> str:
    return _VALIDITIES.pick(dice)


@cache
def _week(
    days: tuple[int, ...], slots: tuple[tuple[str, str], ...], kind: str, validity: str, style: str
) -> list[Json]:
    """Build the shared entries of a week: one for each day and slot."""
    return [_entry(number, slot, kind, validity, style) for number in days for slot in slots]


def _entry(number: int, slot: tuple[str, str], kind: str, validity: str, style: str) -> Json:
    parts: list[Json] = []
    if style != "native":
        parts.append({"url": DAY_NUMBER, "valueInteger": number})
    if validity:
        parts.append({"url": TIME_VALIDITY, "valuePeriod": _PERIODS[validity]})
    parts.append(coded_extension(TIME_TYPE, HOURS_TYPE, kind))
    entry: Json = {"extension": parts}
    if style != "number":
        entry["daysOfWeek"] = [_DAYS[number - 1]]
    return entry | {"availableStartTime": slot[0], "availableEndTime": slot[1]}
