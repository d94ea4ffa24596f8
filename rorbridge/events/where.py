"""Where the care is to be given."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from rorbridge.events.codes import InseeCode
from rorbridge.events.contract import Received

PostalCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$"), Field(description="A postal code, five digits.")]
Department = Annotated[
    str,
    StringConstraints(pattern=r"^(?:[0-9]{2}|2[AB]|97[0-9]|98[0-9])$"),
    Field(description="A department: 01 to 95, 2A, 2B, or 97x/98x overseas."),
]

REGIONS: dict[str, tuple[str, ...]] = {
    "01": ("971",),
    "02": ("972",),
    "03": ("973",),
    "04": ("974",),
    "06": ("976",),
    "11": ("75", "77", "78", "91", "92", "93", "94", "95"),
    "24": ("18", "28", "36", "37", "41", "45"),
    "27": ("21", "25", "39", "58", "70", "71", "89", "90"),
    "28": ("14", "27", "50", "61", "76"),
    "32": ("02", "59", "60", "62", "80"),
    "44": ("08", "10", "51", "52", "54", "55", "57", "67", "68", "88"),
    "52": ("44", "49", "53", "72", "85"),
    "53": ("22", "29", "35", "56"),
    "75": ("16", "17", "19", "23", "24", "33", "40", "47", "64", "79", "86", "87"),
    "76": ("09", "11", "12", "30", "31", "32", "34", "46", "48", "65", "66", "81", "82"),
    "84": ("01", "03", "07", "15", "26", "38", "42", "43", "63", "69", "73", "74"),
    "93": ("04", "05", "06", "13", "83", "84"),
    "94": ("2A", "2B"),
}
"""Departments of each region, by INSEE code (Code officiel géographique)."""


class Point(Received):
    """A point on the earth, WGS84, decimal degrees."""

    latitude: float = Field(ge=-90, le=90, description="Degrees north.", examples=[47.2183])
    longitude: float = Field(ge=-180, le=180, description="Degrees east.", examples=[-1.6370])


CHOICES = {
    "near": "near",
    "commune": "commune",
    "communes": "communes",
    "postal_codes": "postalCodes",
    "departments": "departments",
    "region": "region",
    "serves": "serves",
}
"""The ways to say where: attribute and JSON name. A request uses one."""


class Where(Received):
    """Where the care is to be given: exactly one of the choices, and a radius with ``near`` and ``commune``."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in CHOICES.values()
            ]
        }
    )

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
    region: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")] | None = Field(
        default=None, description="In this region, by its INSEE code.", examples=["52"]
    )
    serves: tuple[InseeCode, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=50,
        description="Wherever it is, it comes to one of these communes (zone d'intervention).",
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
        if len(self.chosen) != 1:
            raise PydanticCustomError(
                "where_choice",
                "name exactly one of {choices}; found {found}",
                {"choices": ", ".join(CHOICES.values()), "found": len(self.chosen)},
            )
        if self.around and self.radius_km is None:
            raise PydanticCustomError("radius_missing", "radiusKm is required with near and commune")
        if not self.around and (self.radius_km or self.max_radius_km):
            raise PydanticCustomError("radius_without_point", "a radius goes with near or commune only")
        if self.radius_km and self.max_radius_km and self.max_radius_km < self.radius_km:
            raise PydanticCustomError("radius_order", "maxRadiusKm must not be less than radiusKm")
        if self.region is not None and self.region not in REGIONS:
            known = ", ".join(REGIONS)
            raise PydanticCustomError("region_unknown", "region is none of {known}", {"known": known})
        return self

    @property
    def chosen(self) -> list[str]:
        """The choices made, by their JSON names; one, once validated."""
        return [name for attribute, name in CHOICES.items() if getattr(self, attribute) is not None]

    @property
    def around(self) -> bool:
        """Whether distances are asked for: around a point or a commune."""
        return self.near is not None or self.commune is not None

    @property
    def wanted_departments(self) -> tuple[str, ...]:
        """The departments asked for, directly or as a region's."""
        return REGIONS[self.region] if self.region else self.departments or ()
