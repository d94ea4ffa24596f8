"""The Retry-After header, whatever stands in it."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.ror.retryafter import retry_after_s


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("Mon, 1 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 1 Jan 2020 00:00:00 +99999999999999999999", None),
    ],
)
def test_seconds_and_dates_are_read_and_nothing_else(told: str, seconds: float | None) -> None:
    assert retry_after_s(httpx.Headers({"Retry-After": told})) == seconds


_NUMBER = r"\d{1,22}"
_DATES = rf"\A(Mon, )?{_NUMBER} Jan -?{_NUMBER} {_NUMBER}:{_NUMBER}(:{_NUMBER})?( [+-]{_NUMBER}| GMT)?\Z"


@given(st.from_regex(_DATES, alphabet=st.characters(codec="ascii")))
def test_any_date_is_seconds_or_nothing(told: str) -> None:
    found = retry_after_s(httpx.Headers({"Retry-After": told}))
    assert found is None or found >= 0
