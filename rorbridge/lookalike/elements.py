"""Reading the parts of a resource: extensions, codings, references (FHIR R4 JSON)."""

from collections.abc import Iterator

from rorbridge.lookalike.codes import PATIENT_TYPE, SENSITIVE_UNIT, Json

# These run some ten times for each resource while a data set is indexed: a list is quicker here than a generator.


def extensions(element: Json, url: str) -> list[Json]:
    """Give the extensions *url* of an element, in their order."""
    return [one for one in element.get("extension", ()) if one["url"] == url]


def extension(element: Json, url: str) -> Json | None:
    """Give the first extension *url* of an element, or None."""
    return next((one for one in element.get("extension", ()) if one["url"] == url), None)


def codings(concept: Json) -> list[tuple[str, str]]:
    """Give system and code of each coding of a CodeableConcept; a missing system is the empty string."""
    return [(one.get("system", ""), one["code"]) for one in concept.get("coding", ()) if "code" in one]


def extension_codings(element: Json, url: str) -> list[tuple[str, str]]:
    """Give system and code of the coded extensions *url* of an element."""
    return [pair for one in extensions(element, url) for pair in codings(one.get("valueCodeableConcept", {}))]


def first_code(concept: Json | None) -> str | None:
    """Give the first code of a CodeableConcept, or None."""
    return next((code for _, code in codings(concept)), None) if concept else None


def target(reference: Json | None) -> str | None:
    """Give the id that a relative reference such as ``Location/12`` points to, or None."""
    text = reference.get("reference") if reference else None
    return text.rpartition("/")[2] if text else None


def targets(references: list[Json] | None) -> Iterator[str]:
    """Give the ids that several references point to."""
    for reference in references or ():
        if found := target(reference):
            yield found


def age_range(offer: Json) -> Json:
    """Give the Range of ages of a HealthcareService; empty when it has none (ROR-API 2.2)."""
    found = extension(offer, PATIENT_TYPE)
    part = extension(found, "ageRange") if found else None
    value: Json = part.get("valueRange", {}) if part else {}
    return value


def is_sensitive(offer: Json) -> bool:
    """Whether a HealthcareService is a sensitive unit (uniteSensible)."""
    found = extension(offer, SENSITIVE_UNIT)
    return bool(found and found.get("valueBoolean"))
