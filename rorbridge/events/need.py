"""What is needed: the criteria that an offer has to meet."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from rorbridge.events import codesystems as cs
from rorbridge.events.codes import Code, Codes, Professions, coded
from rorbridge.events.contract import Received


class Age(Received):
    """Age of the person to be oriented."""

    value: float = Field(ge=0, le=1500, description="The age, in the unit named.", examples=[35])
    unit: Literal["a", "mo", "d"] = Field(default="a", description="UCUM unit: a for years, mo for months, d for days.")


class Limit(Received):
    """What a device has to bear or let through."""

    value: float = Field(gt=0, le=100_000, description="The least limit, in the unit named.", examples=[200])
    unit: Literal["kg", "cm"] = Field(description="kg for a weight, cm for a diameter.", examples=["kg"])


class Equipment(Received):
    """A device that the place must have."""

    type: Code = Field(
        description="Equipment (équipement spécifique).",
        examples=["088"],
        json_schema_extra={"x-nos-systems": [cs.EQUIPMENT]},
    )
    feature: Code | None = Field(
        default=None,
        description="Kind of limit (caractéristique): 001 maximum weight, 002 maximum diameter.",
        examples=["001"],
        json_schema_extra={"x-nos-systems": [cs.EQUIPMENT_FEATURE]},
    )
    at_least: Limit | None = Field(default=None, description="The limit that the device must reach.")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.feature is None) != (self.at_least is None):
            raise PydanticCustomError("equipment_limit", "feature and atLeast go together")
        return self


class Capacity(Received):
    """Beds, places or lodgings that one indicator of one place must have."""

    kind: Literal["bed", "place", "lodging"] = Field(default="bed", description="Nature (lit, place, logement).")
    status: Literal["installed", "available", "occupied", "reserved", "closed", "additional"] = Field(
        default="available",
        description="Statut (installé, disponible, occupé, réservé, fermé, supplémentaire).",
    )
    gender: Literal["female", "male"] | None = Field(
        default=None,
        description="For a woman or a man (genre). Capacity of undetermined gender takes in either.",
    )
    horizon: Literal["now", "1h", "24h", "48h", "7d"] = Field(
        default="now", description="The moment that the number is for (temporalité)."
    )
    at_least: int = Field(default=1, ge=1, le=1000, description="How many there must be.")
    closing: Literal["reopenable", "notReopenable", "undetermined"] | None = Field(
        default=None, description="Of closed capacity: whether it can be opened again (type de fermeture)."
    )
    assignment: Literal["none", "covidPositive", "covidNegative"] | None = Field(
        default=None, description="Temporary assignment (affectation temporaire)."
    )
    updated_since: AwareDatetime | None = Field(
        default=None,
        description="How fresh the number must be; with a time zone.",
        examples=["2026-11-24T06:00:00Z"],
    )


class Establishment(Received):
    """An establishment that the offer must belong to, at any level above it."""

    finess: Annotated[str, StringConstraints(pattern=r"^[0-9][0-9AB][0-9]{7}$")] | None = Field(
        default=None, description="FINESS number, nine characters.", examples=["290004324"]
    )
    id_nat_struct: Annotated[str, StringConstraints(pattern=r"^[0-9][0-9A-Za-z]{8,19}$")] | None = Field(
        default=None, description="National identifier (idNatStruct).", examples=["1290004324"]
    )
    category: Codes = coded(
        "Category (catégorie d'établissement).", cs.ESTABLISHMENT_CATEGORY, cs.SECTOR_OF_ACTIVITY, example="355"
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.finess or self.id_nat_struct or self.category):
            raise PydanticCustomError("establishment_empty", "name finess, idNatStruct or category")
        return self


class Professional(Received):
    """A professional who must work for the offer; one of them has to meet all that is asked."""

    rpps: Annotated[str, StringConstraints(pattern=r"^[0-9]{11}$")] | None = Field(
        default=None, description="RPPS number, eleven digits.", examples=["10001234567"]
    )
    profession: Codes = coded("Profession.", cs.PROFESSION["G15"], example="60")
    specialty: Codes = coded("Ordinal specialty (spécialité ordinale).", cs.SPECIALTY, example="SM26")
    convention: Codes = coded("Sector of convention (secteur de conventionnement, R282).", example="1")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.rpps or self.profession or self.specialty or self.convention):
            raise PydanticCustomError("practitioner_empty", "name rpps, profession, specialty or convention")
        return self


class Need(Received):
    """What is needed. Different criteria must all be met; at least one is named."""

    activity: Codes = coded("Activity (activité opérationnelle).", cs.ACTIVITY, example="013")
    family: Codes = coded(
        "Family of activity, médico-social (famille d'activité).", cs.FAMILY_SERAFIN, cs.FAMILY_OTHER, example="011"
    )
    offer_type: Codes = coded("Type of offer (type d'offre).", cs.OFFER_TYPE, example="196")
    field: Codes = coded("Field (champ d'activité).", cs.FIELD, example="05")
    care_mode: Codes = coded("Care mode (mode de prise en charge).", cs.CARE_MODE, example="28")
    reception_modality: Codes = coded("Reception modality (modalité d'accueil).", cs.RECEPTION_MODALITY, example="04")
    reception_type: Codes = coded(
        "Temporary or permanent reception (temporalité d'accueil).", cs.RECEPTION_TYPE, example="01"
    )
    specific_act: Codes = coded("Act done in the unit (acte spécifique).", cs.ACT, example="0320")
    outside_office_act: Codes = coded(
        "Act done outside the practice (acte réalisé hors cabinet).", cs.ACT, example="1269"
    )
    specialisation: Codes = coded(
        "Pathology or disability addressed (spécialisation de prise en charge).", cs.SPECIALISATION, example="17"
    )
    competence: Codes = coded("Competence (compétence spécifique).", cs.COMPETENCE, example="05")
    profession: Professions = coded(
        "Profession in the team (profession ressource).", *cs.PROFESSION.values(), example="G15|60"
    )
    expertise_level: Codes = coded(
        "Level of expertise (niveau d'expertise).", cs.MATERNITY_TYPE, cs.EXPERTISE, example="04"
    )
    audience: Codes = coded("Public taken in (public pris en charge).", cs.AUDIENCE, example="07")
    age: Age | None = Field(default=None, description="Age of the person; the offer must take in that age.")
    psychiatric_sector: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,20}$")], ...] = Field(
        default=(),
        max_length=20,
        description="Any of these psychiatric sectors (secteur psychiatrique).",
        examples=[["44G01"]],
    )
    equipment: tuple[Equipment, ...] = Field(
        default=(), max_length=5, description="Devices that the place must have, all of them."
    )
    capacity: Capacity | None = Field(default=None, description="Beds or places that the place must have.")
    establishment: Establishment | None = Field(default=None, description="Whose offer it must be.")
    practitioner: Professional | None = Field(default=None, description="Who must work there.")
    source_region: Codes = coded("Region that the data come from (région source).", cs.REGION, example="52")
    open_at: AwareDatetime | None = Field(
        default=None,
        description="When it must be open, by its opening hours; with a time zone.",
        examples=["2026-11-24T09:00:00+01:00"],
    )

    @field_validator("open_at")
    @classmethod
    def _within_reach(cls, moment: datetime | None) -> datetime | None:
        """Refuse the ends of the calendar, where a moment cannot be told in another time zone."""
        if moment and not datetime(1900, 1, 1, tzinfo=UTC) <= moment < datetime(2200, 1, 1, tzinfo=UTC):
            raise PydanticCustomError("moment_out_of_reach", "name a moment from 1900 to 2199")
        return moment

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not any(vars(self).values()):
            raise PydanticCustomError("need_empty", "name at least one criterion, such as activity")
        return self

    @property
    def names_its_offers(self) -> bool:
        """Whether the need itself says which offers: those of an establishment or of a professional."""
        one, other = self.establishment, self.practitioner
        return bool((one and (one.finess or one.id_nat_struct)) or (other and other.rpps))
