"""Does a change of a schema break who keeps to the one before? What breaks, and where.

A sender's requests must go on being valid: all that the old schema takes, the new one takes. A reader of results must
go on understanding them: all that the new schema lets us write, the old one takes. So both are one question, whether a
schema lies *within* another, asked in two directions. It is answered for the keywords that our schemas use; a change
of any other counts as a break, since we cannot tell. Own code, since what there is on PyPI says yes or no, not where.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_ANNOTATIONS = {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default", "deprecated"}
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")


@dataclass(frozen=True, order=True)
class Break:
    """What breaks: a JSON Pointer (RFC 6901) into the schema that takes less, and why."""

    pointer: str
    reason: str


def breaks_senders(old: Schema, new: Schema) -> list[Break]:
    """Give what a sender who keeps to *old* may send and *new* refuses or understands otherwise."""
    return sorted(set(_Comparison(old, new).compare(old, new, "")))


def breaks_readers(old: Schema, new: Schema) -> list[Break]:
    """Give what we may write by *new* and a reader who keeps to *old* does not expect."""
    return sorted(set(_Comparison(new, old).compare(new, old, "")))


@dataclass
class _Comparison:
    """Whether what the narrow schema takes the wide one takes, each with its own definitions."""

    narrow: Schema
    wide: Schema

    def __post_init__(self) -> None:
        self._under_way: set[tuple[str, str]] = set()

    def compare(self, narrow: Any, wide: Any, at: str) -> Iterator[Break]:
        """Go through what *wide* asks, at the pointer *at*, and give what *narrow* does not warrant."""
        pair = _reference(narrow), _reference(wide)
        if all(pair) and pair in self._under_way:
            return  # a definition within itself
        self._under_way.add(pair)
        narrow, _ = _resolved(self.narrow, narrow, at)
        wide, at = _resolved(self.wide, wide, at)
        yield from self._keywords(narrow, wide, at)
        self._under_way.discard(pair)

    def _keywords(self, narrow: Schema, wide: Schema, at: str) -> Iterator[Break]:
        for union in ("anyOf", "oneOf"):
            if union in narrow and not _only_requires(narrow[union]):
                rest = {name: value for name, value in narrow.items() if name != union}
                for one in narrow[union]:
                    yield from self.compare({**_resolved(self.narrow, one, "")[0], **rest}, wide, at)
                return
        for union in {"anyOf", "oneOf"} & wide.keys():
            yield from self._choice(narrow, wide[union], union, at)
        yield from _values(narrow, wide, at)
        yield from _bounds(narrow, wide, at)
        for name in sorted(wide.keys() - _KNOWN):
            if not name.startswith("x-") and narrow.get(name) != wide[name]:
                yield Break(f"{at}/{name}", "changed, and whether that breaks cannot be told")
        yield from self._parts(narrow, wide, at)

    def _choice(self, narrow: Schema, choices: list[Any], union: str, at: str) -> Iterator[Break]:
        """Find a choice that takes all of *narrow*."""
        if _only_requires(choices):
            if union not in narrow or any(one not in choices for one in narrow[union]):
                yield Break(f"{at}/{union}", "a choice is gone")
            return
        types = [_resolved(self.wide, one, "")[0].get("type") for one in choices]
        if union == "oneOf" and (None in types or len(set(types)) < len(types)):
            yield Break(f"{at}/{union}", "its choices may overlap, so whether this breaks cannot be told")
            return
        found = [list(self.compare(narrow, one, f"{at}/{union}/{i}")) for i, one in enumerate(choices)]
        if all(found):
            same = [breaks for type_, breaks in zip(types, found, strict=True) if type_ == narrow.get("type")]
            yield from same[0] if len(same) == 1 else [Break(f"{at}/{union}", "no choice takes all that there may be")]

    def _parts(self, narrow: Schema, wide: Schema, at: str) -> Iterator[Break]:
        if "items" in wide:
            yield from self.compare(narrow.get("items", {}), wide["items"], f"{at}/items")
        mine, theirs = narrow.get("properties", {}), wide.get("properties", {})
        rest, their_rest = narrow.get("additionalProperties", True), wide.get("additionalProperties", True)
        for name in sorted(mine.keys() | theirs.keys()):
            here = f"{at}/properties/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in mine and rest is False:
                continue  # it is never there
            if name not in theirs and their_rest is False:
                yield Break(here, "is refused")
            elif name not in mine and rest is True:
                yield Break(here, "is gone: under this name there may be anything")
            else:
                yield from self.compare(mine.get(name, rest), theirs.get(name, their_rest), here)
            if name in mine and name in theirs and _default(mine[name]) != _default(theirs[name]):
                yield Break(f"{here}/default", "left out it means something else")
        if their_rest is False and rest is not False:
            yield Break(f"{at}/additionalProperties", "there may be properties that are refused")
        elif isinstance(their_rest, dict):
            yield from self.compare(rest, their_rest, f"{at}/additionalProperties")


def _default(schema: Any) -> str:
    return json.dumps(schema.get("default")) if isinstance(schema, dict) else ""


def _reference(schema: Any) -> str:
    return str(schema.get("$ref", "")) if isinstance(schema, dict) else ""


def _resolved(whole: Schema, schema: Any, at: str) -> tuple[Schema, str]:
    """Follow a reference into the definitions; what stands beside it counts as well."""
    if isinstance(schema, bool):
        return ({} if schema else {"not": {}}), at
    if "$ref" not in schema:
        return schema, at
    name = schema["$ref"].removeprefix("#/$defs/")
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return {**whole["$defs"][name], **beside}, f"/$defs/{name}"


def _only_requires(choices: list[Any]) -> bool:
    """Tell whether choices are about which properties are there: the same words, compared as they are."""
    return all("required" in one and "type" not in one and "$ref" not in one for one in choices)


def _types(schema: Schema) -> set[str]:
    found = schema.get("type", [])
    types = {found} if isinstance(found, str) else set(found)
    return types | {"integer"} if "number" in types else types


def _allowed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _values(narrow: Schema, wide: Schema, at: str) -> Iterator[Break]:
    if "type" in wide and ("type" not in narrow or not _types(narrow) <= _types(wide)):
        kind = " or ".join(sorted(_types(narrow))) or "anything"
        yield Break(f"{at}/type", f"there may be {kind} where {wide['type']} is expected")
    taken, given = _allowed(wide), _allowed(narrow)
    if taken is not None:
        keyword = "const" if "const" in wide else "enum"
        if given is None:
            yield Break(f"{at}/{keyword}", "there may be any value")
        elif unknown := [one for one in given if one not in taken]:
            yield Break(f"{at}/{keyword}", f"there may be {', '.join(map(json.dumps, unknown))}")
    for keyword in ("pattern", "format", "not", "uniqueItems"):
        if keyword in wide and narrow.get(keyword) != wide[keyword]:
            yield Break(f"{at}/{keyword}", f"there may be values that do not keep {json.dumps(wide[keyword])}")
    for name in wide.get("required", []):
        if name not in narrow.get("required", []):
            yield Break(f"{at}/required", f"{name} may be absent")


def _bounds(narrow: Schema, wide: Schema, at: str) -> Iterator[Break]:
    for keywords, sign in ((_MOST, 1), (_LEAST, -1)):
        for keyword in keywords:
            if keyword not in wide:
                continue
            limit = wide[keyword]
            exclusive = keyword.startswith("exclusive")
            own = {name: narrow[name] for name in (keyword, _counterpart(keyword)) if name in narrow}
            if not any(
                sign * value < sign * limit or (value == limit and (name.startswith("exclusive") or not exclusive))
                for name, value in own.items()
            ):
                yield Break(f"{at}/{keyword}", f"there may be values beyond {limit}")


def _counterpart(keyword: str) -> str:
    """Give the keyword that bounds the same with or without the limit itself."""
    if keyword.startswith("exclusive"):
        return keyword.removeprefix("exclusive").lower()
    return f"exclusive{keyword.capitalize()}"


_KNOWN = _ANNOTATIONS | {
    *_MOST,
    *_LEAST,
    *("$ref", "type", "const", "enum", "pattern", "format", "not", "uniqueItems", "required"),
    *("properties", "additionalProperties", "items", "anyOf", "oneOf"),
}
