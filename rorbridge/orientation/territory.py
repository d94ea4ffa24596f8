"""Where a place is, and whether that is where it was asked for."""

from rorbridge.events import codesystems as cs
from rorbridge.events.where import Where
from rorbridge.orientation import fhir
from rorbridge.orientation.candidate import CandidatePlace


def commune(location: fhir.Location) -> str | None:
    """Give the INSEE code of a place's commune (ROR-API 2.3); None where it shows none."""
    found = fhir.extension(location.extension, "ror-commune-cog")
    return fhir.concept_code(found.value_codeable_concept) if found else None


def department(location: fhir.Location) -> str | None:
    """Give the department of a place: by its commune, else by its postal code.

    The commune decides, since a few communes have a postal code of the neighbouring department. Postal codes tell
    the two Corsican departments apart by 200/201 and the rest.
    """
    if insee := commune(location):
        return insee[:3] if insee.startswith(("97", "98")) else insee[:2]
    postal = location.address.postal_code if location.address else None
    if not postal:
        return None
    if postal.startswith("20"):
        return "2A" if postal.startswith(("200", "201")) else "2B"
    return postal[:3] if postal.startswith(("97", "98")) else postal[:2]


def served_communes(service: fhir.HealthcareService) -> list[str]:
    """Give the INSEE codes of the communes that an offer comes to (zone d'intervention, ROR-API 2.2)."""
    found: list[str] = []
    for division in fhir.extensions(service.extension, "ror-territorial-division"):
        code = fhir.extension(division.extension, "codeTerritorialDivision")
        concept = code.value_codeable_concept if code else None
        found += [c.code for c in fhir.codings((concept,) if concept else (), cs.COMMUNE) if c.code]
    return found


def asked_text(where: Where, radius_km: float | None) -> str:
    """Say what is asked of the place in short."""
    if where.near:
        return f"within {radius_km:g} km of {where.near.latitude:g}, {where.near.longitude:g}"
    if where.commune:
        return f"within {radius_km:g} km of commune {where.commune}"
    if where.region:
        return where.region
    return " or ".join(where.communes or where.postal_codes or where.departments or where.serves or ())


def lies_there(place: CandidatePlace, where: Where, radius_km: float | None) -> tuple[bool | None, str]:
    """Tell whether a place lies where it was asked for, None when it does not show, and by which value.

    A place that has no position lies in no circle: the ROR matched the offer by another of its places.
    """
    if where.around:
        if place.distance_km is None or radius_km is None:
            return (False if place.location.position is None else None), ""
        return place.distance_km - _rounding(place.distance_km) <= radius_km, f"{place.distance_km:g} km"
    if where.communes:
        value, wanted = commune(place.location), where.communes
    elif where.postal_codes:
        value = place.location.address.postal_code if place.location.address else None
        wanted = where.postal_codes
    else:
        value, wanted = department(place.location), where.wanted_departments
    return (None if value is None else value in wanted), value or ""


def _rounding(distance_km: float) -> float:
    """Give by how much a distance may have been rounded up, from its decimals: 10.5, as in the ANS's examples, by 0.05.

    The ROR found the place within the circle before it rounded.
    """
    decimals = len(repr(distance_km).partition(".")[2])
    return 0.5 * 10.0**-decimals
