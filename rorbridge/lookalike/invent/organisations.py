"""Legal entities (EJ), sites (EG) and units (OI) (ROROrganization, ROR-API 2.4)."""

from typing import Final

from rorbridge.lookalike.codes import (
    CLOSING,
    DROP_ZONE,
    ORGANIZATION_CLOSING,
    ORGANIZATION_PERIOD,
    SD,
    STRUCTURE,
    STRUCTURE_IDENTIFIER,
    UNIT_IDENTIFIER,
    UNIT_TYPE,
    Json,
    coded_extension,
    concept,
)
from rorbridge.lookalike.invent.catalogue import EstablishmentKind
from rorbridge.lookalike.invent.contacts import organization_contact, secure_mailbox
from rorbridge.lookalike.invent.dates import created, day
from rorbridge.lookalike.invent.places import Site
from rorbridge.lookalike.invent.register import Register
from rorbridge.ror import terminology

_LEGAL_SYSTEM: Final = terminology.code_system("R72-FinessStatutJuridique")
_AGGREGATE_SYSTEM: Final = terminology.code_system("R69-FinessAgregatStatutJuridiqueNiv2")
_LEGAL: Final = {
    "public": (("13", "Etablissement public communal d'hospitalisation"), ("1200", "Etablissement public")),
    "social": (("17", "Centre communal d'action sociale"), ("1200", "Etablissement public")),
    "association": (
        ("60", "Association Loi 1901 non reconnue d'utilité publique"),
        ("2100", "Organisme privé à but non lucratif"),
    ),
    "company": (("73", "Société anonyme (SA)"), ("2200", "Organisme privé à caractère commercial")),
    "practice": (
        ("72", "Société à responsabilité limitée (SARL)"),
        ("2200", "Organisme privé à caractère commercial"),
    ),
}
"""Legal status and the group that it belongs to, by the word that the catalogue uses."""

_OWNERS: Final = {
    "public": "Établissement public de santé {of}",
    "social": "Centre communal d'action sociale {of}",
    "association": "Association {flower}",
    "company": "Groupe {flower}",
    "practice": "Société d'exercice {flower}",
}

POLE, SERVICE, FUNCTIONAL_UNIT = "1", "2", "3"
"""Types of units of TRE_R207."""


def owner_name(legal: str, of: str, flower: str) -> str:
    """Give the name of a legal entity of the sort *legal*; *of* and *flower* are "de ..." names."""
    return _OWNERS[legal].format(of=of, flower=flower)


def legal_entity(register: Register, where: Site, legal: str, name: str) -> Json:
    """Invent a legal entity (EJ) with FINESS, SIREN and idNatStruct."""
    dice = register.dice
    resource = register.start("Organization", "ror-organization", where.region)
    finess, siren = _finess(register, where), _siren(register)
    extensions = [created(dice)]
    resource["extension"] = extensions
    if legal == "practice":
        # A practice has no FINESS number; its national id is 2 and its SIREN, as in the official example.
        resource["identifier"] = [_national(f"2{siren}"), _number("2", "https://sirene.fr", siren)]
    else:
        resource["identifier"] = [
            _national(f"1{finess}"),
            _number("1", "https://finess.esante.gouv.fr", finess),
            _number("2", "https://sirene.fr", siren),
        ]
    (status, words), (group, group_words) = _LEGAL[legal]
    resource["type"] = [
        concept(_LEGAL_SYSTEM, status, words),
        concept(_AGGREGATE_SYSTEM, group, group_words),
    ]
    resource["name"] = name
    resource["address"] = [where.address]
    if dice.chance(0.3):
        resource["contact"] = [organization_contact(dice, where.region, where.domain)]
    return register.dataset.add(resource)


def establishment(register: Register, where: Site, kind: EstablishmentKind, name: str, owner: Json) -> Json:
    """Invent a site (EG) of *owner*; notes its national structure id on *where*, which bed zones refer to."""
    dice = register.dice
    resource = register.start("Organization", "ror-organization", where.region)
    siren = next(one["value"] for one in owner["identifier"] if one["type"]["coding"][0]["code"] == "2")
    siret = f"{siren}{register.number('siret') % 100_000:05}"
    extensions: list[Json] = [created(dice)]
    resource["extension"] = extensions
    if kind.key == "office":
        where.id_nat = f"3{siret}"
        resource["identifier"] = [_national(where.id_nat), _number("3", "https://sirene.fr", siret)]
    else:
        finess = _finess(register, where)
        where.id_nat = f"1{finess}"
        resource["identifier"] = [
            _national(where.id_nat),
            _number("1", "https://finess.esante.gouv.fr", finess),
            _number("3", "https://sirene.fr", siret),
        ]
    if dice.chance(0.1):
        # Sources differ in the order in which they list identifiers.
        resource["identifier"].reverse()
    resource["type"] = [concept(*kind.category)]
    resource["name"] = name
    if dice.chance(0.3):
        resource["alias"] = [name.split(" ", 1)[0] + " " + where.commune.name]
    resource["address"] = [where.address]
    resource["partOf"] = {"reference": f"Organization/{owner['id']}"}
    if kind.key == "hospital":
        extensions.append({"url": DROP_ZONE, "valueBoolean": dice.chance(0.4)})
    if dice.chance(0.1):
        extensions.append({"url": ORGANIZATION_PERIOD, "valuePeriod": {"start": day(-dice.between(900, 9000))}})
    if dice.chance(0.015):
        extensions.append(coded_extension(ORGANIZATION_CLOSING, CLOSING, dice.pick(("PRO", "PRE"))))
    contacts = dice.between(0, 2)
    if contacts:
        resource["contact"] = [organization_contact(dice, where.region, where.domain) for _ in range(contacts)]
    return register.dataset.add(resource)


def unit(register: Register, where: Site, kind: str, name: str, parent: Json) -> Json:
    """Invent a unit (OI) under a site or another unit; *kind* is a code of TRE_R207."""
    dice = register.dice
    resource = register.start("Organization", "ror-organization", where.region)
    resource["extension"] = [created(dice)]
    resource["identifier"] = [
        {
            "type": concept(UNIT_IDENTIFIER, "42", "Identifiant fonctionnel de l'OI connu par l'instance ROR"),
            "system": "https://oi.esante.gouv.fr",
            "value": f"{where.region}/{700_000 + register.number('unit')}",
        }
    ]
    resource["type"] = [concept(UNIT_TYPE, kind)]
    resource["name"] = name
    resource["partOf"] = {"reference": f"Organization/{parent['id']}"}
    if dice.chance(0.2):
        resource["telecom"] = [secure_mailbox(dice, name)]
    if dice.chance(0.15):
        resource["extension"].append({"url": SD + "ror-meta-comment", "valueString": "Fiche relue par l'établissement"})
    if dice.chance(0.2):
        resource["contact"] = [organization_contact(dice, where.region, where.domain)]
    return register.dataset.add(resource)


def _national(value: str) -> Json:
    return _number("40", STRUCTURE, value)


def _number(kind: str, system: str, value: str) -> Json:
    return {"type": concept(STRUCTURE_IDENTIFIER, kind), "system": system, "value": value}


def _finess(register: Register, where: Site) -> str:
    """Invent a FINESS number: no real one has 99 after its department."""
    department = where.commune.department[:2]
    number = register.number(f"finess {department}")
    # Past 100,000 in one department, letters make room; FINESS has letters for Corsica already.
    return f"{department}99{number:05}" if number < 100_000 else f"{department}9A{number - 100_000:05}"


def _siren(register: Register) -> str:
    """Invent a SIREN number: none that begins with 999 has been given out."""
    return f"999{register.number('siren'):06}"
