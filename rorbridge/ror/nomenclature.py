"""Our copy of the nomenclatures (NOS) as the domain asks for it."""

from rorbridge.orientation.nomenclature import Unknown
from rorbridge.ror import terminology

_NEAREST = 3


class Nos:
    """The nomenclatures that ship with rorbridge, as a Nomenclature."""

    def display(self, system: str, code: str) -> str | None:
        """Give the French words of a code, or None when our copy does not know it."""
        return terminology.display(system, code)

    def unknown(self, systems: tuple[str, ...], code: str) -> Unknown | None:
        """Tell what is known about a code that is in none of *systems*; None for one that is, or without a copy."""
        held = [system for system in systems if terminology.concepts(system)]
        if not held or any(code in terminology.concepts(system) for system in held):
            return None
        nearest = [one for system in held for one in terminology.nearest(system, code)][:_NEAREST]
        copies = ", ".join(terminology.version(system) or "" for system in held)
        return Unknown(copies, tuple(f"{one.code} {one.display}" for one in nearest))
