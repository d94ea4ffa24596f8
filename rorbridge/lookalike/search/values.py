"""Reading the values of search parameters: tokens, prefixes, numbers, quantities, dates (FHIR R4 search)."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from rorbridge.lookalike.outcome import InvalidParameterError

_PREFIXED: Final = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?")
_DATE: Final = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?"
)
_ESCAPED: Final = re.compile(r"\\([\\,|$])")


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time or of numbers: *low* belongs to it, *high* does not, unless both are the same."""

    low: float
    high: float


def split_or(value: str) -> list[str]:
    """Cut a value at its commas, which mean "or"; a comma after a backslash is part of the value."""
    parts = re.split(r"(?<!\\),", value)
    if not all(parts):
        message = f"Valeur vide dans « {value} »"
        raise InvalidParameterError(message)
    return parts


def unescape(value: str) -> str:
    """Take the backslashes away that kept commas, pipes and dollars from having a meaning."""
    return _ESCAPED.sub(r"\1", value)


def token(value: str) -> tuple[str | None, str]:
    """Read ``system|code``, ``|code``, ``system|`` or a bare ``code`` as system and code.

    The system is None when the value does not speak of it, and empty for "without a system"; an empty code stands for
    any code of the system.
    """
    system, bar, code = value.partition("|") if "|" in value else (None, "", value)
    if not bar:
        return None, unescape(code)
    if not system and not code:
        message = f"Jeton illisible : « {value} »"
        raise InvalidParameterError(message)
    return unescape(system or ""), unescape(code)


def prefixed(value: str) -> tuple[str, str]:
    """Cut a comparison prefix such as ``ge`` off; ``eq`` when there is none."""
    found = _PREFIXED.fullmatch(value)
    # The expression matches every string.
    prefix, rest = found.groups() if found else (None, value)
    return prefix or "eq", rest


def number(value: str) -> float:
    """Read a decimal number."""
    if not _NUMBER.fullmatch(value):
        message = f"Nombre illisible : « {value} »"
        raise InvalidParameterError(message)
    read = float(value)
    if not math.isfinite(read):
        message = f"Nombre hors limites : « {value} »"
        raise InvalidParameterError(message)
    return read


def quantity(value: str) -> tuple[float, str | None]:
    """Read ``number``, ``number|system|code`` or ``number||code`` as number and unit code, None without a unit.

    The system is not looked at: the ANS's examples and the data name different ones (ROR-API 3.5).
    """
    parts = value.split("|")
    if len(parts) not in {1, 3} or (len(parts) == 3 and not parts[2]):
        message = f"Quantité illisible : « {value} » (attendu : nombre ou nombre|système|code)"
        raise InvalidParameterError(message)
    return number(parts[0]), unescape(parts[2]) if len(parts) == 3 else None


def date(value: str) -> Interval:
    """Read a date, whole or in part, as the seconds since 1970 that it covers; without an offset it is in UTC."""
    found = _DATE.fullmatch(value)
    if not found:
        message = f"Date illisible : « {value} »"
        raise InvalidParameterError(message)
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        start = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        ) - _offset(offset)
        end = _end(start, month, day, hour, second)
    except (ValueError, OverflowError):
        message = f"Date impossible : « {value} »"
        raise InvalidParameterError(message) from None
    low = start.timestamp()
    if fraction:
        low += float(f"0.{fraction}")
        return Interval(low, low + 0.001)
    return Interval(low, end.timestamp())


def _end(start: datetime, month: str | None, day: str | None, hour: str | None, second: str | None) -> datetime:
    """Give the first moment after the year, month, day, minute or second that was written."""
    if second is not None:
        return start + timedelta(seconds=1)
    if hour is not None:
        return start + timedelta(minutes=1)
    if day is not None:
        return start + timedelta(days=1)
    if month is not None:
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start.replace(year=start.year + 1)


def _offset(text: str | None) -> timedelta:
    if text is None or text == "Z":
        return timedelta()
    size = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return -size if text[0] == "-" else size
