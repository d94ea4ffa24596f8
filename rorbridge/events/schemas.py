"""The contract as JSON Schemas (2020-12, and draft-07 for schema registries), with example requests and results."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from rorbridge.events.draft07 import draft07
from rorbridge.events.examples import answered, examples
from rorbridge.events.request import REQUEST_TYPE, OrientationRequest
from rorbridge.events.result import RESULT, RESULT_TYPE

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SHOWN: Final = {
    "06-near-a-commune",
    "19-free-bed-for-a-woman",
    "21-equipment-with-a-limit",
    "26-offers-of-a-professional",
}
"""Example requests that the schema itself shows."""


def request_schema() -> dict[str, Any]:
    """Give the schema of a request's data. It is closed: what it does not name is refused."""
    schema: dict[str, Any] = _described(OrientationRequest.model_json_schema(mode="validation"))
    shown = [json.loads(one.data) for one in examples() if one.name in _SHOWN]
    return _head(REQUEST_TYPE) | schema | {"examples": shown}


def result_schema() -> dict[str, Any]:
    """Give the schema of a result's data. It is open: readers pass over what they do not know."""
    schema: dict[str, Any] = _described(_as_written(RESULT.json_schema(by_alias=True, mode="serialization")))
    return _head(RESULT_TYPE) | schema | {"examples": [one.result for one in answered()]}


@cache
def registered_result_schema() -> str:
    """Give the text under which the schema of a result stands in a schema registry."""
    return _registered(result_schema())


def write_schemas(directory: Path) -> list[Path]:
    """Write both schemas and the examples into *directory*, made if need be, and give the files. Raises OSError."""
    contents: dict[str, bytes] = {}
    for type_, schema in ((REQUEST_TYPE, request_schema()), (RESULT_TYPE, result_schema())):
        contents[f"{type_}.schema.json"] = _text(schema).encode()
        contents[f"{type_}.draft-07.schema.json"] = _registered(schema).encode()
    contents |= {f"examples/{one.name}.json": one.data for one in examples()}
    contents |= {f"examples/answered/{one.status}.json": one.data for one in answered()}
    (directory / "examples" / "answered").mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return [directory / name for name in contents]


def _registered(schema: dict[str, Any]) -> str:
    """Give a schema as registries have it: what is valid, without the words about it.

    A word that is changed would be another version there, and none where nobody may register one.
    """
    return _text(draft07(_without_words(schema) | {"title": schema["title"]}))


def _without_words(schema: Any) -> Any:
    """Take out titles, descriptions and examples; properties of such names are no texts, and stay."""
    if isinstance(schema, list):
        return [_without_words(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _without_words(value)
        for name, value in schema.items()
        if not (name in {"title", "description"} and isinstance(value, str))
        and not (name == "examples" and isinstance(value, list))
    }


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _head(type_: str) -> dict[str, Any]:
    return {"$schema": _DIALECT, "$id": f"urn:rorbridge:schema:{type_}"}


def _described(schema: Any) -> Any:
    """Turn descriptions, which are docstrings, into CommonMark in lines of its own choice.

    What refers to a definition bears that one's title: generators of code would make a type of its own of another.
    """
    if isinstance(schema, list):
        return [_described(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _described(one) for name, one in schema.items()}
    if isinstance(text := schema.get("description"), str):
        found["description"] = re.sub(r"(?<!\n)\n(?!\n|- )", " ", text.replace("``", "`"))
    if "$ref" in found:
        found.pop("title", None)
    return found


def _as_written(schema: Any) -> Any:
    """Tell of a result what is written: what has no value is left out, and all else is always there.

    So nothing is null and nothing has a default, and what may have no value is all that is not required.
    """
    if isinstance(schema, list):
        return [_as_written(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _as_written(one) for name, one in schema.items() if name != "default"}
    if isinstance(properties := schema.get("properties"), dict) and "required" in found:
        found["required"] = [name for name in found["required"] if not _may_be_null(properties[name])]
        if not found["required"]:
            del found["required"]
    if _may_be_null(schema):
        del found["anyOf"]
        return _as_written(schema["anyOf"][0]) | found
    return found


def _may_be_null(schema: dict[str, Any]) -> bool:
    return len(choices := schema.get("anyOf", [])) == 2 and choices[1] == {"type": "null"}
