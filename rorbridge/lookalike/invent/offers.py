"""Offers (RORHealthcareService, ROR-API 2.2)."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from rorbridge.lookalike.codes import (
    ACT,
    ACT_TYPE,
    ACTIVITY,
    ANNUAL_OPENING,
    AUDIENCE,
    CARE_MODE,
    CLOSING,
    COMMUNE,
    COMPETENCE,
    FIELD,
    MANAGEMENT,
    MODALITY,
    NO_CONSENT,
    OFFER_IDENTIFIER,
    OFFER_TYPE,
    PATIENT_TYPE,
    PSYCHIATRIC_SECTOR,
    RECEPTION_TYPE,
    SENSITIVE_UNIT,
    SPECIALISATION,
    TERRITORIAL_DIVISION,
    TERRITORY_TYPE,
    UNITS,
    Json,
    coded_extension,
    coding,
    concept,
)
from rorbridge.lookalike.communes import Commune, communes
from rorbridge.lookalike.invent import hours
from rorbridge.lookalike.invent.catalogue import Age, OfferKind
from rorbridge.lookalike.invent.contacts import offer_contact, secure_mailbox
from rorbridge.lookalike.invent.dates import created
from rorbridge.lookalike.invent.dice import Dice, Weighted
from rorbridge.lookalike.invent.places import Site
from rorbridge.lookalike.invent.register import Register
from rorbridge.ror import terminology

_DEPARTMENT: Final = terminology.code_system("G09-DepartementOM")
HOME_MODES: Final = frozenset({"31", "49", "59"})
"""Care modes in which the team comes to the person."""
_ROUND_THE_CLOCK: Final = frozenset({"13", "27", "28", "33", "46", "59"})
_SENSITIVE_SHARE: Final = {"105": 0.15, "404": 0.1, "450": 0.1, "285": 0.05}
"""Share of sensitive units by activity, where it is more than the usual 1.5 %."""

_CLOSURES: Final = Weighted((None, "DEF", "PRO", "PRE"), (92, 3, 3, 2))
_UNKNOWN_UNIT_SHARE: Final = 0.05
_RECEPTION: Final = Weighted((None, "02", "01"), (45, 40, 15))


@dataclass(frozen=True, slots=True, eq=False)
class OfferPlan:
    """What an offer is to be: its kind, its care mode, who provides it, where, and under which name."""

    kind: OfferKind
    mode: str
    provider: Json
    where: Site
    places: tuple[Json, ...]
    name: str


def offer(register: Register, plan: OfferPlan) -> Json:
    """Invent an offer from its plan."""
    dice, kind, where = register.dice, plan.kind, plan.where
    resource = register.start("HealthcareService", "ror-healthcareservice", where.region)
    closure = _CLOSURES.pick(dice)
    resource["extension"] = _extensions(dice, plan)
    number = f"{where.region}/{2_000_000 + register.number('offer')}"
    resource["identifier"] = [{"type": concept(OFFER_IDENTIFIER, "35"), "value": number}]
    if dice.chance(0.3):
        resource["active"] = not (closure == "DEF" and dice.chance(0.6))
    resource["providedBy"] = {"reference": f"Organization/{plan.provider['id']}"}
    resource["category"] = [concept(OFFER_TYPE, kind.offer_type)]
    resource["type"] = [concept(FIELD, kind.field)]
    resource["specialty"] = _specialties(dice, kind)
    if plan.places:
        resource["location"] = [{"reference": f"Location/{place['id']}"} for place in plan.places]
    if dice.chance(0.98):
        resource["name"] = plan.name
    if dice.chance(0.1):
        resource["comment"] = "Admission après échange avec l'équipe"
    if dice.chance(0.25):
        resource["telecom"] = [secure_mailbox(dice, plan.name)]
    resource["characteristic"] = _characteristics(dice, plan, closure)
    if dice.chance(0.92):
        resource["availableTime"] = _hours(dice, plan)
    if closure and dice.chance(0.9):
        resource["notAvailable"] = _closing_period(dice, closure)
    return register.dataset.add(resource)


def _extensions(dice: Dice, plan: OfferPlan) -> list[Json]:
    kind, where = plan.kind, plan.where
    sensitive = dice.chance(_SENSITIVE_SHARE.get(kind.activity, 0.015))
    found = [_flag(SENSITIVE_UNIT, sensitive), _patients(dice, kind), created(dice)]
    found += [offer_contact(dice, where.region, where.domain) for _ in range(dice.between(0, 2))]
    at_home = plan.mode in HOME_MODES or "05" in kind.modalities
    if at_home and dice.chance(0.9):
        found += _zone(dice, where.commune)
    if kind.field == "03":
        if dice.chance(0.7):
            letter = "I" if kind.activity in {"227", "228"} else "G"
            sectors = sorted({dice.between(1, 12) for _ in range(dice.between(1, 2))})
            found += [_sector(f"{where.commune.department}{letter}{one:02}") for one in sectors]
        if plan.mode == "28":
            found.append(_flag(NO_CONSENT, dice.chance(0.5)))
    return found


def _characteristics(dice: Dice, plan: OfferPlan, closure: str | None) -> list[Json]:
    """Build the characteristics. Their order says nothing in the ROR, so it is shuffled now and then."""
    kind = plan.kind
    # The official example has no care mode although the profile asks for one; a few here have none either.
    found = [concept(CARE_MODE, plan.mode)] if dice.chance(0.985) else []
    if reception := _RECEPTION.pick(dice):
        found.append(concept(RECEPTION_TYPE, reception))
    found += [concept(MODALITY, one) for one in dice.some(kind.modalities, 0, 3)]
    found += [_act(one, "specificAct") for one in dice.some(kind.acts, 0, 4)]
    found += [_act(one, "outsideOfficeAct") for one in dice.some(kind.home_acts, 0, 2)]
    found += [concept(SPECIALISATION, one) for one in dice.some(kind.specialisations, 0, 2)]
    found += [concept(*one) for one in dice.some(kind.professions, 0, 3)]
    found += [concept(COMPETENCE, one) for one in dice.some(kind.competences, 0, 1)]
    if kind.expertise and dice.chance(0.5 if kind.activity != "100" else 0.95):
        found.append(concept(*dice.pick(kind.expertise)))
    if "home-help" in kind.where:
        found += [concept(MANAGEMENT, one) for one in dice.some(("01", "02"), 1, 2)]
    if kind.field == "04" or dice.chance(0.2):
        found.append(concept(ANNUAL_OPENING, dice.pick(("01", "02", "03", "04"))))
    if closure:
        found.append(concept(CLOSING, closure))
    if dice.chance(0.1):
        found = dice.some(found, len(found), len(found))
    return found


def _specialties(dice: Dice, kind: OfferKind) -> list[Json]:
    found = [concept(ACTIVITY, kind.activity)]
    if kind.families:
        family = concept(*dice.pick(kind.families))
        # Nothing fixes the order of the two slices: some sources write the family first.
        found.insert(0 if dice.chance(0.3) else 1, family)
    return found


def _patients(dice: Dice, kind: OfferKind) -> Json:
    low, high = dice.pick(kind.ages)
    in_years = low[1] == high[1] == "a"
    with_unit = not (in_years and dice.chance(_UNKNOWN_UNIT_SHARE))
    audience = dice.some(kind.audience, 1, 2) if dice.chance(0.8) else []
    return _patient_type(low, high, with_unit, tuple(sorted(audience)))


@cache
def _patient_type(low: Age, high: Age, with_unit: bool, audience: tuple[str, ...]) -> Json:
    ages = {"low": _age(low, with_unit), "high": _age(high, with_unit)}
    parts: list[Json] = [{"url": "ageRange", "valueRange": ages}]
    parts += [coded_extension("supportedPatientInfo", AUDIENCE, one) for one in audience]
    return {"url": PATIENT_TYPE, "extension": parts}


def _age(age: Age, with_unit: bool) -> Json:
    value, unit = age
    number = int(value) if value == int(value) else value
    return {"value": number, "system": UNITS, "code": unit} if with_unit else {"value": number}


def _hours(dice: Dice, plan: OfferPlan) -> list[Json]:
    if plan.mode in _ROUND_THE_CLOCK:
        return hours.round_the_clock(dice)
    if plan.kind.where == ("pharmacy",):
        return hours.shop(dice)
    if plan.mode in HOME_MODES:
        return hours.rounds(dice)
    if plan.mode == "32" and plan.kind.field == "05":
        found = hours.consultations(dice)
        return found + hours.rounds(dice) if "05" in plan.kind.modalities and dice.chance(0.3) else found
    return hours.daytime(dice)


def _closing_period(dice: Dice, closure: str) -> list[Json]:
    if closure == "DEF":
        return hours.closure(-dice.between(10, 700), None)
    if closure == "PRE":
        start = dice.between(30, 400)
        return hours.closure(start, start + dice.between(20, 200) if dice.chance(0.4) else None)
    # One in five of the provisional closures is over, and nobody took the mark away.
    if dice.chance(0.2):
        return hours.closure(-200, -dice.between(20, 90))
    return hours.closure(-dice.between(5, 120), dice.between(60, 500) if dice.chance(0.8) else None)


def _zone(dice: Dice, commune: Commune) -> list[Json]:
    """Build the intervention zone: the communes around, or now and then the whole department."""
    if dice.chance(0.05):
        return [_division(_DEPARTMENT, commune.department, None)]
    return [_division(COMMUNE, one.code, one.name) for one in _around(commune)[: dice.between(1, 8)]]


@cache
def _around(commune: Commune) -> list[Commune]:
    """Give the nine nearest communes of the same department, itself first."""

    def nearness(other: Commune) -> float:
        return (other.latitude - commune.latitude) ** 2 + ((other.longitude - commune.longitude) * 0.7) ** 2

    return sorted((one for one in communes().values() if one.department == commune.department), key=nearness)[:9]


@cache
def _division(system: str, code: str, words: str | None) -> Json:
    return {
        "url": TERRITORIAL_DIVISION,
        "extension": [
            coded_extension("typeTerritorialDivision", TERRITORY_TYPE, "3"),
            coded_extension("codeTerritorialDivision", system, code, words),
        ],
    }


@cache
def _act(code: str, kind: str) -> Json:
    return {"extension": [{"url": ACT_TYPE, "valueCode": kind}], "coding": [coding(ACT, code)]}


@cache
def _flag(url: str, value: bool) -> Json:
    return {"url": url, "valueBoolean": value}


def _sector(code: str) -> Json:
    return {"url": PSYCHIATRIC_SECTOR, "valueString": code}
