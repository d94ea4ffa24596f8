"""The headers of our records as JSON Schemas: CloudEvents in Kafka's binary mode, and those of dead letters.

Kafka's headers are bytes. Each is described as what it reads as: UTF-8 text, or a big-endian number where it says so.
"""

from typing import Any, Final

from rorbridge.bus import deadletter
from rorbridge.events.envelope import LONGEST_ID, SOURCE
from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.result import RESULT_TYPE

Schema = dict[str, Any]
"""A JSON Schema."""

TRACE: Final = {
    "type": "string",
    "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
    "description": "Trace context (W3C) of the request; its result is of the same trace.",
    "examples": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
}
TRACE_STATE: Final = {
    "type": "string",
    "maxLength": 512,
    "description": "What vendors of tracing tools add to the trace context (W3C); it passes through with it.",
    "examples": ["vendor=00f067aa0ba902b7"],
}
_RESULT_TRACE: Final = {
    "description": "Trace context (W3C) of the same trace as the request's, where it has one. Where rorbridge records "
    "traces the parent is its span of sending; else it is the request's own, as it came.",
}
_ATTEMPT: Final = {
    "type": "string",
    "pattern": "^[1-9][0-9]{0,8}$",
    "description": "Which attempt this is, from 2 on: an operator had a dead letter put once more.",
    "examples": ["2"],
}
_ATTRIBUTES: Final[dict[str, Schema]] = {
    "ce_specversion": {"type": "string", "const": "1.0", "description": "Version of CloudEvents."},
    "ce_id": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_ID,
        "description": "Id of the event; with `ce_source` it is unique.",
        "examples": ["5f0c1c9e-7a51-4c0e-9d5e-3f1f0f4d9b1a"],
    },
    "ce_source": {
        "type": "string",
        "format": "uri-reference",
        "minLength": 1,
        "description": "Who published the event.",
        "examples": ["urn:via-parcours"],
    },
    "ce_type": {"type": "string", "description": "Type of the event."},
    "ce_time": {"type": "string", "format": "date-time", "description": "When it was published."},
    "ce_subject": {"type": "string", "description": "Subject, free; that of a request passes through to its result."},
    "content-type": {"type": "string", "description": "Media type of the value.", "examples": ["application/json"]},
    "ce_attempt": _ATTEMPT,
    "ce_traceparent": TRACE,
    "traceparent": TRACE,
    "ce_tracestate": TRACE_STATE,
    "tracestate": TRACE_STATE,
}


def _of_an_event(title: str, description: str, required: tuple[str, ...], **own: Schema) -> Schema:
    return {
        "type": "object",
        "title": title,
        "description": f"{description} Names are read in any case.",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", *required],
        "properties": {name: schema | own.pop(name, {}) for name, schema in _ATTRIBUTES.items()} | own,
    }


REQUEST: Final = _of_an_event(
    "Headers of a request",
    "CloudEvents 1.0 attributes in Kafka's binary mode.",
    (),
    ce_type={"const": REQUEST_TYPE},
)
RESULT: Final = _of_an_event(
    "Headers of a result",
    "CloudEvents 1.0 attributes in Kafka's binary mode.",
    ("ce_time", "content-type", "ce_correlationid"),
    ce_id={
        "format": "uuid",
        "description": "Derived from source, id and attempt of the request (UUIDv5): a repeat has the same.",
        "examples": ["d94e6d37-e2e0-5756-82c6-db65d4798459"],
    },
    ce_source={"const": SOURCE, "examples": [SOURCE]},
    ce_type={"const": RESULT_TYPE},
    ce_traceparent=_RESULT_TRACE,
    traceparent=_RESULT_TRACE,
    ce_correlationid={"type": "string", "description": "The `ce_id` of the request that this answers."},
)
STRUCTURED: Final[Schema] = {
    "type": "object",
    "title": "Headers of a structured request",
    "description": "Without a content type, a value that is an object with `specversion` is read as structured, too, "
    "as long as there is no `ce_` header.",
    "required": ["content-type"],
    "properties": {
        "content-type": {
            "type": "string",
            "pattern": "^application/cloudevents",
            "description": "Media type of the value.",
            "examples": ["application/cloudevents+json; charset=UTF-8"],
        },
        "traceparent": TRACE,
        "tracestate": TRACE_STATE,
    },
}
BARE: Final[Schema] = {
    "type": "object",
    "title": "Headers of a bare request",
    "description": "No header is needed; with one of `ce_` it is a CloudEvent.",
    "properties": {
        "content-type": _ATTRIBUTES["content-type"],
        "traceparent": TRACE,
        "tracestate": TRACE_STATE,
    },
    "patternProperties": {"^ce_": False},
}


def _number(format_: str, description: str) -> Schema:
    return {"type": "integer", "format": format_, "description": f"{description} Encoded as a big-endian {format_}."}


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


_TOLD: Final[dict[str, Schema]] = {
    deadletter.STATUS: _text(
        "`rejected` and `failed` requests have a result, too, but where the kind of error is the name of a class: "
        "there rorbridge itself broke. `no-event` has none.",
        enum=["rejected", "failed", deadletter.NO_EVENT],
    ),
    "kafka_dlt-original-topic": _text("Topic of the original record."),
    "kafka_dlt-original-partition": _number("int32", "Its partition."),
    "kafka_dlt-original-offset": _number("int64", "Its offset."),
    "kafka_dlt-original-timestamp": _number("int64", "Its timestamp, in milliseconds since 1970."),
    "kafka_dlt-original-consumer-group": _text("Consumer group of the service that gave it up."),
    "kafka_dlt-exception-fqcn": _text("Kind of error: the `type` of the result's problem, or the name of a class."),
    "kafka_dlt-exception-message": _text("What was wrong, in words."),
}
DEAD_LETTER: Final[Schema] = {
    "type": "object",
    "title": "Headers of a dead letter",
    "description": "Those of the original record, and why it is here: in the names and encodings of Spring for Apache "
    "Kafka.",
    "required": list(_TOLD),
    "properties": {
        **_TOLD,
        deadletter.TRUNCATED: _text(
            "Only where something of the original is lacking: bytes of its value, -1 where nobody can tell.",
            pattern="^(-1|[0-9]+)$",
        ),
        deadletter.REPLAY_OF: _text("Of what is no event and was replayed: `topic/partition/offset` of the first one."),
        deadletter.REPLAY_ATTEMPT: _text("Which attempt that is.", pattern="^[0-9]+$"),
        "ce_id": _text("Of an event in binary mode: its id."),
    },
}
