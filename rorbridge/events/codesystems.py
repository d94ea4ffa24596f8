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
