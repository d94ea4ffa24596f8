"""From a record to what it is answered with."""

import asyncio
import json
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import default_getter
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from rorbridge.bus.answer import Answerer
from rorbridge.bus.deadletter import STATUS, TRUNCATED
from rorbridge.bus.delivery import _count, _Sent
from rorbridge.bus.outgoing import Outgoing
from rorbridge.bus.registry import ResultSchema
from rorbridge.events.envelope import correlation_id
from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.result import OrientationResult, Status, decode
from rorbridge.events.wireformat import frame, split
from rorbridge.orientation.directory import Directory, Found, Gate, Question, at_once
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver
from rorbridge.ror.nomenclature import Nos
from rorbridge.settings import KafkaSettings, SchemaRegistrySettings
from rorbridge.telemetry.traces import tracing
from tests.support import records
from tests.support.fhir import location, searchset, service

KAFKA = KafkaSettings(bootstrap_servers="unused:9092", group_id="ours")
REQUEST = json.dumps(
    {"need": {"activity": ["013"]}, "where": {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 10}}
).encode()
HEADERS = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"a-1"),
    ("ce_source", b"urn:tool"),
    ("ce_type", REQUEST_TYPE.encode()),
]


class One:
    """A directory that finds one offer."""

    async def check(self) -> None:
        pass

    async def search(self, question: Question, gate: Gate = at_once) -> Found:
        return Found(searchset(service(), location(), distances={"10": 1.0}), True, datetime.now(UTC))


class Two:
    """A directory that finds two offers."""

    async def check(self) -> None:
        pass

    async def search(self, question: Question, gate: Gate = at_once) -> Found:
        found = searchset(service("1"), service("2"), location(), distances={"10": 1.0})
        return Found(found, True, datetime.now(UTC))


class Broken:
    """A directory with a bug."""

    async def check(self) -> None:
        pass

    async def search(self, question: Question, gate: Gate = at_once) -> Found:
        raise ZeroDivisionError("a body that nobody may read")


def record(
    value: bytes | None, headers: Sequence[tuple[str, bytes]] = HEADERS, key: bytes | None = b"k"
) -> "ConsumerRecord[bytes, bytes]":
    return records.record(value, headers, key)


class Settled(ResultSchema):
    """A schema whose id is known."""

    def __init__(self) -> None:
        super().__init__(SchemaRegistrySettings(), KAFKA.results_topic)
        self._id = 7


def answerer(directory: Directory | None = None, schema: ResultSchema | None = None) -> Answerer:
    return Answerer(Resolver(directory or One(), Nos(), Audience(), 0), KAFKA, schema)


def answer(
    one: "ConsumerRecord[bytes, bytes]", directory: Directory | None = None, schema: ResultSchema | None = None
) -> tuple[Outgoing, ...]:
    return asyncio.run(answerer(directory, schema).answer(one, lambda waits: None))


def result(outgoing: Outgoing) -> OrientationResult:
    assert outgoing.topic == KAFKA.results_topic
    return decode(outgoing.value)


def test_a_request_gets_one_result_with_its_key_and_its_id() -> None:
    [one] = answer(record(REQUEST))
    found = result(one)
    assert (found.status, found.request_id, one.key) == (Status.MATCHED, "a-1", b"k")
    assert correlation_id(one.headers) == "a-1"
    assert found.timing is not None


@pytest.mark.parametrize("key", [None, b"", b"\xff\x00"])
def test_any_key_passes_through(key: bytes | None) -> None:
    [one] = answer(record(REQUEST, key=key))
    assert one.key == key


@pytest.mark.parametrize(
    ("value", "headers", "says"),
    [
        (b'{"need": {}}', HEADERS, "at least one criterion"),
        (b"no json", HEADERS, "JSON"),
        (b"\xff", HEADERS, "JSON"),
        (REQUEST, [*HEADERS[:3], ("ce_type", b"com.example.other")], "com.example.other"),
    ],
)
def test_a_request_that_is_not_valid_is_rejected_and_kept_as_a_dead_letter(
    value: bytes, headers: list[tuple[str, bytes]], says: str
) -> None:
    told, letter = answer(record(value, headers))
    found = result(told)
    assert found.status is Status.REJECTED
    assert found.problem is not None
    assert says in found.problem.detail
    assert (letter.topic, letter.value) == (KAFKA.dead_letter_topic, value)
    assert says in dict(letter.headers)["kafka_dlt-exception-message"].decode()


@pytest.mark.parametrize("value", [None, b"no json", b"\xff\xfe", b""])
def test_what_is_no_event_is_a_dead_letter_alone(value: bytes | None) -> None:
    [letter] = answer(record(value, headers=[("other", b"\xff")]))
    headers = dict(letter.headers)
    assert letter.topic == KAFKA.dead_letter_topic
    assert letter.value == (value or b"")
    assert letter.key == b"k"
    assert headers["other"] == b"\xff"
    assert headers["kafka_dlt-original-topic"] == b"requests"
    assert struct.unpack(">i", headers["kafka_dlt-original-partition"]) == (2,)
    assert struct.unpack(">q", headers["kafka_dlt-original-offset"]) == (41,)
    assert struct.unpack(">q", headers["kafka_dlt-original-timestamp"]) == (1_700_000_000_000,)
    assert headers["kafka_dlt-original-consumer-group"] == b"ours"
    assert headers["kafka_dlt-exception-fqcn"] == b"rorbridge.events.envelope.NotAnEventError"
    assert headers["kafka_dlt-exception-message"]


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode())
PLACE = {"topic": "requests", "partition": 2, "offset": 41}


@pytest.mark.parametrize("format_", ["offers", "fhir-bundle"])
def test_the_line_of_an_answer_says_whose_it_is_and_what_came_of_it(format_: str) -> None:
    asked = json.loads(REQUEST) | {"answer": {"format": format_}}
    with capture_logs() as lines:
        answer(record(json.dumps(asked).encode(), [*HEADERS, TRACED]), One())
    [line] = [one for one in lines if one["event"] == "answered"]
    assert line.items() >= {"request_id": "a-1", "trace_id": TRACE, **PLACE}.items()
    assert line.items() >= {"status": "matched", "problem": None, "offers": 1, "rounds": 1, "source": "ror"}.items()
    assert line["ms"] >= 0


def test_the_line_of_what_is_no_event_says_where_it_is_and_why() -> None:
    with capture_logs() as lines:
        answer(record(b"no event", [TRACED]))
        [letter] = answerer().unreadable(record(None), UnicodeDecodeError("utf-8", b"", 0, 1, "x"))
    assert letter.dead == "unreadable"
    [no_event, unreadable] = [one for one in lines if one["event"] == "dead-letter"]
    assert no_event.items() >= {"trace_id": TRACE, **PLACE, "status": "no-event"}.items()
    assert "not JSON" in no_event["problem"]
    assert unreadable.items() >= {**PLACE, "status": "no-event", "problem": "unreadable: UnicodeDecodeError"}.items()


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> TracerProvider:
    """Traces are on."""
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("test"))
    return provider


CANARY = "patient Dupont a ne le 1950"


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("value", [REQUEST, b"no event"])
def test_propagators_are_given_nothing_of_a_record_but_a_trace_that_is_valid(
    value: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    headers = HEADERS if value == REQUEST else []
    canaries = [(name, CANARY.encode()) for name in ("tracestate", "baggage", "b3", "other")]
    read: list[dict[str, str]] = []

    class Listening(TraceContextTextMapPropagator):
        def extract(self, carrier: Any, context: Context | None = None, getter: Any = default_getter) -> Context:
            read.append(dict(carrier))
            return super().extract(carrier, context, getter)

    monkeypatch.setattr(tracing, "propagator", Listening())
    answer(record(value, [*headers, TRACED, *canaries]))
    answer(record(value, [*headers, ("traceparent", CANARY.encode()), *canaries]))
    assert read == [{"traceparent": TRACED[1].decode()}, {}]
    monkeypatch.setattr(tracing, "propagator", CompositePropagator([Listening(), W3CBaggagePropagator()]))
    answer(record(value, [*headers, TRACED, ("Baggage", b"a=b"), ("tracestate", CANARY.encode())]))
    assert read[2:] == [{"traceparent": TRACED[1].decode(), "baggage": "a=b"}]
    assert CANARY not in caplog.text


@pytest.mark.usefixtures("traced")
def test_a_result_carries_no_tracestate_of_another_trace() -> None:
    event = {"specversion": "1.0", "id": "a", "source": "urn:t", "type": REQUEST_TYPE, "data": json.loads(REQUEST)}
    event["traceparent"] = TRACED[1].decode()
    other = f"00-{TRACE[::-1]}-00f067aa0ba902b7-01".encode()
    [one] = answer(record(json.dumps(event).encode(), [("traceparent", other), ("tracestate", b"vendor=ofother")]))
    headers = dict(one.headers)
    assert headers["traceparent"].split(b"-")[1].decode() == TRACE
    assert not {"tracestate", "ce_tracestate"} & set(headers)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("breaks", ["extract", "inject", "set_attribute", "set_status"])
def test_what_breaks_in_tracing_costs_no_request_its_result_and_is_told_once(
    breaks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(CANARY)

    owner = TraceContextTextMapPropagator if hasattr(TraceContextTextMapPropagator, breaks) else Span
    monkeypatch.setattr(owner, breaks, broken)
    monkeypatch.setattr(tracing, "told", set())
    with capture_logs() as lines:
        for _ in range(2):
            [one] = answer(record(REQUEST, [*HEADERS, TRACED]))
            assert result(one).status is Status.MATCHED
            if breaks in {"extract", "inject"}:
                assert dict(one.headers)["traceparent"] == TRACED[1], "as it came"
            told, letter = answer(record(REQUEST), Broken())
            assert (result(told).status, letter.dead) == (Status.FAILED, "failed")
            [letter] = answer(record(b"no event", [TRACED]))
            assert dict(letter.headers)["kafka_dlt-exception-fqcn"].endswith(b"NotAnEventError")
    [line] = [one for one in lines if one["event"] == "tracing-failed"]
    assert line["error"] == "ZeroDivisionError"
    assert CANARY not in str([one for one in lines if one["event"] != "bug"])


def test_a_dead_letter_that_comes_back_does_not_gather_headers() -> None:
    [first] = answer(record(b"no json", headers=[]))
    [second] = answer(record(b"no json", headers=list(first.headers)))
    assert [name for name, _ in second.headers] == [name for name, _ in first.headers]


def test_a_bug_fails_the_request_and_tells_no_content() -> None:
    told, letter = answer(record(REQUEST), Broken())
    found = result(told)
    assert found.status is Status.FAILED
    assert found.problem is not None
    assert "ZeroDivisionError" in found.problem.detail
    assert b"nobody may read" not in told.value
    assert letter.value == REQUEST


def test_a_bug_outside_of_resolving_is_a_dead_letter_not_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OverflowError("a body that nobody may read")

    monkeypatch.setattr(Answerer, "_result_record", broken)
    [letter] = answer(record(REQUEST))
    assert letter.topic == KAFKA.dead_letter_topic
    assert letter.value == REQUEST
    assert dict(letter.headers)["kafka_dlt-exception-message"].endswith(b"OverflowError")
    assert (letter.dead, dict(letter.headers)[STATUS]) == ("failed", b"failed"), "counted under what it says"


def test_an_answer_is_counted_by_its_status_when_kafka_has_it() -> None:
    before = counted()
    [one] = answer(record(REQUEST))
    rejected, letter = answer(record(b"no json"))
    assert counted() == before
    assert (one.status, rejected.status, letter.status) == (Status.MATCHED, Status.REJECTED, None)
    acknowledged: asyncio.Future[Any] = asyncio.Future(loop=asyncio.new_event_loop())
    _count([_Sent(sent, acknowledged) for sent in (one, rejected, letter)])
    more = {"matched", "rejected"}
    assert counted() == {status: count + (status in more) for status, count in before.items()}


def counted() -> dict[str, float]:
    """Read how many results of each status were counted."""
    return {one: REGISTRY.get_sample_value("rorbridge_results_total", {"status": one}) or 0.0 for one in Status}


def test_a_result_into_which_no_offer_fits_says_so() -> None:
    [one] = answer(record(REQUEST))
    assert one.smaller is not None
    assert [sent.status for sent in one.smaller(10)] == [Status.FAILED, None]
    told, letter = one.smaller(10)
    found = result(told)
    assert found.status is Status.FAILED
    assert letter.value == REQUEST
    assert dict(letter.headers)["kafka_dlt-exception-fqcn"] == b"urn:rorbridge:problem:result-too-large"
    assert found.problem is not None
    assert "answer.include" in found.problem.detail


def test_a_dead_letter_that_is_too_large_is_cut_and_says_from_what() -> None:
    value = b"x" * 1_000_000
    [letter] = answer(record(value, headers=[]))
    assert letter.smaller is not None
    [smaller] = letter.smaller(500_000)
    assert len(smaller.value) < 20_000
    assert dict(smaller.headers)[TRUNCATED] == b"1000000"


def test_bare_json_is_answered_under_its_place_in_kafka() -> None:
    [one] = answer(record(REQUEST, headers=[]))
    assert result(one).request_id == "requests/2/41"


def test_with_a_schema_registry_a_result_names_its_schema_and_is_else_the_same() -> None:
    [framed] = answer(record(REQUEST), schema=Settled())
    [plain] = answer(record(REQUEST))
    schema_id, data = split(framed.value)
    assert schema_id == 7
    assert set(json.loads(data)) == set(json.loads(plain.value))
    assert dict(framed.headers) | {"ce_time": b""} == dict(plain.headers) | {"ce_time": b""}
    assert dict(framed.headers)["content-type"] == b"application/json"


def test_with_a_schema_registry_the_cut_result_fits_with_its_head() -> None:
    [both] = answer(record(REQUEST), Two(), Settled())
    assert both.smaller is not None
    [one] = both.smaller(len(both.value) - 1)
    assert result(one).offers == result(both).offers[:1]
    assert both.smaller(len(one.value)) == (one,)
    without, _ = both.smaller(len(one.value) - 1)
    assert result(without).status is Status.FAILED
    assert split(one.value)[0] == split(without.value)[0] == 7


def test_with_a_schema_registry_a_dead_letter_keeps_the_bytes_of_its_request() -> None:
    for value in (b"{}", frame(3, b"{}")):
        told, letter = answer(record(value), schema=Settled())
        assert result(told).status is Status.REJECTED
        assert split(told.value)[0] == 7
        assert letter.value == value


def test_a_request_in_the_wire_format_is_answered_without_a_registry_too() -> None:
    [one] = answer(record(frame(3, REQUEST)))
    assert result(one).status is Status.MATCHED
    assert split(one.value)[0] is None
