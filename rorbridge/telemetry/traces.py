"""Traces: what a request went through, as spans of OpenTelemetry.

Names and attributes are those of its semantic conventions 1.44 for messaging and HTTP; ours begin with ``rorbridge.``.
No span says what was asked or answered: no code, no coordinate, no query of a URL, no key, no text of an error.

Nothing is recorded until ``tracing`` is told of a tracer (see ``exporting``), nor for a request that is not sampled.
Such a request's trace context passes through as it came, so that whoever comes after us links to a span that is there.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from time import perf_counter

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import INVALID_SPAN, Span, SpanContext, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.stdlib import get_logger

__all__ = [
    "INVALID_SPAN",
    "Processing",
    "Span",
    "SpanContext",
    "call",
    "current",
    "event",
    "failed",
    "fields_beside_trace",
    "harmless",
    "processing",
    "span",
    "trace_id",
    "tracing",
]

log = get_logger(__name__)

Attributes = dict[str, str | int]
"""Attributes of a span, by their names in the semantic conventions."""


@dataclass(slots=True)
class _Tracing:
    """Where spans go, and which headers carry them."""

    tracer: Tracer | None = None
    propagator: TextMapPropagator = field(default_factory=TraceContextTextMapPropagator)
    told: set[tuple[str, str]] = field(default_factory=set)
    """What went wrong in tracing itself: at what, and the class of the error. It is told once."""


tracing = _Tracing()
"""The tracing of this process; ``exporting`` gives it a tracer."""


@contextmanager
def harmless(what: str) -> Iterator[None]:
    """Have what goes wrong inside, in *what* is done for a trace, cost the trace alone; it is told once."""
    try:
        yield
    except Exception as error:  # of a propagator, a sampler or an exporter, which may be anybody's
        found = (what, type(error).__name__)
        if found not in tracing.told:
            tracing.told.add(found)
            log.error("tracing-failed", at=what, error=found[1])  # not its text, which may be a request's


@dataclass(frozen=True, slots=True)
class Processing:
    """A request that is being answered."""

    span: Span
    _context: Context
    """What came with it beside its trace, such as baggage."""

    @property
    def is_recorded(self) -> bool:
        """Whether it leaves spans."""
        return self.span.is_recording()

    @property
    def trace_id(self) -> str | None:
        """The id of its trace, in hex; None when it leaves none."""
        return _id(self.span)

    def watched(self, parking: Callable[[bool], None]) -> Callable[[bool], None]:
        """Have the span tell of waiting for the ROR, and for how long it was in all."""
        return _Parked(self.span, parking) if self.is_recorded else parking

    def sending(self, topic: str, size: int) -> tuple[Span, dict[str, str]]:
        """Begin the span of publishing the answer; give it with the headers that carry it, none when not recorded.

        What goes wrong with it leaves the answer without them.

        Whoever publishes ends it.
        """
        if tracing.tracer is None or not self.is_recorded:
            return INVALID_SPAN, {}
        attributes: Attributes = {
            "messaging.system": "kafka",
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.destination.name": topic,
            "messaging.message.body.size": size,
        }
        sending: Span = INVALID_SPAN
        with harmless("sending"):
            within = trace.set_span_in_context(self.span, self._context)
            sending = tracing.tracer.start_span(f"send {topic}", within, SpanKind.PRODUCER, attributes)
            headers: dict[str, str] = {}
            tracing.propagator.inject(headers, trace.set_span_in_context(sending, self._context))
            return sending, headers
        with suppress(Exception):
            sending.end()
        return INVALID_SPAN, {}


_NOT_TRACED = nullcontext(Processing(INVALID_SPAN, Context()))
_NO_SPAN = nullcontext(INVALID_SPAN)


@dataclass(slots=True)
class _Parked:
    """Tells a span, and whoever is to be told, when a request begins to wait for the ROR and when it goes on."""

    span: Span
    parking: Callable[[bool], None]
    since: float | None = None
    total_s: float = 0.0

    def __call__(self, waits: bool) -> None:
        self.parking(waits)
        if waits and self.since is None:
            self.since = perf_counter()
            self.span.add_event("parked")
        elif not waits and self.since is not None:
            self.total_s += perf_counter() - self.since
            self.since = None
            self.span.add_event("goes on")
            self.span.set_attribute("rorbridge.parked_ms", round(self.total_s * 1000, 1))


def fields_beside_trace() -> set[str]:
    """Give the headers that propagators read beside W3C's trace context, such as baggage: by default none."""
    return tracing.propagator.fields - {"traceparent", "tracestate"}


def processing(
    topic: str, headers: Callable[[], Mapping[str, str]], attributes: Callable[[], Attributes]
) -> AbstractContextManager[Processing]:
    """Record what is done for a request from *topic*, as a part of the trace that its *headers* carry.

    What goes wrong with that leaves the request untraced.
    """
    if tracing.tracer is None:
        return _NOT_TRACED
    known: Attributes = {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": topic,
    }
    with harmless("processing"):
        context = tracing.propagator.extract(headers(), Context())
        started = tracing.tracer.start_span(f"process {topic}", context, SpanKind.CONSUMER, known | attributes())
        if started.is_recording():
            return _processing(started, context)
    return _NOT_TRACED


@contextmanager
def _processing(started: Span, context: Context) -> Iterator[Processing]:
    with _current(started):
        yield Processing(started, context)


def span(name: str) -> AbstractContextManager[Span]:
    """Record a part of what is done for a request; what is done for none is not recorded."""
    if tracing.tracer is None or not current().is_valid:
        return _NO_SPAN
    return _current(tracing.tracer.start_span(name))


def call(name: str, attributes: Callable[[], Attributes]) -> AbstractContextManager[Span]:
    """Record a call to another server, made for a request; the caller tells of its failures itself."""
    if tracing.tracer is None or not current().is_valid:
        return _NO_SPAN
    started = tracing.tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes())
    return trace.use_span(started, end_on_exit=True, record_exception=False, set_status_on_exception=False)


def event(name: str) -> None:
    """Note on the current span that something happened now."""
    found = trace.get_current_span()
    if found.is_recording():  # it may have ended: a call goes on for others when the one who made it gave up
        found.add_event(name)


def current() -> SpanContext:
    """Give what names the current span, for links to it."""
    return trace.get_current_span().get_span_context()


def trace_id() -> str | None:
    """Give the id of the current trace, in hex; None when nothing is recorded."""
    return _id(trace.get_current_span())


def failed(failing: Span, error: str) -> None:
    """Note that what a span stands for failed, with the kind of error: its text may hold anything."""
    with harmless("attributes"):
        failing.set_attribute("error.type", error)
        failing.set_status(StatusCode.ERROR)


def _id(one: Span) -> str | None:
    context = one.get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


@contextmanager
def _current(started: Span) -> Iterator[Span]:
    """Make a span the current one, and end it. What is raised is told by its class."""
    with trace.use_span(started, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield started
        except BaseException as error:
            failed(started, type(error).__name__)
            raise
