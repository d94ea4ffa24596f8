"""Metrics in the words of Prometheus, and the endpoint that shows them."""

from faststream.asgi import AsgiResponse, get
from faststream.asgi.types import ASGIApp, Scope
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

RESULTS = Counter("rorbridge_results", "Results by status", ["status"])
RESOLVE_SECONDS = Histogram(
    "rorbridge_resolve_seconds",
    "From a request's arrival to its result, without Kafka",
    buckets=(0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60),
)
REDACTIONS = Counter("rorbridge_redactions", "What was held back from the audience, by rule", ["rule"])
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


def endpoint() -> ASGIApp:
    """Give the endpoint that Prometheus scrapes."""

    @get
    async def metrics(scope: Scope) -> AsgiResponse:  # noqa: ARG001 - the interface of the endpoint
        return AsgiResponse(generate_latest(), status_code=200, headers={"content-type": CONTENT_TYPE_LATEST})

    return metrics
