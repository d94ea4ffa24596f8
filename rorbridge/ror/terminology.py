"""The nomenclatures (NOS): which codes the ROR accepts, with their French words.

The files under ``nos/`` are the ANS's own FHIR resources; ``nos/SOURCES.md`` names their versions. NOS changes
several times a year: a code that is missing here may well exist, so nothing is refused on the word of this copy.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from rorbridge.events.codesystems import nos as code_system

__all__ = ["Concept", "code_system", "concepts", "display", "value_set"]


@dataclass(frozen=True, slots=True)
class Concept:
    """One code of a nomenclature, as a FHIR Coding has it."""

    system: str
    code: str
    display: str


@cache
def value_set(name: str) -> tuple[Concept, ...]:
    """Give the concepts of a value set (JDV) by its name, such as ``J17-ActiviteOperationnelle-ROR``.

    Raises FileNotFoundError when this copy does not hold it.
    """
    resource = _read(f"ValueSet-JDV-{name}.json")
    return tuple(
        Concept(include["system"], concept["code"], concept.get("display", ""))
        for include in resource["compose"]["include"]
        for concept in include.get("concept", ())
    )


@cache
def concepts(system: str) -> dict[str, Concept]:
    """Give the known concepts of the code system at URL *system* by code; empty when this copy has none."""
    return _by_system().get(system, {})


def display(system: str, code: str) -> str | None:
    """Give the French words of a code, or None when this copy does not know it."""
    concept = concepts(system).get(code)
    return concept.display if concept else None


@cache
def _by_system() -> dict[str, dict[str, Concept]]:
    """Read every file once. Value sets, the newer ones, win over code systems."""
    systems: dict[str, dict[str, Concept]] = {}
    folder = resources.files(__package__) / "nos"
    for entry in sorted(folder.iterdir(), key=lambda file: file.name):
        if entry.name.startswith("CodeSystem-"):
            resource = json.loads(entry.read_bytes())
            for concept in resource.get("concept", ()):
                one = Concept(resource["url"], concept["code"], concept.get("display", ""))
                systems.setdefault(one.system, {})[one.code] = one
        elif entry.name.startswith("ValueSet-JDV-"):
            for one in value_set(entry.name.removeprefix("ValueSet-JDV-").removesuffix(".json")):
                systems.setdefault(one.system, {})[one.code] = one
    return systems


def _read(name: str) -> dict[str, Any]:
    resource: dict[str, Any] = json.loads((resources.files(__package__) / "nos" / name).read_bytes())
    return resource
