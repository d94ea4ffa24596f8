"""An offer: one ROR HealthcareService joined with its organisations, places and practitioners.

``reference`` is always the FHIR reference of the resource that a part comes from, such as ``Location/888888``.
"""

from enum import StrEnum
from typing import Literal

from rorbridge.events.contract import PUBLISHED, CodedValue, checked


class Outcome(StrEnum):
    """Whether an offer meets one criterion of the need: ``met``, ``notMet``, or ``notVisible``, which is not a no: the
    ROR did not show us what it takes to tell."""

    MET = "met"
    NOT_MET = "notMet"
    NOT_VISIBLE = "notVisible"


@checked(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What became of one criterion for one offer, and by which value."""

    __pydantic_config__ = PUBLISHED

    criterion: str
    """The criterion's name in the request, such as ``activity`` or ``near``."""
    asked: str
    """What was asked, in short, such as ``013 or 014``, ``35 a`` or ``within 15 km``."""
    outcome: Outcome
    """Whether the criterion is met."""
    found: tuple[str, ...] = ()
    """The values on the offer that decided it."""
    source: str | None = None
    """Reference of the resource that holds them."""


@checked(frozen=True, slots=True, kw_only=True)
class Identifier:
    """An identifier by its kind: ``finess``, ``idNatStruct``, ``siren``, ``siret``, ``oi``, ``rpps``, ``ror``."""

    __pydantic_config__ = PUBLISHED

    kind: str
    """Kind of identifier, in lower camel case."""
    value: str
    """The identifier itself, without a prefix for its kind."""


@checked(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A level above the offer: OI (organisation interne), EG (entité géographique), EJ (entité juridique)."""

    __pydantic_config__ = PUBLISHED

    reference: str
    """FHIR reference, such as ``Organization/100``."""
    level: Literal["OI", "EG", "EJ"]
    """OI (organisation interne), EG (entité géographique) or EJ (entité juridique)."""
    name: str | None = None
    """Its name (raison sociale, dénomination or nom de l'OI, by level)."""
    finess: str | None = None
    """FINESS number, where it has one."""
    identifiers: tuple[Identifier, ...] = ()
    """All its identifiers of a kind that we know."""
    kind: CodedValue | None = None
    """Kind of internal organisation, or establishment category."""


@checked(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address in France."""

    __pydantic_config__ = PUBLISHED

    lines: tuple[str, ...] = ()
    """Lines above postal code and city: number, street, complement."""
    postal_code: str | None = None
    """Postal code (code postal); may be a CEDEX one."""
    city: str | None = None
    """City (localité), as in the address."""
    commune: str | None = None
    """INSEE code."""


@checked(frozen=True, slots=True, kw_only=True)
class Position:
    """WGS84, decimal degrees."""

    __pydantic_config__ = PUBLISHED

    latitude: float
    """Degrees north."""
    longitude: float
    """Degrees east."""
    reliable: bool | None = None
    """Whether the source vouches for the coordinates (coordonnées fiables)."""


@checked(frozen=True, slots=True, kw_only=True)
class CapacityIndicator:
    """A number of beds or places, of one kind, status and moment."""

    __pydantic_config__ = PUBLISHED

    number: int | None = None
    """How many (nombre)."""
    kind: CodedValue | None = None
    """Beds, places or lodgings (nature de capacité, R329)."""
    status: CodedValue | None = None
    """Installed, available, occupied and so on (statut de capacité, R330)."""
    horizon: CodedValue | None = None
    """The moment that the number is for (temporalité de capacité, R331)."""
    gender: CodedValue | None = None
    """Whom it takes in (genre de capacité, R332)."""
    closing: CodedValue | None = None
    """Of closed capacity: whether it can be opened again (type de fermeture de capacité, R333)."""
    assignment: CodedValue | None = None
    """Temporary assignment (affectation temporaire, R337)."""
    updated: str | None = None
    """When the source gave the number (date de mise à jour), a FHIR dateTime."""


@checked(frozen=True, slots=True, kw_only=True)
class EquipmentLimit:
    """What a device bears or lets through at most."""

    __pydantic_config__ = PUBLISHED

    feature: CodedValue | None = None
    """Kind of limit (caractéristique, R340): maximum weight, maximum diameter."""
    value: float | None = None
    """The limit, in ``unit``."""
    unit: str | None = None
    """UCUM unit, such as ``kg`` or ``cm``."""


@checked(frozen=True, slots=True, kw_only=True)
class Device:
    """A device of a place (équipement spécifique)."""

    __pydantic_config__ = PUBLISHED

    type: CodedValue | None = None
    """Kind of device (équipement spécifique, R212)."""
    number: int | None = None
    """How many are in service (nombre en service)."""
    limits: tuple[EquipmentLimit, ...] = ()
    """What the most tolerant one bears or lets through at most (limites)."""


@checked(frozen=True, slots=True, kw_only=True)
class Closing:
    """When and how an offer is closed (fermeture)."""

    __pydantic_config__ = PUBLISHED

    kind: CodedValue | None = None
    """For good, for a time or planned (type de fermeture, R286)."""
    since: str | None = None
    """First day or moment of closing (date de fermeture), a FHIR dateTime."""
    reopening: str | None = None
    """When it is to open again (date prévisionnelle de réouverture), a FHIR dateTime."""


@checked(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the offer is given (lieu de réalisation de l'offre)."""

    __pydantic_config__ = PUBLISHED

    reference: str
    """FHIR reference, such as ``Location/888888``."""
    name: str | None = None
    """Name of the place (nom du lieu)."""
    function: CodedValue | None = None
    """What it is for (fonction du lieu, R343)."""
    address: Address | None = None
    """Postal address (adresse)."""
    position: Position | None = None
    """Coordinates (coordonnées géographiques)."""
    distance_km: float | None = None
    """Kilometres from the point asked, as the ROR measured them."""
    open: bool = True
    """False for a place that is closed, for good or for a time."""
    description: str | None = None
    """How to get there."""
    capacities: tuple[CapacityIndicator, ...] = ()
    """Beds and places (capacités d'accueil); sent where ``answer.include`` has ``capacities``. None is no evidence that
    there are none."""
    equipment: tuple[Device, ...] = ()
    """Devices (équipements spécifiques); sent where ``answer.include`` has ``equipment``."""


@checked(frozen=True, slots=True, kw_only=True)
class Telecom:
    """A number or an address of a contact."""

    __pydantic_config__ = PUBLISHED

    value: str
    """The number or the address itself."""
    channel: CodedValue | None = None
    """Telephone, e-mail and so on (canal de communication, R200)."""
    usage: str | None = None
    """When or for what to use it, in words (utilisation)."""
    confidentiality: int = 2
    """1 free, 2 restricted, 3 very restricted: the stricter of its own level and its contact's."""


@checked(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach the offer."""

    __pydantic_config__ = PUBLISHED

    name: str | None = None
    """Name of the person or the desk."""
    purpose: CodedValue | None = None
    """What it is for (nature du contact, R287)."""
    function: CodedValue | None = None
    """Function of who answers (fonction du contact, R251)."""
    description: str | None = None
    """How or when to reach it, in words."""
    telecoms: tuple[Telecom, ...] = ()
    """Numbers and addresses that the audience may read."""
    confidentiality: int = 2
    """1 free, 2 restricted, 3 very restricted; 2 where the ROR gives none."""


@checked(frozen=True, slots=True, kw_only=True)
class Practitioner:
    """A professional who works for the offer; ``reference`` is that of the PractitionerRole."""

    __pydantic_config__ = PUBLISHED

    reference: str
    """FHIR reference of the PractitionerRole."""
    practitioner: str | None = None
    """Reference of the Practitioner."""
    rpps: str | None = None
    """Number as the ROR gives it (RPPS, or idNat_PS: the same after an 8)."""
    title: str | None = None
    """Title of exercise (civilité d'exercice)."""
    name: str | None = None
    """The name of exercise, else the civil one."""
    profession: CodedValue | None = None
    """Profession (profession de santé)."""
    specialties: tuple[CodedValue, ...] = ()
    """Ordinal specialties, kinds of expertise and competences (savoir-faire)."""


@checked(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """One slot of a weekday."""

    __pydantic_config__ = PUBLISHED

    day: int | None = None
    """1 for Monday to 7 for Sunday."""
    opens: str | None = None
    """First moment of the slot, ``HH:MM:SS``; the ROR names no time zone."""
    closes: str | None = None
    """End of the slot, ``HH:MM:SS``: ``23:59:00`` is the end of the day, and before ``opens`` is the day after."""
    kind: CodedValue | None = None
    """Opening hours, consultation with or without appointment, closed and so on (type d'horaire, R252)."""
    valid_from: str | None = None
    """First day on which the slot holds, a FHIR dateTime."""
    valid_until: str | None = None
    """Last day on which the slot holds, a FHIR dateTime."""


@checked(frozen=True, slots=True, kw_only=True)
class AgeRange:
    """The ages taken in, both bounds included; units are UCUM (a, mo, d)."""

    __pydantic_config__ = PUBLISHED

    low: float | None = None
    """Lowest age (âge minimal)."""
    low_unit: str = "a"
    """Unit of ``low``: a (years), mo (months), d (days)."""
    high: float | None = None
    """Highest age (âge maximal); 150 years stands for no limit."""
    high_unit: str = "a"
    """Unit of ``high``: a (years), mo (months), d (days)."""


class _Written:
    """Remembers how it is written: one offer answers many requests."""

    __slots__ = ("written",)
    written: bytes


@checked(frozen=True, slots=True, kw_only=True)
class Offer(_Written):
    """One offer, assembled and explained."""

    __pydantic_config__ = PUBLISHED

    reference: str
    """FHIR reference, such as ``HealthcareService/1234564``."""
    identifier: str | None = None
    """The ROR's own identifier of the offer, such as ``06/0099999``."""
    name: str | None = None
    """Name of the offer (nom de l'offre)."""
    field: CodedValue | None = None
    """Field (champ d'activité, R227)."""
    offer_type: CodedValue | None = None
    """Type of offer (type d'offre, R244)."""
    activities: tuple[CodedValue, ...] = ()
    """Activities (activité opérationnelle, R211)."""
    care_modes: tuple[CodedValue, ...] = ()
    """Care modes (mode de prise en charge, R213)."""
    reception_modalities: tuple[CodedValue, ...] = ()
    """Reception modalities (modalité d'accueil, R338)."""
    families: tuple[CodedValue, ...] = ()
    """Families of activity, médico-social (famille d'activité, R265, R266)."""
    reception_types: tuple[CodedValue, ...] = ()
    """Temporary or permanent reception (temporalité d'accueil, R240)."""
    specific_acts: tuple[CodedValue, ...] = ()
    """Acts done in the unit (acte spécifique, R210)."""
    outside_office_acts: tuple[CodedValue, ...] = ()
    """Acts done outside the practice (acte réalisé hors cabinet, R210)."""
    specialisations: tuple[CodedValue, ...] = ()
    """Pathologies or disabilities addressed (spécialisation de prise en charge, R245)."""
    competences: tuple[CodedValue, ...] = ()
    """Competences (compétence spécifique, R243)."""
    professions: tuple[CodedValue, ...] = ()
    """Professions in the team (profession ressource)."""
    expertise_levels: tuple[CodedValue, ...] = ()
    """Levels of expertise (niveau d'expertise, R253, R344)."""
    audiences: tuple[CodedValue, ...] = ()
    """Publics taken in (public pris en charge, R239)."""
    management: tuple[CodedValue, ...] = ()
    """Modes de gestion, of home help."""
    annual_opening: CodedValue | None = None
    """How long it is open in a year (ouverture annuelle, R238)."""
    psychiatric_sectors: tuple[str, ...] = ()
    """Psychiatric sectors (secteur psychiatrique)."""
    serves: tuple[str, ...] = ()
    """INSEE codes of the communes that it comes to (zone d'intervention)."""
    no_consent_care: bool | None = None
    """Habilitation for care without consent (soins sans consentement)."""
    comment: str | None = None
    """Remark of who describes the offer (commentaire)."""
    closing: Closing | None = None
    """When and how it is closed (fermeture); absent while it is open."""
    source_region: CodedValue | None = None
    """Region whose ROR the data come from (région source, R30)."""
    ages: AgeRange | None = None
    """Ages taken in (tranche d'âge)."""
    distance_km: float | None = None
    """Kilometres to the nearest place that meets the need; absent when no point was asked."""
    match: tuple[Evidence, ...] = ()
    """What became of each criterion asked, one entry a criterion."""
    organisations: tuple[Organisation, ...] = ()
    """From the one that provides the offer upwards."""
    places: tuple[Place, ...] = ()
    """Where it is given (lieux de réalisation de l'offre)."""
    practitioners: tuple[Practitioner, ...] = ()
    """Who works for it (professionnels), as far as the audience may know; sent where ``answer.include`` has
    ``practitioners``."""
    contacts: tuple[Contact, ...] = ()
    """How to reach it, as far as the audience may know; sent where ``answer.include`` has ``contacts``."""
    opening_hours: tuple[OpeningHours, ...] = ()
    """Opening hours (horaires); sent where ``answer.include`` has ``openingHours``."""
    sensitive: bool = False
    """A sensitive unit (unité sensible)."""
    last_updated: str | None = None
    """When the ROR last changed it (date de mise à jour), a FHIR instant."""
