"""The table of metrics in docs/operations.md, from the code; and what /metrics tells, read.

``python -m tests.support.metrics`` writes the table into the page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from rorbridge.telemetry import metrics

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
START, END = "<!-- table: made by tests/support/metrics.py -->\n", "<!-- end of table -->\n"

_SUFFIXES = {"counter": "_total", "info": "_info"}
BUILD_LABELS = ("version", "delivery")
"""Labels of an Info are its values; the class has no list of them."""


@dataclass(frozen=True)
class Described:
    """A metric as Prometheus sees it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


def described() -> list[Described]:
    """Give every metric of ours, in the order in which the code defines them."""
    found = [one for value in vars(metrics).values() for one in _of(value)]
    assert len({one.name for one in found}) == len(found)
    return found


def _of(value: object) -> Iterator[Described]:
    match value:
        case MetricWrapperBase():
            for family in value.describe():
                yield _one(family, tuple(value._labelnames))
        case metrics.Lanes():
            for family in value.describe():
                yield _one(family, family._labelnames)


def _one(family: Metric, labels: tuple[str, ...]) -> Described:
    labels = BUILD_LABELS if family.type == "info" else labels
    return Described(family.name + _SUFFIXES.get(family.type, ""), family.type, labels, family.documentation)


Metrics = dict[str, dict[tuple[tuple[str, str], ...], float]]
"""Samples by name and labels."""


def scraped(text: str) -> Metrics:
    """Read what /metrics told, in Prometheus's text format."""
    found: Metrics = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def measured(name: str, **labels: str) -> float:
    """Give a sample of this process; 0 where it was never touched."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def table() -> str:
    """Give the table in Markdown."""
    rows = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for one in described():
        labels = ", ".join(f"`{label}`" for label in one.labels)
        rows.append(f"| `{one.name}` | {one.kind} | {labels} | {one.help} |")
    return "\n".join(rows) + "\n"


def page_with_table() -> str:
    """Give the page with a fresh table in it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    return before + START + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page_with_table(), encoding="utf-8")
