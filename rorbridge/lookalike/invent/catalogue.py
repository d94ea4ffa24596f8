"""Which kinds of establishments and offers exist, and how common they are (``data/*-kinds.tsv``).

The kinds join codes that belong together (an activity, its type of offer, its care modes, its acts...), so that what
is invented is plausible. Sources of the codes: the nomenclatures of `rorbridge.ror.terminology`.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from rorbridge.lookalike.codes import EXPERTISE, MATERNITY
from rorbridge.lookalike.invent.dice import Weighted
from rorbridge.ror import terminology

SYSTEMS: Final = {
    "G15": terminology.code_system("G15-ProfessionSante"),
    "R94": terminology.code_system("R94-ProfessionSocial"),
    "R85": terminology.code_system("R85-RolePriseCharge"),
    "R95": terminology.code_system("R95-UsagerTitre"),
    "R356": terminology.code_system("R356-ProfessionRessource"),
    "R265": terminology.code_system("R265-PrestationPilotageSerafin"),
    "R266": terminology.code_system("R266-FamilleActiviteOperationnelleHorsSerafin"),
    "R66": terminology.code_system("R66-CategorieEtablissement"),
    "R02": terminology.code_system("R02-SecteurActivite"),
}
"""Code systems by the short name that the files use."""

Code = tuple[str, str]
"""System and code."""

Age = tuple[float, str]
"""Value and UCUM unit: ``a``, ``mo`` or ``d``."""


@dataclass(frozen=True, slots=True, eq=False)
class OfferKind:
    """What an offer may be made of; tuples hold the choices."""

    where: tuple[str, ...]
    field: str
    offer_type: str
    activity: str
    label: str
    modes: tuple[str, ...]
    ages: tuple[tuple[Age, Age], ...]
    acts: tuple[str, ...]
    home_acts: tuple[str, ...]
    specialisations: tuple[str, ...]
    professions: tuple[Code, ...]
    competences: tuple[str, ...]
    expertise: tuple[Code, ...]
    audience: tuple[str, ...]
    equipment: tuple[str, ...]
    families: tuple[Code, ...]
    modalities: tuple[str, ...]
    function: str
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class EstablishmentKind:
    """A sort of site: its category, how it is called, who owns it, how many offers it has.

    *share* is its part of all offers; *units* says whether it has poles and services (OI) between itself and them.
    """

    key: str
    share: float
    category: Code
    names: tuple[str, ...]
    legal: tuple[str, ...]
    least: int
    most: int
    units: bool


@cache
def offer_kinds(establishment: str) -> tuple[OfferKind, ...]:
    """Give the kinds of offers that an establishment of the kind *establishment* may have."""
    return tuple(kind for kind in _offer_kinds() if establishment in kind.where)


@cache
def establishment_kinds() -> tuple[EstablishmentKind, ...]:
    """Give the kinds of establishments."""
    return tuple(
        EstablishmentKind(
            key=row["key"],
            share=float(row["share"]),
            category=_code(row["category"]),
            names=tuple(row["names"].split(";")),
            legal=tuple(row["legal"].split(";")),
            least=int(row["least"]),
            most=int(row["most"]),
            units=row["units"] == "yes",
        )
        for row in _rows("establishment-kinds.tsv")
    )


@cache
def establishments() -> Weighted[EstablishmentKind]:
    """Give the kinds weighted so that each has its share of the offers, large sites being rarer."""
    kinds = establishment_kinds()
    return Weighted(kinds, [2 * kind.share / (kind.least + kind.most) for kind in kinds])


@cache
def _offer_kinds() -> tuple[OfferKind, ...]:
    return tuple(
        OfferKind(
            where=_list(row["where"]),
            field=row["field"],
            offer_type=row["offer_type"],
            activity=row["activity"],
            label=row["label"],
            modes=_list(row["modes"]),
            ages=tuple(_ages(one) for one in row["ages"].split(";")),
            acts=_list(row["acts"]),
            home_acts=_list(row["home_acts"]),
            specialisations=_list(row["specialisations"]),
            professions=tuple(_code(one) for one in _list(row["professions"])),
            competences=_list(row["competences"]),
            # 01 to 04 are types of maternity, the other levels begin at 10 (ROR-API 5.1).
            expertise=tuple((MATERNITY if one < "05" else EXPERTISE, one) for one in _list(row["expertise"])),
            audience=_list(row["audience"]),
            equipment=_list(row["equipment"]),
            families=tuple(_code(one) for one in _list(row["families"])),
            modalities=_list(row["modalities"]),
            function=row["function"],
            weight=float(row["weight"]),
        )
        for row in _rows("offer-kinds.tsv")
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (resources.files("rorbridge.lookalike") / "data" / name).read_text("utf-8")
    yield from csv.DictReader(text.splitlines(), delimiter="\t")


def _list(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(",")) if cell else ()


def _code(text: str) -> Code:
    system, _, code = text.partition(":")
    return SYSTEMS[system], code


def _ages(text: str) -> tuple[Age, Age]:
    low, _, high = text.partition("..")
    return _age(low), _age(high)


def _age(text: str) -> Age:
    number = text.rstrip("amod")
    return float(number), text.removeprefix(number)
