"""The orientation request: what is needed, where, for whom and until when.

There is no field for a person's name, birth date or identifier, and objects are closed, so that patient data cannot
slip in. Codes are codes of the French nomenclatures (NOS); ROR-API section 5 describes them.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic_core import PydanticCustomError

from rorbridge.events import codesystems
from rorbridge.events.contract import Received

REQUEST_TYPE = "rorbridge.orientation.request.v1"
"""The CloudEvents type of a request."""

Code = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,19}$"),
    Field(description="A code of a nomenclature (NOS): letters, digits, '.', '_' and '-', as published."),
]
InseeCode = Annotated[
    str,
    StringConstraints(pattern=r"^(?:\d{2}|2[AB])\d{3}$"),
    Field(description="INSEE code of a commune (COG), five characters, such as 44162 or 2A004."),
]
PostalCode = Annotated[str, StringConstraints(pattern=r"^\d{5}$"), Field(description="A postal code, five digits.")]
Department = Annotated[
    str,
    StringConstraints(pattern=r"^(?:\d{2}|2[AB]|97\d|98\d)$"),
    Field(description="A department: 01 to 95, 2A, 2B, or 97x/98x overseas."),
]


class AllOf(Received):
    """Every one of these codes must be met."""

    all_of: tuple[Code, ...] = Field(min_length=1, max_length=20)


def _list_or_all_of(value: Any) -> str:
    return "allOf" if isinstance(value, dict | AllOf) else "anyOf"


Codes = Annotated[
    Annotated[tuple[Code, ...], Field(max_length=50), Tag("anyOf")] | Annotated[AllOf, Tag("allOf")],
    Discriminator(_list_or_all_of),
]
"""A list means any of its codes; ``{"allOf": [...]}`` means all of them. An empty list asks nothing."""


def _coded(description: str, system: str, *examples: str) -> Any:
    return Field(
        default=(),
        description=description,
        examples=[list(examples)],
        json_schema_extra={"x-nos-system": system},
    )


class Age(Received):
    """Age of the person to be oriented."""

    value: float = Field(ge=0, le=1500, description="The age, in the unit named.", examples=[35])
    unit: Literal["a", "mo", "d"] = Field(default="a", description="UCUM unit: a for years, mo for months, d for days.")


class Need(Received):
    """What is needed. Different criteria must all be met; at least one is named."""

    activity: Codes = _coded("Activity (activité opérationnelle).", codesystems.ACTIVITY, "013")
    offer_type: Codes = _coded("Type of offer (type d'offre).", codesystems.OFFER_TYPE, "196")
    care_mode: Codes = _coded("Care mode (mode de prise en charge).", codesystems.CARE_MODE, "28")
    reception_modality: Codes = _coded("Reception modality (modalité d'accueil).", codesystems.RECEPTION_MODALITY, "04")
    specialisation: Codes = _coded(
        "Pathology or disability addressed (spécialisation de prise en charge).",
        codesystems.SPECIALISATION,
        "17",
    )
    age: Age | None = Field(default=None, description="Age of the person; the offer must take in that age.")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not any(getattr(self, name) for name in Need.model_fields):
            raise PydanticCustomError("need_empty", "name at least one criterion, such as activity")
        return self


class Point(Received):
    """A point on the earth, WGS84, decimal degrees."""

    latitude: float = Field(ge=-90, le=90, examples=[47.2183])
    longitude: float = Field(ge=-180, le=180, examples=[-1.6370])


_CHOICES = ("near", "commune", "communes", "postal_codes", "departments")
_JSON_CHOICES = ("near", "commune", "communes", "postalCodes", "departments")


class Where(Received):
    """Where the care is to be given: exactly one of the choices, and a radius with ``near`` and ``commune``."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in _JSON_CHOICES]})

    near: Point | None = Field(default=None, description="Around this point.")
    commune: InseeCode | None = Field(default=None, description="Around this commune.")
    communes: tuple[InseeCode, ...] | None = Field(
        default=None, min_length=1, max_length=50, description="In one of these communes."
    )
    postal_codes: tuple[PostalCode, ...] | None = Field(
        default=None, min_length=1, max_length=50, description="In one of these postal codes."
    )
    departments: tuple[Department, ...] | None = Field(
        default=None, min_length=1, max_length=20, description="In one of these departments."
    )
    radius_km: float | None = Field(
        default=None, gt=0, le=500, description="Radius of the first search, in km.", examples=[15]
    )
    max_radius_km: float | None = Field(
        default=None,
        gt=0,
        le=500,
        description="Widen the circle up to this radius, in km, until there are answer.atLeast offers.",
        examples=[60],
    )

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        chosen = [name for name in _CHOICES if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise PydanticCustomError(
                "where_choice",
                "name exactly one of {choices}; found {found}",
                {"choices": ", ".join(_JSON_CHOICES), "found": len(chosen)},
            )
        if self.around and self.radius_km is None:
            raise PydanticCustomError("radius_missing", "radiusKm is required with near and commune")
        if not self.around and (self.radius_km or self.max_radius_km):
            raise PydanticCustomError("radius_without_point", "a radius goes with near or commune only")
        if self.radius_km and self.max_radius_km and self.max_radius_km < self.radius_km:
            raise PydanticCustomError("radius_order", "maxRadiusKm must not be less than radiusKm")
        return self

    @property
    def around(self) -> bool:
        """Whether distances are asked for: around a point or a commune."""
        return self.near is not None or self.commune is not None


Part = Literal["practitioners", "contacts", "openingHours"]


class Answer(Received):
    """What the answer is to look like."""

    limit: int = Field(default=20, ge=1, le=200, description="At most so many offers.")
    at_least: int = Field(default=1, ge=1, le=200, description="Widen the circle while there are fewer.")
    order: Literal["distance", "fair"] = Field(
        default="distance",
        description="Nearest first, or fair: shuffled, always alike for the same request. Equals are always fair.",
    )
    include: tuple[Part, ...] = Field(
        default=("practitioners", "contacts", "openingHours"),
        max_length=3,
        description="Optional parts of an offer to send along.",
    )


class Requester(Received):
    """Who asks and why; short identifiers, no free text."""

    application: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", examples=["via-parcours"])
    purpose: str = Field(default="orientation", pattern=r"^[a-z][a-z0-9-]{0,63}$")


class OrientationRequest(Received):
    """A need for health or social care, to be answered with the offers that meet it."""

    need: Need
    where: Where
    answer: Answer = Field(default_factory=Answer)
    deadline: AwareDatetime | None = Field(
        default=None,
        description="When the answer is of no more use; with a time zone. Passed: the result is 'expired'.",
        examples=["2026-11-24T08:00:05Z"],
    )
    requester: Requester | None = None
