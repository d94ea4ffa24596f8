"""What spans are made of, and what goes on in the headers of a result."""

import asyncio
from collections.abc import Iterator

import pytest
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from rorbridge.telemetry import traces
from rorbridge.telemetry.traces import tracing

HEADERS = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "baggage": "patient=canary"}


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What is exported while tracing is on."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def by_name(exported: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {one.name: one for one in exported.get_finished_spans()}


def sent() -> dict[str, str]:
    """Process a request and give the headers that its result carries."""
    with traces.processing("requests", lambda: HEADERS, dict) as processing:
        span, carried = processing.sending("results", 10)
    span.end()
    return carried


def test_baggage_goes_on_only_where_the_propagators_say_so(
    exported: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(sent()) == {"traceparent"}
    both = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
    monkeypatch.setattr(tracing, "propagator", both)
    assert sent()["baggage"] == HEADERS["baggage"]
    assert "canary" not in "".join(one.to_json() for one in exported.get_finished_spans())


def test_what_is_not_recorded_carries_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent() == {}
    monkeypatch.setattr(tracing, "tracer", TracerProvider(ALWAYS_OFF, shutdown_on_exit=False).get_tracer("test"))
    assert sent() == {}


def test_an_error_is_told_by_its_class_and_never_by_its_text(exported: InMemorySpanExporter) -> None:
    with (
        pytest.raises(ValueError, match="canary"),
        traces.processing("requests", lambda: HEADERS, dict),
        traces.span("search"),
    ):
        raise ValueError("canary")
    for span in exported.get_finished_spans():
        assert span.status.status_code is StatusCode.ERROR
        assert span.attributes is not None
        assert span.attributes["error.type"] == "ValueError"
        assert "canary" not in span.to_json()


async def test_a_call_goes_on_in_the_trace_of_who_made_it_when_that_one_has_given_up(
    exported: InMemorySpanExporter,
) -> None:
    over = asyncio.Event()

    async def work() -> None:
        await over.wait()
        traces.event("turn")
        with traces.call("GET search", dict):
            pass

    with traces.processing("requests", lambda: HEADERS, dict), traces.span("search"):
        working = asyncio.create_task(work())
        await asyncio.sleep(0)
    over.set()
    await working
    found = by_name(exported)
    parent = found["GET search"].parent
    assert parent is not None
    assert parent.span_id == found["search"].get_span_context().span_id  # type: ignore[union-attr]  # it has one
    assert not found["search"].events


def test_what_no_request_asked_for_is_no_trace(exported: InMemorySpanExporter) -> None:
    with traces.span("search"), traces.call("GET check", dict):
        traces.event("turn")
    assert not exported.get_finished_spans()
    assert traces.trace_id() is None


def test_parking_is_told_once_and_its_time_is_added_up(exported: InMemorySpanExporter) -> None:
    told: list[bool] = []
    with traces.processing("requests", lambda: HEADERS, dict) as processing:
        parking = processing.watched(told.append)
        for waits in (False, True, True, False, False, True, False):
            parking(waits)
    assert told == [False, True, True, False, False, True, False]
    span = by_name(exported)["process requests"]
    assert [one.name for one in span.events] == ["parked", "goes on"] * 2
    assert span.attributes is not None
    assert isinstance(span.attributes["rorbridge.parked_ms"], float)
