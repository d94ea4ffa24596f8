"""Extension urls, code systems and shared codings of the ROR's profiles (ROR-API sections 2 and 5).

A coding is built once and shared by every resource that carries it: half of a generated data set is codings, so this
is what keeps it small and quick to make. Nothing may change a shared dict.
"""

from functools import cache
from typing import Any, Final

from rorbridge.ror import terminology

Json = dict[str, Any]
"""A FHIR resource or a part of one, as JSON has it."""

SD: Final = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/"
"""Where the ROR's profiles and extensions are defined."""

CREATION_DATE: Final = SD + "ror-meta-creation-date"
SENSITIVE_UNIT: Final = SD + "ror-healthcareservice-sensitive-unit"
PATIENT_TYPE: Final = SD + "ror-healthcareservice-patient-type"
OFFER_CONTACT: Final = SD + "ror-healthcareservice-contact"
OFFER_CONTACT_TELECOM: Final = SD + "ror-healthcareservice-contact-telecom"
TERRITORIAL_DIVISION: Final = SD + "ror-territorial-division"
PSYCHIATRIC_SECTOR: Final = SD + "ror-healthcareservice-psychiatric-sector"
NO_CONSENT: Final = SD + "ror-healthcareservice-no-consent-habilitation"
ACT_TYPE: Final = SD + "ror-act-type"
DAY_NUMBER: Final = SD + "ror-available-time-number-days-of-week"
TIME_VALIDITY: Final = SD + "ror-available-time-effective-opening-closing-date"
TIME_TYPE: Final = SD + "ror-available-time-type-of-time"
CHANNEL: Final = SD + "ror-telecom-communication-channel"
TELECOM_LEVEL: Final = SD + "ror-telecom-confidentiality-level"
TELECOM_USAGE: Final = SD + "ror-telecom-usage"
CONTACT_LEVEL: Final = SD + "ror-contact-confidentiality-level"
OFFER_CONTACT_LEVEL: Final = SD + "ror-confidentiality-level"
CONTACT_FUNCTION: Final = SD + "ror-contact-function-contact"
CONTACT_DESCRIPTION: Final = SD + "ror-contact-description"
COMMUNE_COG: Final = SD + "ror-commune-cog"
CAPACITY: Final = SD + "ror-location-supported-capacity"
EQUIPMENT: Final = SD + "ror-location-equipment"
EQUIPMENT_LIMIT: Final = SD + "ror-location-equipment-limit"
RESIDENTIAL: Final = SD + "ror-location-residential-capacity"
COORDINATE_RELIABILITY: Final = SD + "ror-coordinate-reliability"
ORSAN_LEVEL: Final = SD + "ror-organization-level-recours-orsan"
DROP_ZONE: Final = SD + "ror-organization-drop-zone"
ORGANIZATION_CLOSING: Final = SD + "ror-organization-closing-type"
ORGANIZATION_PERIOD: Final = "http://hl7.org/fhir/StructureDefinition/organization-period"
ROLE_NAME: Final = SD + "ror-practitionerrole-name"
EXERCISE_MODE: Final = SD + "ror-practitionerrole-unit-exercise-mode"
_ROLE_BASE: Final = "https://apifhir.annuaire.sante.fr/ws-sync/exposed/structuredefinition/practitionerRole-"
CONTRACTED: Final = _ROLE_BASE + "contracted"
HAS_CAS: Final = _ROLE_BASE + "hasCAS"
VITALE_ACCEPTED: Final = _ROLE_BASE + "vitaleAccepted"
ADDRESS_PART: Final = "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-"
DISTANCE: Final = "http://hl7.org/fhir/StructureDefinition/location-distance"

FIELD: Final = terminology.code_system("R227-ChampActivite")
OFFER_TYPE: Final = terminology.code_system("R244-CategorieOrganisation")
ACTIVITY: Final = terminology.code_system("R211-ActiviteOperationnelle")
CARE_MODE: Final = terminology.code_system("R213-ModePriseEnCharge")
ACT: Final = terminology.code_system("R210-ActeSpecifique")
SPECIALISATION: Final = terminology.code_system("R245-SpecialisationDePriseEnCharge")
MODALITY: Final = terminology.code_system("R338-ModaliteAccueil")
RECEPTION_TYPE: Final = terminology.code_system("R240-TemporaliteAccueil")
MANAGEMENT: Final = terminology.code_system("R236-ModeGestion")
ANNUAL_OPENING: Final = terminology.code_system("R238-OuvertureAnnuelle")
COMPETENCE: Final = terminology.code_system("R243-CompetenceSpecifique")
MATERNITY: Final = terminology.code_system("R253-TypeMaternite")
EXPERTISE: Final = terminology.code_system("R344-NiveauExpertise")
CLOSING: Final = terminology.code_system("R286-TypeFermeture")
AUDIENCE: Final = terminology.code_system("R239-PublicPrisEnCharge")
HOURS_TYPE: Final = terminology.code_system("R252-TypeHoraire")
FUNCTION_OF_PLACE: Final = terminology.code_system("R343-FonctionLieu")
PLACE_STATUS: Final = terminology.code_system("R203-StatutLieu")
CAPACITY_TYPE: Final = terminology.code_system("R329-NatureCapacite")
CAPACITY_STATUS: Final = terminology.code_system("R330-TypeStatutCapacite")
CAPACITY_TIME: Final = terminology.code_system("R331-TemporaliteCapacite")
CAPACITY_GENDER: Final = terminology.code_system("R332-GenreCapacite")
CAPACITY_CLOSING: Final = terminology.code_system("R333-TypeFermetureCapacite")
ADDITIONAL_BED: Final = terminology.code_system("R334-TypeLitSupplementaire")
CAPACITY_SOURCE: Final = terminology.code_system("R335-TypeSourceCapacite")
CRISIS: Final = terminology.code_system("R336-TypeCrise")
ASSIGNMENT: Final = terminology.code_system("R337-AffectationTemporaire")
EQUIPMENT_TYPE: Final = terminology.code_system("R212-Equipement")
EQUIPMENT_FEATURE: Final = terminology.code_system("R340-TypeCaracteristiqueEquipement")
RESIDENTIAL_TYPE: Final = terminology.code_system("R242-TypeHabitation")
CATEGORY_OF_SITE: Final = terminology.code_system("R66-CategorieEtablissement")
UNIT_TYPE: Final = terminology.code_system("R207-TypeOrganisationInterne")
REGION: Final = terminology.code_system("R30-RegionOM")
TERRITORY_TYPE: Final = terminology.code_system("R201-TypeDivisionTerritoriale")
COMMUNE: Final = terminology.code_system("R13-CommuneOM")
LEVEL: Final = terminology.code_system("R283-NiveauConfidentialite")
CONTACT_PURPOSE: Final = terminology.code_system("R287-NatureContact")
CHANNEL_TYPE: Final = terminology.code_system("R200-CanalCommunication")
FUNCTION_OF_CONTACT: Final = terminology.code_system("R251-FonctionContact")
STRUCTURE_IDENTIFIER: Final = terminology.code_system("G07-TypeIdentifiantStructure")
OFFER_IDENTIFIER: Final = terminology.code_system("R355-TypeIdentifiantOffre")
PLACE_IDENTIFIER: Final = terminology.code_system("R354-TypeIdentifiantRessourceOperationnelle")
PERSON_IDENTIFIER: Final = terminology.code_system("G08-TypeIdentifiantPersonne")
UNIT_IDENTIFIER: Final = (
    "https://mos.esante.gouv.fr/NOS/TRE_R345-TypeIdentifiantAutre/FHIR/TRE_R345-TypeIdentifiantAutre"
)
"""Spelled with an underscore in its last part too, as the profile has it (ROR-API 2.4)."""
UNITS: Final = terminology.code_system("R247-UcumUniteMesure")
"""The units' system as the ROR's data carry it; the ANS's search examples write another one (ROR-API 3.5)."""
RPPS: Final = "urn:oid:1.2.250.1.71.4.2.1"
STRUCTURE: Final = "urn:oid:1.2.250.1.71.4.2.2"


@cache
def coding(system: str, code: str, words: str | None = None) -> Json:
    """Give the shared Coding of *code*, with its French words where the terminology knows them.

    *words* stands in for code systems that the terminology does not hold.
    """
    found = words or terminology.display(system, code)
    return {"system": system, "code": code, "display": found} if found else {"system": system, "code": code}


@cache
def concept(system: str, code: str, words: str | None = None) -> Json:
    """Give the shared CodeableConcept with the one coding of *code*; *words* as for `coding`."""
    return {"coding": [coding(system, code, words)]}


@cache
def coded_extension(url: str, system: str, code: str, words: str | None = None) -> Json:
    """Give the shared extension *url* whose value is the concept of *code*; *words* as for `coding`."""
    return {"url": url, "valueCodeableConcept": concept(system, code, words)}
