"""An offer: one ROR HealthcareService joined with its organisations, places and practitioners.

``reference`` is always the FHIR reference of the resource that a part comes from, such as ``Location/888888``.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from rorbridge.events.contract import PUBLISHED, CodedValue


class Outcome(StrEnum):
    """Whether an offer meets one criterion of the need."""

    MET = "met"
    NOT_MET = "notMet"
    NOT_VISIBLE = "notVisible"
    """The ROR did not show us what it takes to tell: this is not a no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What became of one criterion for one offer, and by which value."""

    __pydantic_config__ = PUBLISHED

    criterion: str
    """The criterion's name in the request, such as ``activity`` or ``near``."""
    asked: str
    """What was asked, in short, such as ``013 or 014``, ``35 a`` or ``within 15 km``."""
    outcome: Outcome
    found: tuple[str, ...] = ()
    """The values on the offer that decided it."""
    source: str | None = None
    """Reference of the resource that holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """An identifier by its kind: ``finess``, ``idNatStruct``, ``siren``, ``siret``, ``oi``, ``rpps``, ``ror``."""

    __pydantic_config__ = PUBLISHED

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A level above the offer: OI (organisation interne), EG (entité géographique), EJ (entité juridique)."""

    __pydantic_config__ = PUBLISHED

    reference: str
    level: Literal["OI", "EG", "EJ"]
    name: str | None = None
    finess: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    kind: CodedValue | None = None
    """Kind of internal organisation, or establishment category."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address in France."""

    __pydantic_config__ = PUBLISHED

    lines: tuple[str, ...] = ()
    postal_code: str | None = None
    city: str | None = None
    commune: str | None = None
    """INSEE code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """WGS84, decimal degrees."""

    __pydantic_config__ = PUBLISHED

    latitude: float
    longitude: float
    reliable: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityIndicator:
    """A number of beds or places, of one kind, status and moment."""

    __pydantic_config__ = PUBLISHED

    number: int | None = None
    kind: CodedValue | None = None
    status: CodedValue | None = None
    horizon: CodedValue | None = None
    gender: CodedValue | None = None
    closing: CodedValue | None = None
    assignment: CodedValue | None = None
    updated: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentLimit:
    """What a device bears or lets through at most."""

    __pydantic_config__ = PUBLISHED

    feature: CodedValue | None = None
    value: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device of a place (équipement spécifique)."""

    __pydantic_config__ = PUBLISHED

    type: CodedValue | None = None
    number: int | None = None
    limits: tuple[EquipmentLimit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """When and how an offer is closed (fermeture)."""

    __pydantic_config__ = PUBLISHED

    kind: CodedValue | None = None
    since: str | None = None
    reopening: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the offer is given (lieu de réalisation de l'offre)."""

    __pydantic_config__ = PUBLISHED

    reference: str
    name: str | None = None
    function: CodedValue | None = None
    address: Address | None = None
    position: Position | None = None
    distance_km: float | None = None
    """Kilometres from the point asked, as the ROR measured them."""
    open: bool = True
    """False for a place that is closed, for good or for a time."""
    description: str | None = None
    """How to get there."""
    capacities: tuple[CapacityIndicator, ...] = ()
    equipment: tuple[Device, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Telecom:
    """A number or an address of a contact."""

    __pydantic_config__ = PUBLISHED

    value: str
    channel: CodedValue | None = None
    usage: str | None = None
    confidentiality: int = 2
    """1 free, 2 restricted, 3 very restricted: the stricter of its own level and its contact's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach the offer."""

    __pydantic_config__ = PUBLISHED

    name: str | None = None
    purpose: CodedValue | None = None
    function: CodedValue | None = None
    description: str | None = None
    telecoms: tuple[Telecom, ...] = ()
    confidentiality: int = 2
    """1 free, 2 restricted, 3 very restricted; 2 where the ROR gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    """A professional who works for the offer; ``reference`` is that of the PractitionerRole."""

    __pydantic_config__ = PUBLISHED

    reference: str
    practitioner: str | None = None
    """Reference of the Practitioner."""
    rpps: str | None = None
    title: str | None = None
    name: str | None = None
    """The name of exercise, else the civil one."""
    profession: CodedValue | None = None
    specialties: tuple[CodedValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """One slot of a weekday."""

    __pydantic_config__ = PUBLISHED

    day: int | None = None
    """1 for Monday to 7 for Sunday."""
    opens: str | None = None
    closes: str | None = None
    kind: CodedValue | None = None
    valid_from: str | None = None
    valid_until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRange:
    """The ages taken in, both bounds included; units are UCUM (a, mo, d)."""

    __pydantic_config__ = PUBLISHED

    low: float | None = None
    low_unit: str = "a"
    high: float | None = None
    high_unit: str = "a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One offer, assembled and explained."""

    __pydantic_config__ = PUBLISHED

    reference: str
    identifier: str | None = None
    """The ROR's own identifier of the offer, such as ``06/0099999``."""
    name: str | None = None
    field: CodedValue | None = None
    offer_type: CodedValue | None = None
    activities: tuple[CodedValue, ...] = ()
    care_modes: tuple[CodedValue, ...] = ()
    reception_modalities: tuple[CodedValue, ...] = ()
    families: tuple[CodedValue, ...] = ()
    reception_types: tuple[CodedValue, ...] = ()
    specific_acts: tuple[CodedValue, ...] = ()
    outside_office_acts: tuple[CodedValue, ...] = ()
    specialisations: tuple[CodedValue, ...] = ()
    competences: tuple[CodedValue, ...] = ()
    professions: tuple[CodedValue, ...] = ()
    expertise_levels: tuple[CodedValue, ...] = ()
    audiences: tuple[CodedValue, ...] = ()
    management: tuple[CodedValue, ...] = ()
    """Modes de gestion, of home help."""
    annual_opening: CodedValue | None = None
    psychiatric_sectors: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    """INSEE codes of the communes that it comes to (zone d'intervention)."""
    no_consent_care: bool | None = None
    """Habilitation for care without consent (soins sans consentement)."""
    comment: str | None = None
    closing: Closing | None = None
    source_region: CodedValue | None = None
    ages: AgeRange | None = None
    distance_km: float | None = None
    """Kilometres to the nearest place that meets the need; absent when no point was asked."""
    match: tuple[Evidence, ...] = ()
    organisations: tuple[Organisation, ...] = ()
    """From the one that provides the offer upwards."""
    places: tuple[Place, ...] = ()
    practitioners: tuple[Practitioner, ...] = ()
    contacts: tuple[Contact, ...] = ()
    opening_hours: tuple[OpeningHours, ...] = ()
    sensitive: bool = False
    """A sensitive unit (unité sensible)."""
    last_updated: str | None = None
