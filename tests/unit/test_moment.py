"""Times as they are given to a command."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from rorbridge.cli.options import BEGINNING, moment


@pytest.mark.parametrize(
    ("text", "age"),
    [("45s", timedelta(seconds=45)), ("30m", timedelta(minutes=30)), ("2h", timedelta(hours=2)), ("7d", timedelta(7))],
)
def test_an_age_is_counted_from_now(text: str, age: timedelta) -> None:
    assert abs(datetime.now(UTC) - age - moment(text)) < timedelta(seconds=5)


def test_a_time_keeps_its_zone_and_has_the_local_one_without() -> None:
    assert moment("2026-11-24T09:00+01:00") == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert moment("2026-11-24T08:00Z") == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert moment("2026-11-24T08:00") == datetime(2026, 11, 24, 8).astimezone()


@pytest.mark.parametrize("text", ["999999d", "0001-01-01", "0001-01-01T00:00Z", "1969-12-31T23:59Z"])
def test_what_is_before_all_records_is_the_beginning(text: str) -> None:
    assert moment(text) == BEGINNING


@pytest.mark.parametrize("text", ["", "yesterday", "5", "-5m", "5 m", "1.5h", "2026-13-01", "99999999d"])
def test_all_else_is_a_mistake(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="neither a time"):
        moment(text)
