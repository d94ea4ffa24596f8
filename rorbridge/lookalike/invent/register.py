"""What is being invented: the data set so far, and the numbers that were handed out."""

from collections import Counter
from functools import cache
from typing import Final

from rorbridge.lookalike.codes import REGION, Json, coding
from rorbridge.lookalike.invent.dates import updated
from rorbridge.lookalike.invent.dice import Dice
from rorbridge.lookalike.resources import Dataset

_FIRST_ID: Final = {
    "Organization": 1_000_001,
    "HealthcareService": 2_000_001,
    "Location": 3_000_001,
    "Practitioner": 4_000_001,
    "PractitionerRole": 5_000_001,
}
"""Far from the ids of the official examples and of the resources that they refer to."""


class Register:
    """Takes invented resources in, and gives each the next id of its type."""

    def __init__(self, seed: int) -> None:
        self.dice = Dice(seed)
        self.dataset = Dataset()
        self._numbers: Counter[str] = Counter()

    def start(self, resource_type: str, profile: str, region: str | None) -> Json:
        """Begin a resource: type, next id and metadata. *region* is the INSEE code of its source, None for none."""
        number = self.number(resource_type)
        return {
            "resourceType": resource_type,
            "id": str(_FIRST_ID[resource_type] + number),
            "meta": self.meta(profile, region),
        }

    def meta(self, profile: str, region: str | None) -> Json:
        """Give the metadata of a resource of *profile* (last part of its url) from the source *region*."""
        meta: Json = {"lastUpdated": updated(self.dice), "profile": _profile(profile)}
        if region:
            meta["tag"] = _tag(region)
        return meta

    def number(self, what: str) -> int:
        """Give the next number of the series *what*, from 0."""
        number = self._numbers[what]
        self._numbers[what] = number + 1
        return number


@cache
def _profile(name: str) -> list[str]:
    return [f"https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/{name}"]


@cache
def _tag(region: str) -> list[Json]:
    return [coding(REGION, region)]
