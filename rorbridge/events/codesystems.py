"""Code systems of the French nomenclatures (NOS) that the ROR's resources use.

Source: ROR-API sections 2 and 5. The URL's folder is spelled with an underscore, its last part with a hyphen.
"""

from typing import Final


def nos(name: str) -> str:
    """Give the URL of the code system called *name*, such as ``R211-ActiviteOperationnelle``."""
    return f"https://mos.esante.gouv.fr/NOS/TRE_{name}/FHIR/TRE-{name}"


ACTIVITY: Final = nos("R211-ActiviteOperationnelle")
"""Activité opérationnelle."""
OFFER_TYPE: Final = nos("R244-CategorieOrganisation")
"""Type d'offre."""
FIELD: Final = nos("R227-ChampActivite")
"""Champ d'activité."""
CARE_MODE: Final = nos("R213-ModePriseEnCharge")
"""Mode de prise en charge."""
RECEPTION_MODALITY: Final = nos("R338-ModaliteAccueil")
"""Modalité d'accueil."""
SPECIALISATION: Final = nos("R245-SpecialisationDePriseEnCharge")
"""Spécialisation de prise en charge."""
FAMILY_SERAFIN: Final = nos("R265-PrestationPilotageSerafin")
"""Famille d'activité, SERAFIN."""
FAMILY_OTHER: Final = nos("R266-FamilleActiviteOperationnelleHorsSerafin")
"""Famille d'activité, outside SERAFIN."""
RECEPTION_TYPE: Final = nos("R240-TemporaliteAccueil")
"""Temporalité d'accueil."""
ACT: Final = nos("R210-ActeSpecifique")
"""Acte spécifique, in the unit or outside the practice."""
COMPETENCE: Final = nos("R243-CompetenceSpecifique")
"""Compétence spécifique."""
MATERNITY_TYPE: Final = nos("R253-TypeMaternite")
"""Niveau d'expertise: type of maternity."""
EXPERTISE: Final = nos("R344-NiveauExpertise")
"""Niveau d'expertise."""
AUDIENCE: Final = nos("R239-PublicPrisEnCharge")
"""Public pris en charge."""
ANNUAL_OPENING: Final = nos("R238-OuvertureAnnuelle")
"""Ouverture annuelle."""
MANAGEMENT: Final = nos("R236-ModeGestion")
"""Mode de gestion."""
PROFESSION: Final = {
    name.split("-")[0]: nos(name)
    for name in (
        "G15-ProfessionSante",
        "R94-ProfessionSocial",
        "R85-RolePriseCharge",
        "R95-UsagerTitre",
        "R96-AutreFonctionSanitaire",
        "R356-ProfessionRessource",
    )
}
"""Profession ressource, by the short name of its nomenclature."""
SPECIALTY: Final = nos("R38-SpecialiteOrdinale")
"""Spécialité ordinale."""
EQUIPMENT: Final = nos("R212-Equipement")
"""Equipement spécifique."""
EQUIPMENT_FEATURE: Final = nos("R340-TypeCaracteristiqueEquipement")
"""Kind of limit of an equipment: 001 weight, 002 diameter."""
CAPACITY_KIND: Final = nos("R329-NatureCapacite")
"""Nature de capacité: 01 bed, 02 place, 03 lodging."""
CAPACITY_STATUS: Final = nos("R330-TypeStatutCapacite")
"""Statut de capacité."""
CAPACITY_HORIZON: Final = nos("R331-TemporaliteCapacite")
"""Temporalité de capacité."""
CAPACITY_GENDER: Final = nos("R332-GenreCapacite")
"""Genre de capacité."""
CAPACITY_CLOSING: Final = nos("R333-TypeFermetureCapacite")
"""Type de fermeture de capacité."""
TEMPORARY_ASSIGNMENT: Final = nos("R337-AffectationTemporaire")
"""Affectation temporaire."""
HOURS_KIND: Final = nos("R252-TypeHoraire")
"""Type d'horaire."""
COMMUNE: Final = nos("R13-CommuneOM")
"""Commune (INSEE code)."""
REGION: Final = nos("R30-RegionOM")
"""Région source."""
CONFIDENTIALITY: Final = nos("R283-NiveauConfidentialite")
"""Niveau de confidentialité: 1 free, 2 restricted, 3 very restricted."""
STRUCTURE_IDENTIFIER: Final = nos("G07-TypeIdentifiantStructure")
"""Type d'identifiant de structure: 1 FINESS, 2 SIREN, 3 SIRET, 40 idNatStruct."""
CLOSING_TYPE: Final = nos("R286-TypeFermeture")
"""Type de fermeture: DEF, PRO, PRE."""
PLACE_STATUS: Final = nos("R203-StatutLieu")
"""Statut du lieu: 1 closed for good, 2 closed for a time, 3 operational."""
INTERNAL_ORGANISATION_TYPE: Final = nos("R207-TypeOrganisationInterne")
"""Type d'organisation interne."""
ESTABLISHMENT_CATEGORY: Final = nos("R66-CategorieEtablissement")
"""Catégorie d'établissement."""
SECTOR_OF_ACTIVITY: Final = nos("R02-SecteurActivite")
"""Secteur d'activité, the category of practices (SA…)."""
