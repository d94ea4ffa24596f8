"""Codes of nomenclatures in a request, and how several of them are asked for."""

from collections.abc import Set
from typing import Annotated, Any

from pydantic import Discriminator, Field, StringConstraints, Tag

from rorbridge.events.contract import Received

Code = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,19}$"),
    Field(description="A code of a nomenclature (NOS): letters, digits, '.', '_' and '-', as published."),
]
ProfessionCode = Annotated[
    str,
    StringConstraints(pattern=r"^(?:G15|R94|R85|R95|R96|R356)\|[A-Za-z0-9]{1,10}$"),
    Field(
        description="A profession as NOMENCLATURE|CODE, such as G15|60 (infirmier) or R356|43 (pédopsychiatre): the "
        "same code means different professions in different nomenclatures."
    ),
]
InseeCode = Annotated[
    str,
    StringConstraints(pattern=r"^(?:[0-9]{2}|2[AB])[0-9]{3}$"),
    Field(description="INSEE code of a commune (COG), five characters, such as 44162 or 2A004."),
]


class AllOf(Received):
    """Every one of these codes must be met."""

    all_of: tuple[Code, ...] = Field(min_length=1, max_length=20, description="The codes, all of which must be met.")


class AllOfProfessions(Received):
    """Every one of these professions must be there."""

    all_of: tuple[ProfessionCode, ...] = Field(
        min_length=1, max_length=20, description="The professions, all of which must be there."
    )


def _branch(value: Any) -> str:
    return "allOf" if isinstance(value, dict | AllOf | AllOfProfessions) else "anyOf"


Codes = Annotated[
    Annotated[tuple[Code, ...], Field(max_length=50), Tag("anyOf")] | Annotated[AllOf, Tag("allOf")],
    Discriminator(_branch),
]
"""A list means any of its codes; ``{"allOf": [...]}`` means all of them. An empty list asks nothing."""


def is_met(asked: Codes, held: Set[str]) -> bool:
    """Tell whether the codes that are *held* meet those that are *asked*."""
    if isinstance(asked, AllOf):
        return held >= set(asked.all_of)
    return not asked or not held.isdisjoint(asked)


Professions = Annotated[
    Annotated[tuple[ProfessionCode, ...], Field(max_length=50), Tag("anyOf")]
    | Annotated[AllOfProfessions, Tag("allOf")],
    Discriminator(_branch),
]
"""The same for professions, whose codes name their nomenclature."""


def coded(description: str, *systems: str, example: str) -> Any:
    """Describe a criterion of codes from *systems*; it asks nothing unless it is given."""
    return Field(
        default=(),
        description=description,
        examples=[[example]],
        json_schema_extra={"x-nos-systems": list(systems)},
    )
