"""Nobody who keeps to a released schema is broken by the present one, and a change that would do so is seen."""

import copy
import json
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.schemas import request_schema, result_schema
from tests.support.compatibility import Break, Schema, breaks_readers, breaks_senders
from tests.support.released import PROMISES, ROOT, Promise, keep, kept, released

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", kept())
@pytest.mark.parametrize("promise", PROMISES, ids=lambda one: one.type)
def test_who_keeps_to_a_released_schema_is_not_broken(promise: Promise, version: str) -> None:
    old = json.loads(promise.file(version).read_text(encoding="utf-8"))
    found = promise.breaks(old, promise.present())
    told = "".join(f"\n  {one.pointer}: {one.reason}" for one in found)
    assert not found, (
        f"{promise.type} would break who keeps to {version}:{told}\n"
        "Leave that as it was, or make it a v2 of its own. While the version is not released: `make freeze-schemas`."
    )


def test_the_schemas_of_every_released_version_are_kept() -> None:
    assert kept()
    assert set(released(CHANGELOG)) <= set(kept())


def test_a_released_version_is_kept_as_it_was(tmp_path: Path) -> None:
    before, after = "## Unreleased\n", "## Unreleased\n\n## 7.0.0 - 2027-01-01\n"
    keep("7.0.0", before, tmp_path)
    file = PROMISES[0].file("7.0.0", tmp_path)
    fresh = file.read_text()
    file.write_text("{}")
    keep("7.0.0", before, tmp_path)
    assert file.read_text() == fresh, "until it is released it may be kept anew"
    file.write_text("{}")
    with pytest.raises(ValueError, match=r"7\.0\.0 is released"):
        keep("7.0.0", after, tmp_path)
    assert file.read_text() == "{}"
    assert (kept(tmp_path), released(after)) == (["7.0.0"], ["7.0.0"])


BASE: Schema = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["bed", "place"], "type": "string"},
        "count": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
        "ratio": {"type": "number", "exclusiveMinimum": 0},
        "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
        "codes": {
            "oneOf": [
                {"type": "array", "items": {"type": "string"}, "maxItems": 2},
                {"$ref": "#/$defs/AllOf"},
            ]
        },
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "inner": {"$ref": "#/$defs/Inner"},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["kind"],
    "$defs": {
        "AllOf": {"type": "object", "properties": {"allOf": {"type": "array"}}, "required": ["allOf"]},
        "Inner": {"type": "object", "properties": {"a": {"type": "string"}, "again": {"$ref": "#/$defs/Inner"}}},
    },
}
VALUES: dict[str, list[Any]] = {
    "kind": ["bed", "place", "lodging", 7, None],
    "count": [0, 1, 10, 11, 1.5, "one", None],
    "ratio": [-1, 0, 0.5, 1, "x"],
    "code": ["a", "abc", "abcd", "A", 1],
    "codes": [[], ["a"], ["a", "b", "c"], [1], {"allOf": ["a"]}, {"allOf": []}, {}, "a"],
    "note": ["x", None, 1],
    "inner": [{}, {"a": "x"}, {"a": 1}, {"b": 1}, {"again": {"a": 1}}, {"again": {}}],
    "counts": [{}, {"x": 1}, {"x": "y"}],
    "new": [1, "x"],
}


def documents() -> list[dict[str, Any]]:
    """Give documents that keep BASE and such that do not, in one or two places."""
    usual = {"kind": "bed"}
    single = [{**usual, name: value} for name, values in VALUES.items() for value in values]
    pairs = [{**usual, one: VALUES[one][0], other: VALUES[other][0]} for one, other in combinations(VALUES, 2)]
    return [usual, {}, *single, *pairs, *({"count": value} for value in VALUES["count"])]


def closed(schema: Schema) -> Schema:
    return {
        **schema,
        "additionalProperties": False,
        "$defs": {name: {**one, "additionalProperties": False} for name, one in schema["$defs"].items()},
    }


def put(path: str, value: object) -> Callable[[Schema], None]:
    """Put *value* at *path*; take out what is there when it is Ellipsis."""

    def change(schema: Any) -> None:
        *way, last = path.split("/")
        for step in way:
            schema = schema[int(step) if isinstance(schema, list) else step]
        if value is ...:
            del schema[int(last) if isinstance(schema, list) else last]
        else:
            schema[int(last) if isinstance(schema, list) else last] = value

    return change


P = "properties"
CHANGES: dict[str, tuple[Callable[[Schema], None], str | None, str | None]] = {
    # what changes: how, where it breaks a sender, where it breaks a reader
    "nothing": (put(f"{P}/kind/title", "Kind"), None, None),
    "a description": (put("description", "words"), None, None),
    "an extension": (put(f"{P}/kind/x-of", "more"), None, None),
    "a property more": (put(f"{P}/new", {"type": "integer"}), None, None),
    "a property less": (put(f"{P}/count", ...), f"/{P}/count", f"/{P}/count"),
    "a property less, deeper": (
        put("$defs/Inner/properties/a", ...),
        "/$defs/Inner/properties/a",
        "/$defs/Inner/properties/a",
    ),
    "another type": (put(f"{P}/count/type", "string"), f"/{P}/count/type", f"/{P}/count/type"),
    "a wider type": (put(f"{P}/count/type", "number"), None, f"/{P}/count/type"),
    "null as well": (put(f"{P}/count/type", ["integer", "null"]), None, f"/{P}/count/type"),
    "no type": (put(f"{P}/code/type", ...), None, f"/{P}/code/type"),
    "a value more": (put(f"{P}/kind/enum", ["bed", "place", "lodging"]), None, f"/{P}/kind/enum"),
    "a value less": (put(f"{P}/kind/enum", ["bed"]), f"/{P}/kind/enum", None),
    "one value alone": (put(f"{P}/kind", {"type": "string", "const": "bed"}), f"/{P}/kind/const", None),
    "any value": (put(f"{P}/kind/enum", ...), None, f"/{P}/kind/enum"),
    "a lower maximum": (put(f"{P}/count/maximum", 9), f"/{P}/count/maximum", None),
    "a higher maximum": (put(f"{P}/count/maximum", 11), None, f"/{P}/count/maximum"),
    "a lower minimum": (put(f"{P}/count/minimum", 0), None, f"/{P}/count/minimum"),
    "no minimum": (put(f"{P}/count/minimum", ...), None, f"/{P}/count/minimum"),
    "the limit as well": (put(f"{P}/ratio", {"type": "number", "minimum": 0}), None, f"/{P}/ratio/exclusiveMinimum"),
    "a shorter text": (put(f"{P}/code/maxLength", 2), f"/{P}/code/maxLength", None),
    "another pattern": (put(f"{P}/code/pattern", "^[A-Z]+$"), f"/{P}/code/pattern", f"/{P}/code/pattern"),
    "no pattern": (put(f"{P}/code/pattern", ...), None, f"/{P}/code/pattern"),
    "a property required": (put("required", ["kind", "count"]), "/required", None),
    "a property not required": (put("required", []), None, "/required"),
    "longer lists": (put(f"{P}/codes/oneOf/0/maxItems", 3), None, f"/{P}/codes/oneOf/0/maxItems"),
    "other items": (
        put(f"{P}/codes/oneOf/0/items/type", "integer"),
        f"/{P}/codes/oneOf/0/items/type",
        f"/{P}/codes/oneOf/0/items/type",
    ),
    "a choice less": (put(f"{P}/codes/oneOf/1", ...), f"/{P}/codes/oneOf", None),
    "a choice more": (
        put(f"{P}/note/anyOf", [{"type": t} for t in ("string", "null", "integer")]),
        None,
        f"/{P}/note/anyOf",
    ),
    "never null": (put(f"{P}/note", {"type": "string"}), f"/{P}/note/type", None),
    "other values of a map": (
        put(f"{P}/counts/additionalProperties/type", "string"),
        f"/{P}/counts/additionalProperties/type",
        f"/{P}/counts/additionalProperties/type",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("is_sender", [True, False], ids=["senders", "readers"])
def test_a_change_is_seen_to_break_where_a_document_shows_that_it_does(name: str, is_sender: bool) -> None:
    change, for_senders, for_readers = CHANGES[name]
    base = closed(BASE) if is_sender else BASE  # as requests and results are
    new = copy.deepcopy(base)
    change(new)
    found = [one.pointer for one in (breaks_senders if is_sender else breaks_readers)(base, new)]
    expected = for_senders if is_sender else for_readers
    assert found == ([expected] if expected else [])
    narrow, wide = (Draft202012Validator(one) for one in ((base, new) if is_sender else (new, base)))
    shown = [one for one in documents() if narrow.is_valid(one) and not wide.is_valid(one)]
    assert bool(shown) == bool(expected), shown


def test_what_no_document_shows_is_seen_too() -> None:
    """Left out, a property with another default means something else; what we cannot compare counts as a break."""
    other_default, unknown = copy.deepcopy(BASE), copy.deepcopy(BASE)
    other_default["properties"]["count"]["default"] = 2
    unknown["properties"]["count"]["multipleOf"] = 2
    assert [one.pointer for one in breaks_senders(BASE, other_default)] == ["/properties/count/default"]
    assert [one.pointer for one in breaks_senders(BASE, unknown)] == ["/properties/count/multipleOf"]
    assert breaks_readers(BASE, unknown) == []


def definitions(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Give every definition that is in use, with its pointer."""
    yield "", schema
    for name, one in schema["$defs"].items():
        yield f"/$defs/{name}", one


def changed(schema: Schema, at: str, change: Callable[[Schema], None]) -> Schema:
    found = copy.deepcopy(schema)
    change(dict(definitions(found))[at])
    return found


REAL = [
    ({**schema, "examples": []}, breaks)
    for schema, breaks in ((request_schema(), breaks_senders), (result_schema(), breaks_readers))
]


@pytest.mark.parametrize(("schema", "breaks"), REAL, ids=["request", "result"])
def test_whichever_property_goes_or_changes_its_kind_it_is_named(
    schema: Schema, breaks: Callable[[Schema, Schema], list[Break]]
) -> None:
    count = 0
    for at, definition in definitions(schema):
        for name in definition.get("properties", {}):
            pointer = f"{at}/properties/{name}"
            gone = breaks(schema, changed(schema, at, put(f"properties/{name}", ...)))
            assert pointer in {one.pointer for one in gone}
            other = breaks(schema, changed(schema, at, put(f"properties/{name}", {"type": "null"})))
            named = definition["properties"][name].get("$ref", pointer).removeprefix("#")  # by its definition
            assert any(one.pointer.startswith((pointer, named)) for one in other)
            count += 1
        if "properties" in definition:
            assert breaks(schema, changed(schema, at, put("properties/brandNew", {"type": "string"}))) == []
    assert count > 50


@pytest.mark.parametrize(("schema", "breaks"), REAL, ids=["request", "result"])
def test_whichever_value_or_requirement_changes_it_is_named(
    schema: Schema, breaks: Callable[[Schema, Schema], list[Break]]
) -> None:
    is_request = REQUEST_TYPE in schema["$id"]
    count = 0
    for at, definition in definitions(schema):
        required = definition.get("required", [])
        optional = [name for name in definition.get("properties", {}) if name not in required]
        for name in optional if is_request else required:
            other = [*required, name] if is_request else [one for one in required if one != name]
            found = breaks(schema, changed(schema, at, put("required", other)))
            assert found == [Break(f"{at}/required", f"{name} may be absent")]
            count += 1
        if values := definition.get("enum"):
            found = breaks(schema, changed(schema, at, put("enum", [*values, "brand-new"])))
            assert [one.pointer for one in found] == [f"{at}/enum"]
            count += 1
    assert count > 30


@pytest.mark.parametrize(("schema", "breaks"), REAL, ids=["request", "result"])
def test_the_same_schema_breaks_nobody(schema: Schema, breaks: Callable[[Schema, Schema], list[Break]]) -> None:
    assert breaks(schema, copy.deepcopy(schema)) == []
