"""Metrics in the words of Prometheus, and the endpoint that shows them.

What stands somewhere anyway, such as how full a window is, is read when Prometheus asks and costs nothing before.
docs/operations.md lists all of them with their labels; times are seconds, as in their names.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from faststream.asgi.types import ASGIApp
from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Info, make_asgi_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

RESULTS = Counter("rorbridge_results", "Results that Kafka has, by status", ["status"])
RESOLVE_SECONDS = Histogram(
    "rorbridge_resolve_seconds",
    "From a request's arrival to its result, without Kafka",
    buckets=(0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60),
)
OFFERS_PUBLISHED = Counter("rorbridge_offers_published", "Offers in the results that Kafka has")
REDACTIONS = Counter("rorbridge_redactions", "What was held back from the audience, by rule", ["rule"])

DeadReason = Literal["not-an-event", "unreadable", "rejected", "failed"]
"""Why a record is a dead letter: no event, nothing that the Kafka client can read, or the status of its result."""

DEAD_LETTERS = Counter(
    "rorbridge_dead_letters",
    "Dead letters that Kafka has, by reason: not-an-event, unreadable, rejected or failed",
    ["reason"],
)

ROR_CALLS = Counter(
    "rorbridge_ror_calls",
    "Calls to the ROR by what was asked and HTTP status, or the kind of failure",
    ["call", "code"],
)
ROR_CALL_SECONDS = Histogram(
    "rorbridge_ror_call_seconds",
    "Duration of calls to the ROR, body included",
    ["call"],
    buckets=(0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60),
)
SEARCHES = Counter(
    "rorbridge_ror_searches", "Searches by where their answer came from: ror, shared or cache", ["source"]
)
BROKEN_ENTRIES = Counter("rorbridge_ror_broken_entries", "Entries of answers that could not be read")
CIRCUIT_OPEN = Gauge("rorbridge_circuit_open", "1 while the ROR counts as away and requests are parked")
CERTIFICATE_EXPIRY_DAYS = Gauge(
    "rorbridge_ror_client_certificate_expiry_days",
    "Days until the client certificate ends; negative after; NaN without one",
)
CERTIFICATE_EXPIRY_DAYS.set(float("nan"))  # a 0 would look like a certificate that ends today

COMMIT_SECONDS = Histogram(
    "rorbridge_commit_seconds",
    "Duration of one release of answers: a transaction, or with at-least-once publishing and committing",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
COMMIT_RECORDS = Histogram(
    "rorbridge_commit_records",
    "Requests that one release answers",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
LANE_RESTARTS = Counter(
    "rorbridge_lane_restarts",
    "Lanes that began anew from what is committed: fenced, by a process that has the partition now, or after an error",
    ["reason"],
)
WINDOW_SIZE = Gauge("rorbridge_window_size", "Records of one lane that may be in flight, as it is set")

READY = Gauge("rorbridge_ready", "1 while /readyz answers 200")
BUILD = Info("rorbridge_build", "What runs: its version, and how it delivers")

# What has not happened yet is 0, not absent: an alert on a rate needs the first one to be an increase.
for _reason in ("not-an-event", "unreadable", "rejected", "failed"):
    DEAD_LETTERS.labels(_reason)
for _reason in ("fenced", "error"):
    LANE_RESTARTS.labels(_reason)


@dataclass(frozen=True, slots=True)
class LaneReading:
    """How a lane stands at this moment."""

    partition: int
    in_flight: int
    """Records that are worked on and take room in the window."""
    parked: int
    """Records that wait for the ROR and take none."""
    span: int
    """Offsets from the lowest unanswered one to the highest answered one, both counted."""
    lag: int
    """Offsets from the lowest unanswered one to the end of the partition."""


LANE_GAUGES: Final[dict[str, tuple[str, Callable[[LaneReading], int]]]] = {
    "rorbridge_window_records": ("Records of a lane in flight, those parked not counted", lambda one: one.in_flight),
    "rorbridge_parked_records": ("Records of a lane that wait for the ROR", lambda one: one.parked),
    "rorbridge_span_records": (
        "Records from a lane's lowest unanswered one to its highest answered one; at 20,000 it takes no more",
        lambda one: one.span,
    ),
    "rorbridge_lag_records": ("Records of a partition from the lowest unanswered one to its end", lambda one: one.lag),
}
"""What is told of each open lane: what it means and how it is read."""


class Lanes(Collector):
    """Gauges of the open lanes, read when they are asked for; a lane that is gone leaves nothing behind."""

    def __init__(self) -> None:
        self._read: Callable[[], Iterable[LaneReading]] = tuple

    def set_function(self, read: Callable[[], Iterable[LaneReading]]) -> None:
        """Have *read* give the open lanes, in the place of whoever did before."""
        self._read = read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Give the families without samples."""
        yield GaugeMetricFamily("rorbridge_lanes", "Lanes that take records: partitions of ours that are worked on")
        for name, (help_, _) in LANE_GAUGES.items():
            yield GaugeMetricFamily(name, help_, labels=["partition"])

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the families as of now."""
        open_, *of_each = self.describe()
        readings = list(self._read())
        open_.add_metric([], len(readings))
        yield open_
        for family in of_each:
            _, value = LANE_GAUGES[family.name]
            for one in readings:
                family.add_metric([str(one.partition)], value(one))
            yield family


LANES = Lanes()
REGISTRY.register(LANES)


def endpoint() -> ASGIApp:
    """Give the endpoint that Prometheus scrapes, as OpenMetrics where that is asked for."""
    app: ASGIApp = make_asgi_app()
    return app
