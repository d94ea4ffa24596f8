"""From a Kafka record to what it is answered with: a result, a dead letter, or both."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from structlog.stdlib import get_logger

from rorbridge.bus.cut import cut, offers_in
from rorbridge.bus.deadletter import NO_EVENT, TRUNCATED, dead_letter
from rorbridge.bus.outgoing import MOST_HEAD, Outgoing, head_bytes
from rorbridge.bus.record import Record
from rorbridge.bus.registry import ResultSchema
from rorbridge.events import envelope, wireformat
from rorbridge.events.problem import InvalidRequestError, parse_request, problem, unsupported_type
from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.result import RESULT_TYPE, OrientationResult, Problem, Status, Timing, encode
from rorbridge.orientation.circuit import Parking
from rorbridge.orientation.resolve import Resolver
from rorbridge.settings import KafkaSettings
from rorbridge.telemetry import metrics, traces
from rorbridge.telemetry.metrics import DeadReason
from rorbridge.telemetry.traces import Processing

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers records, one by one; whatever happens, a record gets its answer."""

    resolver: Resolver
    kafka: KafkaSettings
    schema: ResultSchema | None = None
    """What the registry knows results by; without it they are plain JSON."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def unreadable(self, record: Record, error: Exception) -> tuple[Outgoing, ...]:
        """Give what to publish for a record of which the Kafka client can read nothing but its place."""
        log.warning("dead-letter", **_where(record), status=NO_EVENT, problem=f"unreadable: {type(error).__name__}")
        told = "the Kafka client cannot read this record; it is to be found at its place alone"
        letter = self._dead_letter(record, _name(error), told, "unreadable")
        return (replace(letter, headers=(*letter.headers, (TRUNCATED, b"-1"))),)

    async def answer(self, record: Record, parking: Parking) -> tuple[Outgoing, ...]:
        """Give what to publish for *record*. Raises nothing but a cancellation."""
        try:
            return await self._answer(record, parking)
        except Exception as error:  # a bug outside of resolving: there is no result to write, but no silence either
            log.exception("bug", **_where(record))
            told = f"rorbridge failed on this record: {type(error).__name__}"
            return (self._dead_letter(record, _name(error), told, "failed"),)

    async def _answer(self, record: Record, parking: Parking) -> tuple[Outgoing, ...]:
        received_at = self.now()
        place = f"{record.topic}/{record.partition}/{record.offset}"
        try:
            _check_head(record)
            event = envelope.read(record.value, record.headers, place)
        except envelope.NotAnEventError as error:
            return (self._no_event(record, error),)
        with self._processing(record, event) as processing:
            redactions: Counter[str] = Counter()
            result = await self._result(event, received_at, redactions, processing.watched(parking))
            if event.attempt > 1:
                result = replace(result, attempt=event.attempt)
            _tell(record, event, result, redactions, processing)
            published = self._result_record(record, event, result, processing)
        if result.status in {Status.REJECTED, Status.FAILED}:
            return (published, self._letter(record, result))
        return (published,)

    def _no_event(self, record: Record, error: envelope.NotAnEventError) -> Outgoing:
        """Give the dead letter of what is no event."""
        with self._processing(record, None) as processing:
            traces.failed(processing.span, "not-an-event")
            trace = processing.trace_id or _trace_id(envelope.trace_context(record.headers).get("traceparent"))
            log.warning("dead-letter", trace_id=trace, **_where(record), status=NO_EVENT, problem=str(error))
            return self._dead_letter(record, _name(error), str(error), "not-an-event")

    def _processing(self, record: Record, event: envelope.RequestEvent | None) -> AbstractContextManager[Processing]:
        """Record what is done for a record, as a part of the trace that it carries."""
        return traces.processing(
            record.topic,
            headers=lambda: _carried(record, event),
            attributes=lambda: {
                "messaging.consumer.group.name": self.kafka.group_id,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
                "messaging.message.body.size": len(record.value or b""),
                **({"cloudevents.event_id": event.id} if event else {}),
            },
        )

    async def _result(
        self, event: envelope.RequestEvent, received_at: datetime, redactions: Counter[str], parking: Parking
    ) -> OrientationResult:
        try:
            if event.type != REQUEST_TYPE:
                return self._refusal(event, Status.REJECTED, unsupported_type(event.type, REQUEST_TYPE), received_at)
            request = parse_request(event.data)
            return await self.resolver.resolve(event.id, request, received_at, redactions, parking)
        except InvalidRequestError as error:
            return self._refusal(event, Status.REJECTED, error.problem, received_at)
        except Exception as error:  # a bug of ours fails this request, not its neighbours
            log.exception("bug", request_id=event.id)
            kind = type(error).__name__
            found = problem("internal", "rorbridge failed on this request", f"{kind}; the service's log has more")
            return self._refusal(event, Status.FAILED, found, received_at)

    def _refusal(
        self, event: envelope.RequestEvent, status: Status, found: Problem, received_at: datetime
    ) -> OrientationResult:
        now = self.now()
        took_ms = round((now - received_at).total_seconds() * 1000, 1)
        timing = Timing(received_at=received_at, answered_at=now, resolve_ms=took_ms)
        return OrientationResult(request_id=event.id, status=status, problem=found, timing=timing)

    def _result_record(
        self, record: Record, event: envelope.RequestEvent, result: OrientationResult, processing: Processing
    ) -> Outgoing:
        data = encode(result)
        span, carried = processing.sending(self.kafka.results_topic, len(data))
        if "traceparent" in carried:
            event = replace(event, traceparent=carried.pop("traceparent"), tracestate=carried.pop("tracestate", None))
        headers = (
            *envelope.write(type_=RESULT_TYPE, request=event, time=self.now()),
            *((name, value.encode()) for name, value in carried.items()),
        )

        def smaller(size: int) -> tuple[Outgoing, ...]:
            shorter = cut(result, size - wireformat.HEAD_BYTES if self.schema else size)
            value = self._value(encode(shorter))
            published = Outgoing(
                self.kafka.results_topic,
                record.key,
                value,
                headers,
                offers=offers_in(shorter),
                status=shorter.status,
            )
            if shorter.status is Status.FAILED and result.status is not Status.FAILED:
                log.warning("result-too-large", request_id=event.id, **_where(record), bytes=len(data), room=size)
                return (published, self._letter(record, shorter))
            return (published,)

        return Outgoing(
            self.kafka.results_topic,
            record.key,
            self._value(data),
            headers,
            smaller,
            offers_in(result),
            status=result.status,
            span=span,
        )

    def _value(self, data: bytes) -> bytes:
        """Give a result's data as they travel."""
        return wireformat.frame(self.schema.id, data) if self.schema else data

    def _letter(self, record: Record, result: OrientationResult) -> Outgoing:
        """Give the dead letter of a request that was answered with a problem."""
        kind, detail = (result.problem.type, result.problem.detail) if result.problem else ("unknown", "")
        reason: DeadReason = "rejected" if result.status is Status.REJECTED else "failed"
        return self._dead_letter(record, kind, detail, reason)

    def _dead_letter(self, record: Record, error: str, message: str, reason: DeadReason) -> Outgoing:
        topic, group = self.kafka.dead_letter_topic, self.kafka.group_id
        return dead_letter(topic, record, group, error=error, message=message, reason=reason)


def _check_head(record: Record) -> None:
    """Raise NotAnEventError for a record whose key and headers would not fit beside an answer."""
    size = head_bytes(record.key, record.headers)
    if size > MOST_HEAD:
        raise envelope.NotAnEventError(
            f"key and headers take {size} bytes; they go along with the answer and may take {MOST_HEAD}"
        )


def _name(error: Exception) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _where(record: Record) -> dict[str, str | int]:
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}


def _carried(record: Record, event: envelope.RequestEvent | None) -> dict[str, str]:
    """Give what propagators read of a record: its trace context, and of its headers only those that they ask for."""
    trace = event.trace_context if event else envelope.trace_context(record.headers)
    asked = {name.lower(): name for name in traces.fields_beside_trace()}
    others = {
        asked[name.lower()]: (raw or b"").decode(errors="replace")
        for name, raw in record.headers
        if name.lower() in asked
    }
    return others | trace


def _trace_id(traceparent: str | None) -> str | None:
    return traceparent.split("-")[1] if traceparent else None


def _tell(
    record: Record,
    event: envelope.RequestEvent,
    result: OrientationResult,
    redactions: Counter[str],
    processing: Processing,
) -> None:
    """One line and one span an outcome; never a body."""
    search, timing = result.search, result.timing
    problem_ = result.problem.type if result.problem else None
    if processing.is_recorded:
        with traces.harmless("attributes"):
            processing.span.set_attribute("rorbridge.status", result.status.value)
            processing.span.set_attribute("rorbridge.offers", offers_in(result))
            processing.span.set_attribute("rorbridge.rounds", len(search.rounds) if search else 0)
        if result.status in {Status.FAILED, Status.EXPIRED}:  # a rejected request was answered as it should be
            traces.failed(processing.span, problem_ or result.status.value)
    if timing:
        metrics.RESOLVE_SECONDS.observe(timing.resolve_ms / 1000)
    for rule, count in redactions.items():
        metrics.REDACTIONS.labels(rule).inc(count)
    log.info(
        "answered",
        request_id=event.id,
        trace_id=processing.trace_id or _trace_id(event.traceparent),
        **_where(record),
        status=result.status.value,
        problem=problem_,
        offers=offers_in(result),
        rounds=len(search.rounds) if search else 0,
        source=search.source if search else None,
        broken=sum(one.broken for one in search.rounds) if search else 0,
        redactions=dict(redactions) or None,
        ms=timing.resolve_ms if timing else None,
    )
