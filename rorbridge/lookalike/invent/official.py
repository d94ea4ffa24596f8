"""The official example resources, and what they refer to.

The ANS's implementation guide has seven examples (``data/examples``). They point to resources that it does not give:
those are invented here under the ids that the examples use, so that each reference resolves.
"""

import json
from importlib import resources

from rorbridge.lookalike.codes import Json
from rorbridge.lookalike.communes import communes
from rorbridge.lookalike.invent.catalogue import EstablishmentKind, OfferKind, establishment_kinds, offer_kinds
from rorbridge.lookalike.invent.offers import OfferPlan, offer
from rorbridge.lookalike.invent.organisations import SERVICE, establishment, legal_entity, unit
from rorbridge.lookalike.invent.places import Site, place, site
from rorbridge.lookalike.invent.professionals import person, role
from rorbridge.lookalike.invent.register import Register

_MAMOUDZOU, _BOIS_COLOMBES, _RENNES = "97611", "92009", "35238"
"""The hospital example is tagged with Mayotte; the others name no place, but for the street of the home help."""


def add_official_examples(register: Register) -> None:
    """Add the examples to the data set, and the resources that they refer to."""
    folder = resources.files("rorbridge.lookalike") / "data" / "examples"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".json"):
            register.dataset.add(json.loads(file.read_bytes()))
    _hospital_unit(register)
    _practice(register)
    _nurse(register)
    _home_help_owner(register)


def _hospital_unit(register: Register) -> None:
    """Invent Organization/999999 and Location/888888 of HealthcareService/1234564."""
    where = _site(register, _MAMOUDZOU, "ch-mamoudzou")
    owner = legal_entity(register, where, "public", "Établissement public de santé du Lagon-Bleu")
    home = establishment(register, where, _establishment("hospital"), "Centre hospitalier du Lagon-Bleu", owner)
    service = unit(register, where, SERVICE, "Service Chirurgie gynécologique", home)
    _rename(register, service, "999999")
    ward = place(register, where, "001", "Chirurgie gynécologique – 2e étage", [])
    _rename(register, ward, "888888")


def _practice(register: Register) -> None:
    """Invent Organization/4947 and Location/1215 of HealthcareService/ror-healthcareservice-exemple-ville."""
    where = _site(register, _RENNES, "cabinet-jourdin")
    owner = legal_entity(register, where, "practice", "Société d'exercice du Dr Julie JOURDIN")
    home = establishment(register, where, _establishment("office"), "Cabinet du Dr Julie JOURDIN", owner)
    _rename(register, home, "4947")
    _rename(register, place(register, where, "023", "Cabinet du Dr Julie JOURDIN", []), "1215")
    example = register.dataset.healthcare_services["ror-healthcareservice-exemple-ville"]
    kind = _offer_kind("office", "437")
    role(register, person(register, kind, where.region), kind, example, where)


def _nurse(register: Register) -> None:
    """Invent Practitioner/2524 and HealthcareService/9597 of PractitionerRole/ror-practitionerrole-exemple."""
    where, kind = _site(register, _RENNES, "cabinet-tenor"), _offer_kind("office", "287")
    owner = legal_entity(register, where, "practice", "Société d'exercice Mylène Tenor")
    home = establishment(register, where, _establishment("office"), "Cabinet infirmier Mylène Tenor", owner)
    room = place(register, where, kind.function, "Cabinet infirmier Mylène Tenor", [])
    name = "Cabinet infirmier Mylène Tenor"
    _rename(register, offer(register, OfferPlan(kind, "32", home, where, (room,), name)), "9597")
    nurse = person(register, kind, where.region).practitioner
    nurse["name"] = [{"family": "TENOR", "given": ["Mylène"], "prefix": ["MME"]}]
    _rename(register, nurse, "2524")


def _home_help_owner(register: Register) -> None:
    """Invent Organization/1111, to which Organization/ror-organisation-exemple-eg belongs."""
    where = _site(register, _BOIS_COLOMBES, "quietude")
    _rename(register, legal_entity(register, where, "company", "Groupe Quiétude"), "1111")


def _rename(register: Register, resource: Json, new_id: str) -> None:
    """Give an invented resource the id under which an example refers to it."""
    del register.dataset.of_type(resource["resourceType"])[resource["id"]]
    resource["id"] = new_id
    register.dataset.add(resource)


def _site(register: Register, commune: str, name: str) -> Site:
    return site(register.dice, communes()[commune], f"{name}.example.org")


def _establishment(key: str) -> EstablishmentKind:
    return next(kind for kind in establishment_kinds() if kind.key == key)


def _offer_kind(establishment_key: str, activity: str) -> OfferKind:
    return next(kind for kind in offer_kinds(establishment_key) if kind.activity == activity)
