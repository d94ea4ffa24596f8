"""The CapabilityStatement: the production server's of 2024, with what is served here (ROR-API section 3)."""

import json
from importlib import resources
from typing import Any, Final

from rorbridge.lookalike.invent.dates import REFERENCE
from rorbridge.lookalike.search.catalog import HAS, Catalog
from rorbridge.lookalike.search.includes import INCLUDES, REVERSE_INCLUDES, Include
from rorbridge.lookalike.search.parameters import DEFINITIONS
from rorbridge.lookalike.search.tables import ChainedIndex

_RESULT_PARAMETERS: Final = ("_filter", "_include", "_include:iterate", "_revinclude", "_revinclude:iterate")


def capability_statement(catalog: Catalog, base: str) -> dict[str, Any]:
    """Give the statement of a server at *base*.

    It promises what is served here and nothing else, so that a client which feature-detects can rely on it; the words
    of the production server are kept where it has the parameter too.
    """
    file = resources.files("rorbridge.lookalike") / "data" / "CapabilityStatement-ror-serveur-prod.json"
    statement: dict[str, Any] = json.loads(file.read_bytes())
    production = {one["type"]: one for one in statement["rest"][0]["resource"]}
    statement |= {
        "id": "rorbridge-lookalike",
        "name": "RorbridgeLookalike",
        "title": "CapabilityStatement du sosie de l'API ROR (données inventées)",
        "date": REFERENCE.isoformat(),
        "publisher": "rorbridge",
        "software": {"name": "rorbridge lookalike", "version": "1"},
        "implementation": {"description": "Sosie de l'API ROR : données inventées", "url": base},
        "format": ["application/fhir+json", "json"],
        "rest": [
            {"mode": "server", "resource": [_resource(catalog, one, production.get(one, {})) for one in DEFINITIONS]}
        ],
    }
    return statement


def _resource(catalog: Catalog, resource_type: str, production: dict[str, Any]) -> dict[str, Any]:
    documented = {one["name"]: one.get("documentation") for one in production.get("searchParam", ())}
    parameters = [{"name": name, "type": kind} for name, kind in sorted(_parameters(catalog, resource_type).items())]
    for parameter in parameters:
        if words := documented.get(parameter["name"]):
            parameter["documentation"] = words
    return {
        "type": resource_type,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{resource_type}",
        "interaction": [{"code": "search-type"}, {"code": "read"}],
        "searchInclude": [one for one in INCLUDES if one.startswith(f"{resource_type}:")],
        "searchRevInclude": [one for one in REVERSE_INCLUDES if Include(one, True, False).source == resource_type],
        "searchParam": parameters,
    }


def _parameters(catalog: Catalog, resource_type: str) -> dict[str, str]:
    kinds = {(one, definition.name): definition.kind for one in DEFINITIONS for definition in DEFINITIONS[one]}
    found = dict.fromkeys(_RESULT_PARAMETERS, "string")
    for name, index in catalog.parameters[resource_type].items():
        if name.startswith(HAS):
            found[HAS.removesuffix(":")] = "special"
            continue
        through, _, chained = name.partition(".")
        owner = through.capitalize() if isinstance(index, ChainedIndex) else resource_type
        bare = chained.removesuffix(":above") if isinstance(index, ChainedIndex) else name
        found[name] = kinds[owner, bare].fhir
        if "of-type" in index.modifiers:
            found[f"{name}:of-type"] = "token"
    return found
