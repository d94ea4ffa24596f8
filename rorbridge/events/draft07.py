"""A schema of the contract in the words of JSON Schema draft-07, for schema registries.

Registries and their clients read draft-07 wherever they read JSON Schema at all; 2020-12 they read in part. (Apicurio
3.0 takes a first schema of 2020-12, and fails on the next one, when it is to compare the two.) What our schemas say can
be said in both: only the place of the definitions has another name.
"""

from typing import Any, Final

DIALECT: Final = "http://json-schema.org/draft-07/schema#"

_PROPERTIES: Final = {"properties", "$defs"}
"""Keywords whose members are named by us, so that they are no keywords."""


def draft07(schema: dict[str, Any]) -> dict[str, Any]:
    """Give *schema*, which is one of 2020-12, as one of draft-07."""
    translated: dict[str, Any] = _translated(schema)
    return translated | {"$schema": DIALECT}


def _translated(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_translated(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _PROPERTIES:
            name = "definitions" if keyword == "$defs" else keyword
            found[name] = {own: _translated(one) for own, one in value.items()}
        elif keyword == "$ref":
            found[keyword] = value.replace("#/$defs/", "#/definitions/")
        else:
            found[keyword] = _translated(value)
    return found
