"""The nomenclatures (NOS): which codes the ROR accepts, with their French words.

The files under ``nos/`` are the ANS's own FHIR resources; ``nos/SOURCES.md`` names their versions. NOS changes
several times a year: a code that is missing here may well exist, so nothing is refused on the word of this copy.
"""

import difflib
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from rapidfuzz import fuzz, process

from rorbridge.events.codesystems import nos as code_system

__all__ = ["Concept", "code_system", "concepts", "display", "nearest", "search", "value_set", "version", "words"]

_WORD = re.compile(r"[^\W\d_]{3,}")
"""A word worth naming."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One code of a nomenclature, as a FHIR Coding has it."""

    system: str
    """URL of the code system (TRE)."""
    code: str
    display: str
    """Its French words."""


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


def search(words: str, limit: int = 20) -> list[tuple[Concept, float]]:
    """Find concepts by French words, best first, with a score from 0 to 100; those with *words* as their code lead.

    Accents and case do not count, a typing error or another order of the words little.
    """
    every = [one for by_code in _by_system().values() for one in by_code.values()]
    coded = [(one, 100.0) for one in every if one.code.casefold() == words.strip().casefold()][:limit]
    if not any(char.isalpha() for char in words):
        return coded
    found = process.extract(
        _plain(words), [_plain(one.display) for one in every], scorer=fuzz.WRatio, limit=limit, score_cutoff=60
    )
    same = {one for one, _ in coded}
    return [*coded, *((every[index], score) for _, score, index in found if every[index] not in same)][:limit]


def words(beginning: str) -> list[str]:
    """Give the words of the nomenclatures that begin so; without accents where *beginning* goes without them."""
    typed = beginning.lower()
    displays = {one.display.lower() for by_code in _by_system().values() for one in by_code.values()}
    every = {word for text in displays for word in _WORD.findall(text)}
    forms = {word if word.startswith(typed) else _plain(word) for word in every}
    return sorted(beginning + one[len(beginning) :] for one in forms if one.startswith(typed))


def version(system: str) -> str | None:
    """Give the version of our copy of the code system at URL *system*, as the ANS dates it; None without a copy."""
    return _versions().get(system)


def nearest(system: str, code: str, limit: int = 3) -> list[Concept]:
    """Give the known codes that look most like *code*; those that lack or have a leading zero come first."""
    known = concepts(system)
    padded = [one for one in known if one.lstrip("0") == code.lstrip("0")]
    close = difflib.get_close_matches(code, known, n=limit, cutoff=0.5)
    return [known[one] for one in dict.fromkeys([*padded, *close])][:limit]


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


@cache
def _versions() -> dict[str, str]:
    versions: dict[str, str] = {}
    for entry in sorted((resources.files(__package__) / "nos").iterdir(), key=lambda file: file.name):
        if not entry.name.endswith(".json"):
            continue
        resource = json.loads(entry.read_bytes())
        systems = [one["system"] for one in resource.get("compose", {}).get("include", ())] or [resource["url"]]
        versions |= dict.fromkeys(systems, f"{resource.get('name', entry.name)} {resource.get('version', '')}".strip())
    return versions


def _plain(text: str) -> str:
    """Take accents and case from a text."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _read(name: str) -> dict[str, Any]:
    resource: dict[str, Any] = json.loads((resources.files(__package__) / "nos" / name).read_bytes())
    return resource
