"""The professionals of an offer: does one of them meet all that is asked?"""

from rorbridge.events import codesystems as cs
from rorbridge.events.codes import AllOf, Codes, is_met
from rorbridge.events.need import Professional
from rorbridge.orientation import fhir
from rorbridge.orientation.candidate import Role

_CONVENTION = "https://apifhir.annuaire.sante.fr/ws-sync/exposed/structuredefinition/practitionerRole-contracted"
_RPPS_PREFIX = "8"
"""A national identifier (idNat_PS) is a digit for its kind, 8 for RPPS, and the number."""


def is_rpps(value: str, rpps: str) -> bool:
    """Tell whether an identifier of a practitioner is this RPPS number, bare or as idNat_PS (ROR-API 2.6)."""
    return value in {rpps, _RPPS_PREFIX + rpps}


def meets(role: Role, asked: Professional) -> bool:
    """Tell whether one professional's work for an offer meets everything that is asked (ROR-API 2.5)."""
    work, person = role
    numbers = [one.value for one in person.identifier if one.value] if person else []
    convention = fhir.extension(work.extension, _CONVENTION)
    sector = convention.value_codeable_concept if convention else None
    return (
        (asked.rpps is None or any(is_rpps(value, asked.rpps) for value in numbers))
        and _holds(work.code, asked.profession, cs.PROFESSION["G15"])
        and _holds(work.specialty, asked.specialty, cs.SPECIALTY)
        # The nomenclature of the sector (R282) stands alone in its extension, so that its code is enough.
        and is_met(asked.convention, {c.code or "" for c in sector.coding} if sector else set())
    )


def asked_text(asked: Professional) -> str:
    """Say what is asked of the professional in short."""
    parts = (
        f"RPPS {asked.rpps}" if asked.rpps else "",
        _codes_text("profession", asked.profession),
        _codes_text("specialty", asked.specialty),
        _codes_text("convention", asked.convention),
    )
    return ", ".join(part for part in parts if part)


def _holds(concepts: tuple[fhir.CodeableConcept, ...], asked: Codes, system: str) -> bool:
    return is_met(asked, {coding.code or "" for coding in fhir.codings(concepts, system)})


def _codes_text(name: str, asked: Codes) -> str:
    codes, word = (asked.all_of, " and ") if isinstance(asked, AllOf) else (asked, " or ")
    return f"{name} {word.join(codes)}" if codes else ""
