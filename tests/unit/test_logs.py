"""Logs tell what happened and never a body."""

import json
import logging

import pytest
import structlog

from rorbridge.telemetry import logs

SECRET = "the body of a request"


@pytest.mark.parametrize("format_", ["json", "console"])
def test_a_traceback_shows_no_variables(format_: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    logs.configure(format_, "INFO")  # type: ignore[arg-type]  # both are drawn above
    try:
        fail(SECRET)
    except ZeroDivisionError:
        structlog.stdlib.get_logger("test").exception("bug", request_id="r-1")
    finally:
        logging.getLogger().handlers = before
        structlog.reset_defaults()
    told = capsys.readouterr().err
    assert "ZeroDivisionError" in told
    assert "r-1" in told
    assert SECRET not in told
    if format_ == "json":
        assert json.loads(told)["event"] == "bug"


def fail(body: str) -> float:
    return len(body) / 0
