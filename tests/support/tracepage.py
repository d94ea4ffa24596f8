"""The trace that docs/operations.md shows, from a test's run: ``make trace-page`` has the test write it there."""

import os

from tests.support.collector import Span, Value, rendered
from tests.support.kafka import Topics
from tests.support.metrics import PAGE

START, END = "<!-- trace: made by tests/integration/test_traces.py -->\n", "<!-- end of trace -->\n"
IS_WRITING = "WRITE_TRACE_PAGE" in os.environ
_VARIES = {
    "messaging.kafka.offset",
    "messaging.message.body.size",
    "server.port",
}


def tree(spans: list[Span], topics: Topics) -> str:
    """Write a trace with the names that the settings have by default in the place of a test's own."""
    text = rendered(spans, _shown)
    for own, default in (
        (topics.requests, "ror.orientation.requests"),
        (topics.results, "ror.orientation.results"),
        (topics.group, "rorbridge"),
    ):
        text = text.replace(own, default)
    return text


def _shown(name: str, value: Value) -> str:
    if name in _VARIES:
        return "…"
    if name == "url.full":
        scheme, _, rest = str(value).partition("://")
        return f"{scheme}://…/{rest.partition('/')[2]}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def page_with_trace(found: str) -> str:
    """Give the page with a fresh trace in it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    return f"{before}{START}```text\n{found}```\n{END}{rest.partition(END)[2]}"
