"""Names of people, places and streets that sound French and belong to nobody."""

from typing import Final

from rorbridge.lookalike.invent.dice import Dice

_FIRST_HALVES: Final = (
    "Aube", "Belle", "Bois", "Brume", "Champ", "Chante", "Claire", "Clos", "Doux", "Fleur", "Font", "Grand", "Haute",
    "Joli", "Lande", "Long", "Mont", "Noble", "Orme", "Pré", "Rive", "Roche", "Trois", "Val", "Vert", "Vif",
)  # fmt: skip
_SECOND_HALVES: Final = (
    "aubier", "bruyère", "chemin", "combe", "fougère", "granget", "jonquille", "lavande", "lierre", "lune", "merle",
    "noisette", "ombrelle", "pervenche", "pommier", "ruisseau", "sapin", "serein", "source", "tilleul", "vallon",
    "verdier", "violette", "vigneau",
)  # fmt: skip
WOMEN: Final = (
    "Adèle", "Agathe", "Anouk", "Aurore", "Bérénice", "Camille", "Capucine", "Clémence", "Diane", "Élise", "Estelle",
    "Faustine", "Garance", "Hélène", "Inès", "Jeanne", "Joséphine", "Léonie", "Lucie", "Maëlle", "Margaux", "Mathilde",
    "Nour", "Ondine", "Pauline", "Rosalie", "Salomé", "Solène", "Suzanne", "Yasmine",
)  # fmt: skip
"""First names of invented women."""
MEN: Final = (
    "Achille", "Adrien", "Amine", "Ambroise", "Augustin", "Basile", "Baptiste", "Célestin", "Corentin", "Dorian",
    "Edgar", "Éloi", "Félix", "Gaspard", "Hugo", "Ilyès", "Jules", "Léandre", "Lucien", "Malo", "Marceau", "Maxence",
    "Noé", "Octave", "Quentin", "Rémi", "Sacha", "Théodore", "Valentin", "Yann",
)  # fmt: skip
"""First names of invented men."""
_FLOWERS: Final = (
    "des Tilleuls argentés", "du Pré-aux-Merles", "des Trois-Moulins-Blancs", "de la Fontaine-aux-Fées",
    "du Vieux-Noisetier", "des Quatre-Vents-Doux", "de la Lande-Fleurie", "du Clos-des-Cigales", "des Hautes-Fougères",
    "de la Rive-Sereine", "du Chant-de-l'Alouette", "des Coquelicots-Bleus", "de la Roche-aux-Lierres",
    "du Val-Pervenche", "des Ormes-Rieurs", "de la Source-Vive", "du Jardin-des-Brumes", "des Sept-Pommiers",
    "de la Colline-aux-Biches", "du Bois-Joli-Cœur", "des Mille-Ruisseaux", "de l'Étang-aux-Lunes", "du Grand-Sorbier",
    "de l'Aubépine-Rose", "des Deux-Colombiers", "de la Clairière-d'Or", "du Petit-Belvédère", "des Jonquilles-Folles",
    "de l'Arche-Verte", "du Mas-aux-Lavandes", "de la Tour-aux-Hirondelles", "des Cèdres-Chantants",
)  # fmt: skip
_STREET_TYPES: Final = ("rue", "avenue", "boulevard", "place", "chemin", "allée", "impasse")
_STREETS: Final = (
    "des Lilas inventés", "de la Fontaine claire", "du Vieux Moulin", "des Alouettes", "de la Liberté", "des Écoles",
    "du Général Boisvert", "de l'Imaginaire", "des Quatre Saisons", "du Pont Neuf", "Jeanne Rivedouce", "des Artisans",
    "de la Petite Prairie", "du Colonel Verdier", "des Hirondelles", "Octave Longchemin", "du Marché couvert",
)  # fmt: skip
HAMLETS: Final = ("Le Bas-Noisetier", "La Haute-Lande", "Les Grands-Prés", "Le Moulin-Perdu", "La Croix-Fleurie")
"""Names of hamlets (lieux-dits)."""


def of_place(name: str) -> str:
    """Give *name* with "de" before it, as French joins them: "de Lyon", "d'Angers", "du Mans", "des Lilas"."""
    for article, joined in (("Le ", "du "), ("Les ", "des ")):
        if name.startswith(article):
            return joined + name.removeprefix(article)
    # An h is mute in most names of communes that begin with a vowel sound; "de Haguenau" is the rule for the others.
    return f"d'{name}" if name[0] in "AEIOUYÉÈÎÂ" else f"de {name}"


def surname(dice: Dice) -> str:
    """Invent a family name such as "Boistilleul"."""
    return dice.pick(_FIRST_HALVES) + dice.pick(_SECOND_HALVES)


def flower(dice: Dice) -> str:
    """Invent the name of an establishment, "de" included, such as "des Tilleuls argentés"."""
    return dice.pick(_FLOWERS)


def street(dice: Dice) -> tuple[str, str, str]:
    """Invent number, type and name of a street."""
    return str(dice.between(1, 180)), dice.pick(_STREET_TYPES), dice.pick(_STREETS)
