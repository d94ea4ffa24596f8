"""Logs tell what happened and never a body."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import pytest
import structlog
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.trace import TraceState

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


def test_what_opentelemetry_cannot_read_of_a_requests_headers_is_not_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = logging.getLogger().handlers[:]
    logs.configure("json", "DEBUG")
    try:
        TraceState.from_header([SECRET])
        W3CBaggagePropagator().extract({"baggage": SECRET})
        logging.getLogger("opentelemetry.exporter").warning("the collector is away")
    finally:
        logging.getLogger().handlers = before
        structlog.reset_defaults()
    [line] = capsys.readouterr().err.splitlines()
    assert "the collector is away" in line


def fail(body: str) -> float:
    return len(body) / 0


class Lines(logging.Handler):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines of a logger of aiokafka's and of one of ours, repeats held back; the hands of the clock stand still."""
    handler = Lines()
    loggers = [logging.getLogger(name) for name in ("aiokafka.conn", "rorbridge.test")]
    for one in loggers:
        one.addHandler(handler)
    yield handler
    for one in loggers:
        one.removeHandler(handler)


def test_what_a_library_repeats_is_told_once_in_thirty_seconds_with_a_count(lines: Lines) -> None:
    now = 0.0
    lines.addFilter(logs.Repeats(lambda: now))
    library = logging.getLogger("aiokafka.conn")
    for step in range(70):
        now = float(step)
        library.error("Unable connect to node with id %s: %s", step % 3, "refused")
        library.error("Topic %s is not available", "requests")
    told = [(one.getMessage(), getattr(one, "held_back", 0)) for one in lines.kept]
    assert told == [
        (message, count)
        for node, count in ((0, 0), (0, 29), (0, 29))
        for message in (f"Unable connect to node with id {node}: refused", "Topic requests is not available")
    ]


def test_what_a_library_told_as_a_warning_is_told_again_as_an_error(lines: Lines) -> None:
    lines.addFilter(logs.Repeats(lambda: 0.0))
    library = logging.getLogger("aiokafka.conn")
    for _ in range(2):
        library.warning("Topic %s is not available", "requests")
        library.error("Topic %s is not available", "requests")
    assert [one.levelname for one in lines.kept] == ["WARNING", "ERROR"]


def test_our_own_lines_are_all_told_however_alike_they_are(lines: Lines) -> None:
    lines.addFilter(logs.Repeats(lambda: 0.0))
    for _ in range(5):
        logging.getLogger("rorbridge.test").warning("dead-letter")
    assert len(lines.kept) == 5


def test_a_library_that_never_says_the_same_costs_no_memory(lines: Lines) -> None:
    repeats = logs.Repeats(lambda: 0.0)
    lines.addFilter(repeats)
    for number in range(2_000):
        logging.getLogger("aiokafka.conn").error("strange: %s", "x" * number)
    assert len(lines.kept) == 2_000
    assert len(repeats._told_at) <= 256


def test_how_many_were_held_back_is_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    logs.configure("json", "INFO")
    try:
        [handler] = logging.getLogger().handlers
        [repeats] = handler.filters
        assert isinstance(repeats, logs.Repeats)
        for now in (0.0, 1.0, 2.0, 31.0):
            repeats._clock = iter([now]).__next__
            logging.getLogger("aiokafka.conn").error("Kafka is away")
    finally:
        logging.getLogger().handlers = before
        structlog.reset_defaults()
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [one.get("held_back") for one in told] == [None, 2]


@pytest.fixture
def json_lines() -> Iterator[None]:
    """Log in JSON as the service does, and as before afterwards."""
    before = logging.getLogger().handlers[:]
    logs.configure("json", "INFO")
    yield
    logging.getLogger().handlers = before
    structlog.reset_defaults()


class _Code(StrEnum):
    MATCHED = "matched"


@pytest.mark.usefixtures("json_lines")
def test_whatever_a_line_holds_it_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    holds = {
        "half": "a half character: \ud83d",
        "lines": "one\ntwo\u2028three",
        "status": _Code.MATCHED,
        "place": Path("/tmp"),
        "error": ValueError("é"),
        "counts": {"a": 1, 2: 3},
        "none": None,
        "large": 2**80,
    }
    for name, value in holds.items():
        structlog.stdlib.get_logger("test").info("told", **{name: value})
    told = capsys.readouterr().err.split("\n")
    assert told.pop() == ""
    assert [json.loads(line)["event"] for line in told] == ["told"] * len(holds)
    assert [json.loads(line)[name] for line, name in zip(told[:3], holds, strict=False)] == [
        "a half character: \ud83d",
        "one\ntwo\u2028three",
        "matched",
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="an output that cannot be written to is Linux's /dev/full")
def test_a_line_that_cannot_be_written_costs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = logging.getLogger().handlers[:]
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stderr", full)
        logs.configure("json", "INFO")
        try:
            structlog.stdlib.get_logger("test").info("answered")
        finally:
            logging.getLogger().handlers = before
            structlog.reset_defaults()
            monkeypatch.undo()
            with suppress(OSError):
                full.close()
