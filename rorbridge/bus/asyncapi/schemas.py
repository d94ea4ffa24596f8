"""The schemas of the contract in the form that AsyncAPI has them: a draft-07 dialect, all of them components."""

from typing import Any

from rorbridge.bus.asyncapi.headers import TRACE, TRACE_STATE
from rorbridge.events.envelope import LONGEST_ID
from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.schemas import request_schema, result_schema

Schema = dict[str, Any]
"""A JSON Schema."""

_LOCAL = "#/$defs/"
_COMPONENTS = "#/components/schemas/"


def components() -> dict[str, Schema]:
    """Give all schemas of the contract by their names."""
    found: dict[str, Schema] = {"StructuredRequest": _structured()}
    for whole in (request_schema(), result_schema()):
        parts = whole.pop("$defs")
        del whole["examples"]  # messages have their own
        found |= {name: _converted(schema, parts) for name, schema in (parts | {whole["title"]: whole}).items()}
    return found


def _structured() -> Schema:
    return {
        "type": "object",
        "title": "Structured request",
        "description": "A CloudEvent 1.0 in JSON; other attributes are passed over.",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"type": "string", "const": "1.0", "description": "Version of CloudEvents."},
            "id": {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "description": "Id of the event."},
            "source": {
                "type": "string",
                "format": "uri-reference",
                "minLength": 1,
                "description": "Who published it.",
            },
            "type": {"type": "string", "const": REQUEST_TYPE, "description": "Type of the event."},
            "time": {"type": "string", "format": "date-time", "description": "When it was published."},
            "subject": {"type": "string", "description": "Subject, free; it passes through to the result."},
            "traceparent": TRACE,
            "tracestate": TRACE_STATE,
            "data": {"$ref": _COMPONENTS + "OrientationRequest"},
        },
    }


def _converted(schema: Any, parts: dict[str, Schema]) -> Any:
    """Move references to the components.

    Draft-07 passes over what stands beside one, so that goes around it, with the title by which generators of code
    know that it is the same type.
    """
    if isinstance(schema, list):
        return [_converted(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _converted(one, parts) for name, one in schema.items() if name not in {"$schema", "$id"}}
    if "$ref" not in found:
        return found
    name = found.pop("$ref").removeprefix(_LOCAL)
    reference = {"$ref": _COMPONENTS + name}
    return {"allOf": [reference], "title": parts[name]["title"], **found} if found else reference
