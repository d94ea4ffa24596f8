"""CloudEvents in and out of Kafka records."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid5

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.events import envelope
from rorbridge.events.envelope import NotAnEventError, RequestEvent
from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.wireformat import frame

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BINARY = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"a-1"),
    ("ce_source", b"urn:tool"),
    ("ce_type", REQUEST_TYPE.encode()),
    ("ce_subject", b"case-7"),
    ("content-type", b"application/json"),
]
PLACE = "ror.orientation.requests/2/41"


def test_binary_mode_has_its_attributes_in_headers() -> None:
    found = envelope.read(b'{"need": {}}', [*BINARY, ("traceparent", TRACE.encode())], PLACE)
    assert (found.id, found.source, found.type, found.subject) == ("a-1", "urn:tool", REQUEST_TYPE, "case-7")
    assert found.traceparent == TRACE
    assert found.data == b'{"need": {}}'


@pytest.mark.parametrize("depth", range(900, 1_000))
def test_however_deep_the_data_are_they_are_read_or_said_to_be_too_deep(depth: int) -> None:
    """The data are written once more; a depth at which Python reads JSON but cannot write it would be a crash."""
    head = b'{"specversion": "1.0", "id": "a-1", "source": "urn:tool", "type": "t", "data": '
    try:
        found = envelope.read(head + b"[" * depth + b"]" * depth + b"}", [], PLACE)
    except NotAnEventError as error:
        assert "nested too deeply" in str(error)
    else:
        assert found.data == b"[" * depth + b"]" * depth


@pytest.mark.parametrize("headers", [[("content-type", b"application/cloudevents+json; charset=UTF-8")], []])
def test_structured_mode_has_them_in_its_json_with_or_without_the_content_type(
    headers: list[tuple[str, bytes]],
) -> None:
    value = {"specversion": "1.0", "id": "a-1", "source": "urn:tool", "type": REQUEST_TYPE, "data": {"need": {}}}
    found = envelope.read(json.dumps(value).encode(), headers, PLACE)
    assert found.id == "a-1"
    assert json.loads(found.data) == {"need": {}}


@pytest.mark.parametrize("headers", [BINARY, []])
def test_the_wire_format_of_a_schema_registry_is_read_as_plain_json_is(headers: list[tuple[str, bytes]]) -> None:
    plain = envelope.read(b'{"need": {}}', headers, PLACE)
    framed = envelope.read(frame(7, b'{"need": {}}'), headers, PLACE)
    assert (plain.schema_id, framed.schema_id) == (None, 7)
    assert replace(framed, schema_id=None) == plain


def test_a_structured_event_may_come_in_the_wire_format() -> None:
    value = {"specversion": "1.0", "id": "a-1", "source": "urn:tool", "type": REQUEST_TYPE, "data": {"need": {}}}
    found = envelope.read(frame(7, json.dumps(value).encode()), [], PLACE)
    assert (found.id, json.loads(found.data)) == ("a-1", {"need": {}})
    assert found.schema_id is None, "the schema is that of the whole event, which the data are no more"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"\0\0\0", "ends after 3 of the 5 bytes"),
        (frame(7, b"\x02\x04avro"), r"what follows the id of its schema \(7\) in the value is not JSON"),
        (frame(7, b""), r"\(7\) in the value is not JSON"),
        (frame(7, b"\xff"), r"\(7\) in the value is not UTF-8"),
    ],
)
def test_a_wire_format_without_json_in_it_is_no_event(value: bytes, says: str) -> None:
    with pytest.raises(NotAnEventError, match=says):
        envelope.read(value, [], PLACE)


def test_bare_json_is_known_by_its_place_in_kafka() -> None:
    found = envelope.read(b'{"need": {}}', [("content-type", b"application/json")], PLACE)
    assert found.id == PLACE
    assert found.type == REQUEST_TYPE


@pytest.mark.parametrize(
    ("value", "headers", "says"),
    [
        (None, BINARY, "no value"),
        (b"\xff", [], "not UTF-8: byte 0"),
        (b"orient this, please", [], "not JSON"),
        (b"[" * 100_000, [], "nested too deeply"),
        (b"{}", [one for one in BINARY if one[0] != "ce_id"], "no id"),
        (b"{}", [("ce_id", b""), *BINARY[2:], BINARY[0]], "no id"),
        (b"{}", [one for one in BINARY if one[0] != "ce_source"], "no source"),
        (b"{}", [("ce_specversion", b"0.3"), *BINARY[1:]], "use specversion 1.0"),
        (b"{}", [("ce_id", b"x" * 2000), BINARY[0], *BINARY[2:]], "longer than"),
        (b'{"specversion": "1.0", "id": 5, "source": "s", "type": "t"}', [], "not valid"),
        (b'{"specversion": "1.0", "id": "\\ud800", "source": "s", "type": "t"}', [], "cannot be printed"),
        (b'["specversion"]', [("content-type", b"application/cloudevents+json")], "JSON object"),
        (
            b'{"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data_base64": "e30="}',
            [],
            "data_base64",
        ),
    ],
)
def test_what_is_no_event_says_why(value: bytes | None, headers: list[tuple[str, bytes]], says: str) -> None:
    with pytest.raises(NotAnEventError, match=says):
        envelope.read(value, headers, PLACE)


def test_a_trace_that_is_none_is_not_passed_on() -> None:
    found = envelope.read(b"{}", [*BINARY, ("traceparent", b"00-hello\r\nX-Evil: 1")], PLACE)
    assert found.traceparent is None


def test_what_vendors_added_to_a_trace_goes_along_with_it_and_never_alone() -> None:
    state = ("tracestate", b"vendor=1,other=2")
    found = envelope.read(b"{}", [*BINARY, ("traceparent", TRACE.encode()), state], PLACE)
    assert found.tracestate == "vendor=1,other=2"
    for headers in (
        envelope.write(type_="r.v1", request=found, time=datetime.now(UTC)),
        envelope.again(found, datetime.now(UTC)),
    ):
        assert state in headers
    alone = envelope.read(b"{}", [*BINARY, state], PLACE)
    assert "tracestate" not in dict(envelope.write(type_="r.v1", request=alone, time=datetime.now(UTC)))
    for broken in (
        b"vendor=1\r\nX-Evil: 1",
        b"v=" + b"x" * 300,
        b"a=1," + b"v=" + b"x" * 250 + b",w=" + b"x" * 256,
        b"",
        b" , ",
        b"patient Dupont a ne le 1950",
        b"vendor=1,patient Dupont",
        b"Vendor=1",
        b"vendor=1=2",
        b"vendor=1,vendor=2",
        b",".join(b"v%d=1" % number for number in range(33)),
    ):
        found = envelope.read(b"{}", [*BINARY, ("traceparent", TRACE.encode()), ("tracestate", broken)], PLACE)
        assert found.tracestate is None


def test_whitespace_and_empty_members_in_a_tracestate_are_none_of_our_business() -> None:
    trace = [("traceparent", TRACE.encode()), ("tracestate", b"a=1, 2x@b=x y ,,c/*=~")]
    assert envelope.read(b"{}", [*BINARY, *trace], PLACE).tracestate == "a=1, 2x@b=x y ,,c/*=~"


OTHER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("order", [1, -1])
def test_a_tracestate_goes_with_no_traceparent_but_its_own(order: int) -> None:
    of_the_transport = [("traceparent", OTHER.encode()), ("tracestate", b"vendor=ofother")]
    value = {"specversion": "1.0", "id": "a-1", "source": "urn:tool", "type": "t", "traceparent": TRACE}
    structured = envelope.read(json.dumps(value).encode(), of_the_transport, PLACE)
    binary = [*BINARY, ("ce_traceparent", TRACE.encode()), *of_the_transport][::order]
    for event in (structured, envelope.read(b"{}", binary, PLACE)):
        assert event.trace_context == {"traceparent": TRACE}
    assert envelope.trace_context(binary) == {"traceparent": TRACE}
    assert envelope.trace_context(of_the_transport) == {"traceparent": OTHER, "tracestate": "vendor=ofother"}


def test_bare_json_with_a_trace_is_still_bare() -> None:
    trace = [("traceparent", TRACE.encode()), ("tracestate", b"vendor=1")]
    found = envelope.read(b'{"need": {}}', trace, PLACE)
    assert (found.id, found.traceparent, found.tracestate) == (PLACE, TRACE, "vendor=1")


def test_a_result_is_correlated_and_its_id_is_always_the_same_for_the_same_request() -> None:
    request = envelope.read(b"{}", [*BINARY, ("traceparent", TRACE.encode())], PLACE)
    first, second = (
        dict(envelope.write(type_="r.v1", request=request, time=datetime(2026, 11, day, tzinfo=UTC))) for day in (1, 2)
    )
    assert first["ce_id"] == second["ce_id"]
    assert first["ce_correlationid"] == b"a-1"
    assert first["ce_subject"] == b"case-7"
    assert first["traceparent"] == TRACE.encode()
    assert first["content-type"] == b"application/json"
    assert envelope.correlation_id(list(first.items())) == "a-1"


def test_two_sources_may_use_the_same_id() -> None:
    one = envelope.read(b"{}", BINARY, PLACE)
    other = envelope.read(b"{}", [*BINARY, ("ce_source", b"urn:other")], PLACE)
    ids = {dict(envelope.write(type_="r", request=event, time=datetime.now(UTC)))["ce_id"] for event in (one, other)}
    assert len(ids) == 2


headers = st.lists(
    st.tuples(
        st.sampled_from(["ce_id", "ce_source", "ce_type", "ce_specversion", "content-type", "traceparent", "other"])
        | st.text(max_size=10),
        st.sampled_from([b"1.0", b"application/cloudevents+json", b"x"]) | st.binary(max_size=20),
    ),
    max_size=8,
)


@given(st.none() | st.binary(max_size=100) | st.sampled_from([b"{}", b'{"specversion":"1.0"}']), headers)
def test_whatever_record_comes_it_is_an_event_or_a_typed_error(
    value: bytes | None, found: list[tuple[str, bytes]]
) -> None:
    try:
        event = envelope.read(value, found, PLACE)
    except NotAnEventError as error:
        assert str(error)
    else:
        assert event.id
        dict(envelope.write(type_="r", request=event, time=datetime.now(UTC)))


_words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp", "Zs"]), min_size=1, max_size=30)


@given(_words, _words, st.none() | _words, st.datetimes(timezones=st.just(UTC)), st.integers(1, 3))
def test_the_sdk_of_cloudevents_reads_what_we_write_and_writes_the_same(
    id_: str, source: str, subject: str | None, time: datetime, attempt: int
) -> None:
    request = RequestEvent(id_, source, REQUEST_TYPE, subject, TRACE, b"{}", "a=1", attempt)
    headers = dict(envelope.write(type_="r.v1", request=request, time=time))
    transport = {name: headers.pop(name) for name in ("traceparent", "tracestate")}
    event = kafka.from_binary(kafka.KafkaMessage(headers, None, b"{}"), JSONFormat())
    assert kafka.to_binary(event, JSONFormat()).headers == headers
    assert transport == {"traceparent": TRACE.encode(), "tracestate": b"a=1"}
    assert event.get_time() == time
    assert event.get_subject() == subject
    assert event.get_extension("correlationid") == id_
    assert event.get_extension("attempt") == (str(attempt) if attempt > 1 else None)


@given(_words, _words, _words, st.none() | _words)
def test_what_the_sdk_of_cloudevents_writes_is_read(id_: str, source: str, type_: str, subject: str | None) -> None:
    attributes = {"id": id_, "source": source, "type": type_, "specversion": "1.0"}
    event = CloudEvent({**attributes, **({"subject": subject} if subject else {})}, b"{}")
    message = kafka.to_binary(event, JSONFormat())
    found = envelope.read(b"{}", list(message.headers.items()), PLACE)
    assert (found.id, found.source, found.type, found.subject) == (id_, source, type_, subject)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_the_id_of_an_answer_is_a_uuid_of_version_5_as_others_make_it(id_: str) -> None:
    request = RequestEvent(id_, "urn:tool", "t", None, None, b"")
    expected = str(uuid5(envelope.RESULT_IDS, f"r.v1\nurn:tool\n{id_}"))
    written = dict(envelope.write(type_="r.v1", request=request, time=datetime.now(UTC)))
    assert written["ce_id"].decode() == expected
