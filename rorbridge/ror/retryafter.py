"""The Retry-After header (RFC 9110 10.2.3), in seconds or as a date."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

_UNTOLD_S = 1.0


def retry_after_s(headers: httpx.Headers) -> float | None:
    """Give for how many seconds the server asks us to hold off; None when it does not, or not in a readable way."""
    told = headers.get("Retry-After", "").strip()
    if told.isascii() and told.isdigit():
        return float(told[:9])
    try:
        until = parsedate_to_datetime(told)
    except (ValueError, OverflowError):
        return None
    return max((until - datetime.now(UTC)).total_seconds(), 0.0) if until.tzinfo else None


def hold_off_s(status: int, headers: httpx.Headers) -> float | None:
    """Give for how many seconds an answer asks us to hold off: a 429 (RFC 6585) does so without the header, too."""
    told = retry_after_s(headers)
    return _UNTOLD_S if told is None and status == 429 else told
