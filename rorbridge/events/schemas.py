"""The contract as JSON Schemas (2020-12, and draft-07 for schema registries), with example requests."""

import json
from pathlib import Path
from typing import Any

from rorbridge.events.draft07 import draft07
from rorbridge.events.examples import examples
from rorbridge.events.request import REQUEST_TYPE, OrientationRequest
from rorbridge.events.result import RESULT, RESULT_TYPE

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def request_schema() -> dict[str, Any]:
    """Give the schema of a request's data."""
    return _head(REQUEST_TYPE) | OrientationRequest.model_json_schema(mode="validation")


def result_schema() -> dict[str, Any]:
    """Give the schema of a result's data. It is open: readers pass over what they do not know."""
    schema: dict[str, Any] = _without_nulls(RESULT.json_schema(by_alias=True, mode="serialization"))
    return _head(RESULT_TYPE) | schema


def registered_result_schema() -> str:
    """Give the text under which the schema of a result stands in a schema registry."""
    return _text(draft07(result_schema()))


def write_schemas(directory: Path) -> list[Path]:
    """Write both schemas and the examples into *directory* and give the files."""
    (directory / "examples").mkdir(parents=True, exist_ok=True)
    files = []
    for type_, schema in ((REQUEST_TYPE, request_schema()), (RESULT_TYPE, result_schema())):
        for name, form in ((f"{type_}.schema.json", schema), (f"{type_}.draft-07.schema.json", draft07(schema))):
            file = directory / name
            file.write_text(_text(form), encoding="utf-8")
            files.append(file)
    for example in examples():
        file = directory / "examples" / f"{example.name}.json"
        file.write_bytes(example.data)
        files.append(file)
    return files


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _head(type_: str) -> dict[str, Any]:
    return {"$schema": _DIALECT, "$id": f"urn:rorbridge:schema:{type_}"}


def _without_nulls(schema: Any) -> Any:
    """Take null out of what may be absent: in a result, what has no value is left out."""
    if isinstance(schema, list):
        return [_without_nulls(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _without_nulls(one) for name, one in schema.items() if (name, one) != ("default", None)}
    match found.pop("anyOf", None):
        case [one, {"type": "null"}]:
            return one | found
        case None:
            return found
        case choices:
            return {"anyOf": choices, **found}
