"""The dashboard as it is written: its panels and what they ask."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.support.dashboard.board import FILE

BOARD: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
PANELS: dict[str, dict[str, Any]] = {one["title"]: one for one in BOARD["panels"] if one["type"] != "row"}
MARKS: dict[str, str] = {one["name"]: one["expr"] for one in BOARD["annotations"]["list"]}
"""What puts marks on all panels."""

_METRIC = re.compile(r"\b(?:rorbridge|process)_\w+|\bALERTS\b")
_PARTS = re.compile(r"_(bucket|sum|count)$")


def metrics() -> Iterator[str]:
    """Give the metrics that panels and marks ask for; of a histogram its name."""
    for text in (*(target["expr"] for panel in PANELS.values() for target in panel["targets"]), *MARKS.values()):
        yield from (metric(name) for name in _METRIC.findall(text))


def metric(series: str) -> str:
    """Give the metric that a series belongs to: a histogram has several."""
    return _PARTS.sub("", series)


def asked(expression: str) -> str:
    """Put in what Grafana puts in for a run of seconds that is scraped every second."""
    values = {"$namespace": ".*", "$job": ".+", "$instance": ".+", "$__rate_interval": "10s", "$__range": "5m"}
    for name, value in values.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression
