"""People who practise, and what they do where (RORPractitioner and RORPractitionerRole, ROR-API 2.5 and 2.6)."""

from dataclasses import dataclass
from typing import Final

from rorbridge.lookalike.codes import (
    COMPETENCE,
    CONTRACTED,
    EXERCISE_MODE,
    HAS_CAS,
    PERSON_IDENTIFIER,
    ROLE_NAME,
    RPPS,
    VITALE_ACCEPTED,
    Json,
    coded_extension,
    concept,
)
from rorbridge.lookalike.invent.catalogue import SYSTEMS, Code, OfferKind
from rorbridge.lookalike.invent.contacts import secure_mailbox, some_telecom
from rorbridge.lookalike.invent.dates import created
from rorbridge.lookalike.invent.dice import Weighted
from rorbridge.lookalike.invent.names import MEN, WOMEN, surname
from rorbridge.lookalike.invent.places import Site
from rorbridge.lookalike.invent.register import Register
from rorbridge.ror import terminology

_G15: Final = SYSTEMS["G15"]
_DOCTOR: Final = (_G15, "10")
_SKILL_TYPE: Final = terminology.code_system("R04-TypeSavoirFaire")
_SPECIALTY: Final = terminology.code_system("R38-SpecialiteOrdinale")
_TITLE: Final = terminology.code_system("R11-CiviliteExercice")
_MODE: Final = terminology.code_system("R23-ModeExercice")
_SECTOR: Final = terminology.code_system("R282-CNAMAmeliSecteurConventionnement")
_SPECIALTIES: Final = {
    "437": ("SM54", "Médecine générale (SM)"),
    "484": ("SM54", "Médecine générale (SM)"),
    "481": ("SM26", "Qualifié en Médecine Générale (SM)"),
    "013": ("SM04", "Cardiologie et maladies vasculaires (SM)"),
    "103": ("SM38", "Ophtalmologie (SM)"),
    "037": ("SM15", "Dermatologie et vénéréologie (SM)"),
    "088": ("SM40", "Pédiatrie (SM)"),
    "229": ("SM42", "Psychiatrie (SM)"),
    "114": ("SM41", "Pneumologie (SM)"),
    "131": ("SM49", "Rhumatologie (SM)"),
}
"""Ordinal specialty of the doctors by activity."""
_SECTORS: Final = Weighted(
    (("c1", "Secteur 1 ou conventionné"), ("c3", "Secteur 2"), ("nc", "Non conventionné")), (70, 25, 5)
)


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """An invented professional: resource, names of exercise, and the profession of their exercise."""

    practitioner: Json
    first: str
    last: str
    doctor: bool
    profession: Code

    @property
    def title(self) -> str:
        """How the person is called: "Dr Solène Boistilleul"."""
        return f"{'Dr ' if self.doctor else ''}{self.first} {self.last}"


def person(register: Register, kind: OfferKind, region: str) -> Person:
    """Invent a professional for offers of *kind*. No RPPS number begins with 899."""
    dice = register.dice
    woman = dice.chance(0.58)
    first, last = dice.pick(WOMEN if woman else MEN), surname(dice)
    profession = _profession(kind)
    doctor = profession in (_DOCTOR, (_G15, "40"))
    resource = register.start("Practitioner", "ror-practitioner", region)
    resource["extension"] = [created(dice)]
    resource["identifier"] = [{"system": RPPS, "value": f"899{register.number('rpps'):08}"}]
    # The civil name may differ from the name of exercise, which is the one to show (ROR-API 2.6).
    civil = surname(dice) if dice.chance(0.1) else last
    resource["name"] = [{"family": civil.upper(), "given": [first], "prefix": ["MME" if woman else "M"]}]
    if dice.chance(0.6):
        resource["telecom"] = [secure_mailbox(dice, f"{first} {last}")]
    resource["gender"] = "female" if woman else "male"
    register.dataset.add(resource)
    return Person(resource, first, last, doctor, profession)


def role(register: Register, who: Person, kind: OfferKind, offer: Json, where: Site) -> Json:
    """Invent the situation in which *who* works for *offer*."""
    dice = register.dice
    resource = register.start("PractitionerRole", "ror-practitionerrole", where.region)
    liberal = kind.field == "05"
    mode = ("L", "Libéral, indépendant, artisan, commerçant") if liberal else ("S", "Salarié")
    extensions = [created(dice), coded_extension(EXERCISE_MODE, _MODE, *mode), _name(who)]
    if liberal:
        extensions.append(coded_extension(CONTRACTED, _SECTOR, *_SECTORS.pick(dice)))
        if dice.chance(0.5):
            extensions.append({"url": HAS_CAS, "valueBoolean": dice.chance(0.4)})
        extensions.append({"url": VITALE_ACCEPTED, "valueBoolean": dice.chance(0.95)})
    resource["extension"] = extensions
    number = f"{where.region}/{900_000 + register.number('situation')}"
    resource["identifier"] = [{"type": concept(PERSON_IDENTIFIER, "30"), "value": number}]
    resource["practitioner"] = {"reference": f"Practitioner/{who.practitioner['id']}"}
    if dice.chance(0.1):
        resource["organization"] = offer["providedBy"]
    resource["code"] = [concept(*who.profession)]
    resource["specialty"] = _skills(who, kind)
    if kind.competences and dice.chance(0.2):
        resource["specialty"].append(concept(COMPETENCE, dice.pick(kind.competences)))
    resource["healthcareService"] = [{"reference": f"HealthcareService/{offer['id']}"}]
    if dice.chance(0.4):
        resource["telecom"] = [some_telecom(dice, where.region, where.domain, "2" if dice.chance(0.5) else "1")]
    return register.dataset.add(resource)


def _profession(kind: OfferKind) -> Code:
    """Give the profession of the people behind an offer: specialists of TRE_R356 are doctors by profession."""
    for code in kind.professions:
        if code[0] == SYSTEMS["R356"]:
            return (_G15, "60") if code[1] == "86" else _DOCTOR
        return code
    return _DOCTOR


def _skills(who: Person, kind: OfferKind) -> list[Json]:
    if who.doctor and (known := _SPECIALTIES.get(kind.activity)):
        return [concept(_SKILL_TYPE, "S", "Spécialité ordinale"), concept(_SPECIALTY, *known)]
    if who.doctor:
        return [concept(_SKILL_TYPE, "S", "Spécialité ordinale")]
    return [concept(_SKILL_TYPE, "CEX", "Compétence exclusive")]


def _name(who: Person) -> Json:
    parts: list[Json] = []
    if who.doctor:
        parts.append(coded_extension("exerciseTitle", _TITLE, "DR", "Docteur"))
    parts.append({"url": "exerciseLastName", "valueString": who.last})
    parts.append({"url": "exerciseFirstName", "valueString": who.first})
    return {"url": ROLE_NAME, "extension": parts}
