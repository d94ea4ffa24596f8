"""CloudEvents 1.0 to and from Kafka records.

In: binary mode, structured mode, and bare JSON, whose id is its place in Kafka; each of them also in the Confluent wire
format. Out: binary mode.
Source: CloudEvents specification 1.0.2 and its Kafka protocol binding.

The CloudEvents SDK makes an object of each event and looks at each attribute several times, which was a sixth of what a
request costs beside the ROR. So it is what the tests hold this module against, and no part of it.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from rorbridge.events import wireformat
from rorbridge.events.contract import checked
from rorbridge.events.request import REQUEST_TYPE

Headers = Sequence[tuple[str, bytes]]
"""Headers of a Kafka record, in their order."""

SOURCE = "urn:rorbridge"
"""The ``ce_source`` of what we publish."""

LONGEST_ID = 1024
"""Characters that the id of a request may have."""

_STRUCTURED = "application/cloudevents"
RESULT_IDS: Final = uuid.UUID("8b7f7f0e-6d0c-5c54-9a54-0d9d8f5d4a11")
"""The namespace of the ids of our answers."""
_NO_VERSION = (1 << 128) - 1 - (0xF000 << 64) - (0xC000 << 48)
_VERSION_5 = (0x5000 << 64) + (0x8000 << 48)
_MANDATORY = ("id", "source", "type", "specversion")
_KNOWN = (*_MANDATORY, "subject")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_TRACESTATE_MEMBER = re.compile(
    r"(?P<key>[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})="
    r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
"""A member of the list, between commas. Source: W3C Trace Context, section 3.3.1."""
_OF_A_TRACE = ("traceparent", "tracestate")
_LONGEST_TRACESTATE = 512
_MOST_TRACESTATE_MEMBERS = 32
_OF_ANY_RECORD = frozenset({"datacontenttype", "traceparent", "tracestate"})
"""Attributes that headers may hold without the record being an event."""


class NotAnEventError(ValueError):
    """A record that no result can answer, because it has no identity or no content; the text says why."""


@checked(frozen=True, slots=True)
class RequestEvent:
    """An event on the requests topic, its data not yet looked at."""

    id: str
    """Its ``id``; of bare JSON its place in Kafka, ``topic/partition/offset``."""
    source: str
    """Its ``source``; of bare JSON a URN of the topic."""
    type: str
    """Its ``type``; of bare JSON that of a request."""
    subject: str | None
    """Its ``subject``, which passes through to the answer."""
    traceparent: str | None
    """Of W3C Trace Context, from the event, else from the headers of its record."""
    data: bytes
    """The request as JSON, without the head of a wire format."""
    tracestate: str | None = None
    """Goes with ``traceparent``."""
    attempt: int = 1
    """Counts the times that this request was put, by an operator's replay."""
    schema_id: int | None = None
    """Under which id of a schema registry the data were written; None for plain JSON."""

    @property
    def trace_context(self) -> dict[str, str]:
        """The trace context (W3C) that goes on, by its headers' names; the state is nothing without its parent."""
        return _valid_trace({"traceparent": self.traceparent, "tracestate": self.tracestate})


def read(value: bytes | None, headers: Headers, place: str) -> RequestEvent:
    """Find the event in a record. *place* is ``topic/partition/offset``, the id of bare JSON.

    Raises NotAnEventError when there is no event in it.
    """
    if value is None:
        raise NotAnEventError("the record has no value; publish the request as its value, in JSON")
    try:
        schema_id, value = wireformat.split(value)
    except wireformat.CutOffError as error:
        raise NotAnEventError(str(error)) from None
    attributes = _attributes(headers)
    content_type = attributes.get("datacontenttype", "")
    if content_type.lower().startswith(_STRUCTURED):
        event = _structured(_json(value, schema_id))
    elif any(name not in _OF_ANY_RECORD for name in attributes):
        event = _event(attributes, value, schema_id)
    else:
        content = _json(value, schema_id)
        if isinstance(content, dict) and "specversion" in content:
            event = _structured(content)
        else:
            source = f"urn:kafka:{place.split('/', maxsplit=1)[0]}"
            event = RequestEvent(place, source, REQUEST_TYPE, None, None, value, schema_id=schema_id)
    if event.traceparent:
        return event
    if trace := trace_context(headers):  # of the Kafka headers, where the event itself names none
        return replace(event, traceparent=trace.get("traceparent"), tracestate=trace.get("tracestate"))
    return event


def write(*, type_: str, request: RequestEvent, time: datetime) -> list[tuple[str, bytes]]:
    """Give the headers of an event that answers *request*, in binary mode.

    Its id is derived from the request's source and id (UUIDv5, RFC 9562), so that a reader can drop a repeat.
    """
    headers = _headers(_uuid5(_identity(type_, request)), SOURCE, type_, time, request.subject)
    headers.append(("ce_correlationid", request.id.encode()))
    if request.attempt > 1:
        headers.append(("ce_attempt", str(request.attempt).encode()))
    if request.traceparent:
        trace = _trace_headers(request)
        headers += [(f"ce_{name}", value) for name, value in trace]
        headers += trace
    return headers


def _uuid5(name: str) -> str:
    """Give the UUID of version 5 (RFC 9562) of *name* among the ids of our answers, four times as fast as ``uuid``."""
    digest = int.from_bytes(hashlib.sha1(RESULT_IDS.bytes + name.encode(), usedforsecurity=False).digest()[:16], "big")
    text = f"{digest & _NO_VERSION | _VERSION_5:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _headers(id_: str, source: str, type_: str, time: datetime, subject: str | None) -> list[tuple[str, bytes]]:
    headers = [
        ("ce_id", id_.encode()),
        ("ce_source", source.encode()),
        ("ce_type", type_.encode()),
        ("ce_specversion", b"1.0"),
        ("ce_time", time.isoformat().replace("+00:00", "Z").encode()),
        ("content-type", b"application/json"),
    ]
    if subject:
        headers.append(("ce_subject", subject.encode()))
    return headers


def _identity(type_: str, request: RequestEvent) -> str:
    """Give what the id of an answer is made from: an answer to another attempt is another event."""
    attempt = f"\n{request.attempt}" if request.attempt > 1 else ""
    return f"{type_}\n{request.source}\n{request.id}{attempt}"


def again(request: RequestEvent, time: datetime) -> list[tuple[str, bytes]]:
    """Give the headers with which *request* is put once more, in binary mode, under its own id and source."""
    headers = _headers(request.id, request.source, request.type, time, request.subject)
    headers.append(("ce_attempt", str(request.attempt + 1).encode()))
    return [*headers, *_trace_headers(request)]


def trace_context(headers: Headers) -> dict[str, str]:
    """Give the trace context (W3C) in the headers of a record that may be no event.

    That of the event comes before that of its transport, and a state is taken from where its parent is.
    """
    found = {lowered: _text(raw) for name, raw in headers if (lowered := name.lower()).endswith(_OF_A_TRACE)}
    if not found:
        return {}
    return _valid_trace({name: found.get(f"ce_{name}") for name in _OF_A_TRACE}) or _valid_trace(found)


def _valid_trace(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Give of a trace context what may be passed on; anything else is dropped, as the standard asks."""
    parent, state = attributes.get("traceparent"), _tracestate(attributes.get("tracestate"))
    if not (isinstance(parent, str) and _TRACEPARENT.fullmatch(parent)):
        return {}
    return {"traceparent": parent, **({"tracestate": state} if state else {})}


def _tracestate(value: Any) -> str | None:
    """Give what vendors added to a trace context, where it is a list as it should be; it means nothing to us."""
    if not (isinstance(value, str) and len(value) <= _LONGEST_TRACESTATE):
        return None
    members = [one for member in value.split(",") if (one := member.strip(" \t"))]
    keys = [found["key"] for one in members if (found := _TRACESTATE_MEMBER.fullmatch(one))]
    return value if 0 < len(members) == len(set(keys)) <= _MOST_TRACESTATE_MEMBERS else None


def _trace_headers(event: RequestEvent) -> list[tuple[str, bytes]]:
    return [(name, value.encode()) for name, value in event.trace_context.items()]


def attempt(headers: Headers) -> int:
    """Give which attempt an event is, or answers; 1 where it does not say."""
    return _attempt(_attributes(headers).get("attempt"))


def _attempt(value: Any) -> int:
    text = str(value or "")
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def request_headers(
    *, id_: str, source: str, time: datetime, traceparent: str | None = None
) -> list[tuple[str, bytes]]:
    """Give the headers of a request in binary mode, as a client publishes it."""
    headers = _headers(id_, source, REQUEST_TYPE, time, None)
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    return headers


def correlation_id(headers: Headers) -> str | None:
    """Give the id of the request that a result answers; None where its headers name none."""
    return _attributes(headers).get("correlationid")


def event_type(headers: Headers) -> str | None:
    """Give the type of an event in binary mode; None for what is none."""
    return _attributes(headers).get("type")


def _attributes(headers: Headers) -> dict[str, str]:
    """Read the attributes in a record's headers; the last of equal names wins, broken UTF-8 is shown as such."""
    attributes: dict[str, str] = {}
    for name, raw in headers:
        match name.lower():
            case "content-type":
                attributes["datacontenttype"] = _text(raw)
            case lowered if lowered.startswith("ce_"):
                attributes[lowered.removeprefix("ce_")] = _text(raw)
    return attributes


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", errors="backslashreplace")


def _json(value: bytes, schema_id: int | None) -> Any:
    what = "the value" if schema_id is None else f"what follows the id of its schema ({schema_id}) in the value"
    try:
        return json.loads(value.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise NotAnEventError(f"{what} is not UTF-8: byte {error.start} cannot be read") from None
    except RecursionError:
        raise NotAnEventError(f"{what} is nested too deeply to be read") from None
    except ValueError as error:
        raise NotAnEventError(f"{what} is not JSON: {error}") from None


def _structured(content: Any) -> RequestEvent:
    if not isinstance(content, dict):
        raise NotAnEventError("a structured CloudEvent is a JSON object")
    if "data_base64" in content:
        raise NotAnEventError("the data are in data_base64; send JSON in data")
    data = json.dumps(content.pop("data", None)).encode()
    return _event({name: value for name, value in content.items() if value is not None}, data)


def _event(attributes: dict[str, Any], data: bytes, schema_id: int | None = None) -> RequestEvent:
    """Check the attributes that a result depends on; time and extensions are not ours to judge."""
    for name in _MANDATORY:
        if not attributes.get(name):
            raise NotAnEventError(f"the CloudEvent has no {name}")
    if attributes["specversion"] != "1.0":
        raise NotAnEventError("its version of CloudEvents is not supported; use specversion 1.0")
    for name in _KNOWN:
        value = attributes.get(name, "-")
        if not isinstance(value, str):
            raise NotAnEventError(f"the CloudEvent's {name} is not valid: it is no text")
        if not value:
            raise NotAnEventError(f"the CloudEvent's {name} is not valid: it is empty; leave it out")
        if not value.isprintable():
            raise NotAnEventError(f"the CloudEvent's {name} holds characters that cannot be printed")
    id_ = attributes["id"]
    if len(id_) > LONGEST_ID:
        raise NotAnEventError(f"the CloudEvent's id is longer than {LONGEST_ID} characters")
    trace = _valid_trace(attributes)
    return RequestEvent(
        id=id_,
        source=attributes["source"],
        type=attributes["type"],
        subject=attributes.get("subject"),
        traceparent=trace.get("traceparent"),
        tracestate=trace.get("tracestate"),
        data=data,
        attempt=_attempt(attributes.get("attempt")),
        schema_id=schema_id,
    )
