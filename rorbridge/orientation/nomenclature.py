"""The port to the nomenclatures: words for codes, and whether a code is known."""

from dataclasses import dataclass
from typing import Protocol

from rorbridge.events.request import OrientationRequest
from rorbridge.events.result import RequestWarning
from rorbridge.orientation.criteria import asked


@dataclass(frozen=True, slots=True)
class Unknown:
    """A code that our copy of the nomenclatures does not hold."""

    copy: str
    """Which copy that is, by its version."""
    nearest: tuple[str, ...]
    """Known codes that look like it, with their words."""


class Nomenclature(Protocol):
    """The French nomenclatures (NOS), as far as we have them."""

    def display(self, system: str, code: str) -> str | None:
        """Give the French words of a code, or None when our copy does not know it."""
        ...

    def unknown(self, systems: tuple[str, ...], code: str) -> Unknown | None:
        """Tell what is known about a code that is in none of *systems*; None for one that is, or where we have none."""
        ...


def warnings(request: OrientationRequest, nomenclature: Nomenclature) -> tuple[RequestWarning, ...]:
    """Warn of codes in a request that our copy does not know. They are searched all the same: NOS changes often."""
    found: list[RequestWarning] = []
    for one in asked(request.need):
        for index, code in enumerate(one.codes):
            readings = one.criterion.readings(code)
            unknown = nomenclature.unknown(tuple(system for system, _ in readings), readings[0][1])
            if unknown:
                step = f"/allOf/{index}" if one.all_of else f"/{index}"
                near = f"; near to it: {', '.join(unknown.nearest)}" if unknown.nearest else ""
                detail = f"code {code} is not in our copy of the nomenclature ({unknown.copy}){near}"
                found.append(RequestWarning(pointer=f"/need/{one.criterion.name}{step}", detail=detail))
    return tuple(found)
