"""Sites and the places on them (RORLocation, ROR-API 2.3)."""

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from rorbridge.lookalike.codes import (
    ADDRESS_PART,
    COMMUNE,
    COMMUNE_COG,
    COORDINATE_RELIABILITY,
    FUNCTION_OF_PLACE,
    PLACE_IDENTIFIER,
    PLACE_STATUS,
    SD,
    Json,
    coded_extension,
    coding,
    concept,
)
from rorbridge.lookalike.communes import Commune
from rorbridge.lookalike.invent.contacts import some_telecom
from rorbridge.lookalike.invent.dates import created
from rorbridge.lookalike.invent.dice import Dice, Weighted
from rorbridge.lookalike.invent.names import HAMLETS, street
from rorbridge.lookalike.invent.register import Register

_KM_PER_DEGREE: Final = 111.195
_HAMLET: Final = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-lieu-dit"
_STATES: Final = Weighted(("3", "2", "1", None), (91, 3, 2, 4))
"""Operational, closed for a time, closed for good, not told (TRE_R203)."""
_NATIVE_STATES: Final = {"3": "active", "2": "suspended", "1": "inactive", None: "active"}


@dataclass(slots=True, eq=False)
class Site:
    """Where an establishment stands; latitude and longitude in WGS84 degrees."""

    commune: Commune
    latitude: float
    longitude: float
    address: Json
    domain: str
    id_nat: str = ""
    """National structure id of the establishment (idNatStruct)."""
    shared: dict[str, list[Json]] = field(default_factory=dict)
    """Places that several offers of the site may use, by their function."""

    @property
    def region(self) -> str:
        """Code of the region (TRE_R30)."""
        return self.commune.region


def site(dice: Dice, commune: Commune, domain: str) -> Site:
    """Invent an address in *commune*, within about 2 km of its point; now and then a CEDEX address."""
    turn, far = dice.roll() * 2 * math.pi, 1.9 * math.sqrt(dice.roll())
    latitude = commune.latitude + far * math.cos(turn) / _KM_PER_DEGREE
    longitude = commune.longitude + far * math.sin(turn) / _KM_PER_DEGREE / math.cos(math.radians(commune.latitude))
    return Site(commune, round(latitude, 6), round(longitude, 6), _address(dice, commune), domain)


def place(
    register: Register,
    where: Site,
    function: str,
    name: str,
    extensions: list[Json],
    *,
    zone: str | None = None,
) -> Json:
    """Invent a place on a site.

    *extensions* are its beds, equipment and rooms; *zone* is the establishment's own code of a bed zone, which gives
    the place its second identifier (`idExterneSynchro`).
    """
    dice = register.dice
    resource = register.start("Location", "ror-location", where.region)
    number = register.number("place")
    resource["extension"] = [_commune(where.commune), created(dice), *extensions]
    identifiers = [_identifier("25", f"{where.region}/{100_000 + number}")]
    if zone:
        identifiers.append(_identifier("26", f"{where.id_nat}/{zone}"))
        resource["alias"] = [f"Zone {zone}"]
    resource["identifier"] = identifiers
    _state(dice, resource)
    if dice.chance(0.97):
        resource["name"] = name
    if dice.chance(0.12):
        resource["description"] = "Entrée par la cour, ascenseur au fond du hall"
        resource["extension"].append({"url": SD + "ror-comment", "valueString": "Stationnement réservé à proximité"})
    resource["type"] = [concept(FUNCTION_OF_PLACE, function)]
    if dice.chance(0.3):
        resource["telecom"] = [some_telecom(dice, where.region, where.domain, "1")]
    resource["address"] = where.address
    if dice.chance(0.965):
        resource["position"] = _position(dice, where)
    return register.dataset.add(resource)


def _state(dice: Dice, resource: Json) -> None:
    state = _STATES.pick(dice)
    if dice.chance(0.8):
        # A source may well leave the native status as it was when the place closed.
        resource["status"] = _NATIVE_STATES[state] if dice.chance(0.95) else "active"
    if state:
        resource["operationalStatus"] = coding(PLACE_STATUS, state)


def _position(dice: Dice, where: Site) -> Json:
    position: Json = {
        "longitude": round(where.longitude + (dice.roll() - 0.5) * 0.001, 6),
        "latitude": round(where.latitude + (dice.roll() - 0.5) * 0.001, 6),
    }
    if dice.chance(0.6):
        position["extension"] = [_reliable() if dice.chance(0.92) else _unreliable()]
    return position


def _identifier(kind: str, value: str) -> Json:
    return {"type": concept(PLACE_IDENTIFIER, kind), "value": value}


def _address(dice: Dice, commune: Commune) -> Json:
    number, kind, base = street(dice)
    parts = [_part("houseNumber", number), _part("streetNameType", kind.upper()), _part("streetNameBase", base)]
    lines, extensions = [f"{number} {kind} {base}"], [{"extension": parts}]
    if dice.chance(0.08):
        hamlet = dice.pick(HAMLETS)
        lines.append(hamlet)
        extensions.append({"extension": [{"url": _HAMLET, "valueString": hamlet}]})
    city, code = commune.name, dice.pick(commune.postal_codes)
    if dice.chance(0.07) and not code.startswith(("97", "98")):
        # A CEDEX code belongs to the department, and to no commune.
        city, code = f"{commune.name.upper()} CEDEX", f"{code[:2]}9{dice.between(0, 99):02}"
    return {"line": lines, "_line": extensions, "city": city, "postalCode": code}


def _part(name: str, value: str) -> Json:
    return {"url": ADDRESS_PART + name, "valueString": value}


@cache
def _commune(commune: Commune) -> Json:
    return coded_extension(COMMUNE_COG, COMMUNE, commune.code, commune.name)


@cache
def _reliable() -> Json:
    return {"url": COORDINATE_RELIABILITY, "valueBoolean": True}


@cache
def _unreliable() -> Json:
    return {"url": COORDINATE_RELIABILITY, "valueBoolean": False}
