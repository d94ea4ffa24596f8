"""The real communes that invented offers are spread over (``data/communes.tsv``; sources in ``data/SOURCES.md``)."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Commune:
    """One commune: INSEE code, name, postal codes, codes of its department and region, WGS84 degrees, inhabitants."""

    code: str
    name: str
    postal_codes: tuple[str, ...]
    department: str
    region: str
    latitude: float
    longitude: float
    population: int


@cache
def communes() -> dict[str, Commune]:
    """Give the communes by INSEE code, in the file's order."""
    text = (resources.files("rorbridge.lookalike") / "data" / "communes.tsv").read_text("utf-8")
    return {
        row["insee_code"]: Commune(
            code=row["insee_code"],
            name=row["name"],
            postal_codes=tuple(row["postal_codes"].split(",")),
            department=row["department"],
            region=row["region"],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            population=int(row["population"]),
        )
        for row in csv.DictReader(text.splitlines(), delimiter="\t")
    }
