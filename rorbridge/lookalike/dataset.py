"""The invented data set: how it is made, and what it is made of."""

from rorbridge.lookalike.invent.world import invent
from rorbridge.lookalike.resources import RESOURCE_TYPES, Dataset

__all__ = ["RESOURCE_TYPES", "Dataset", "generate"]


def generate(offers: int, seed: int = 1) -> Dataset:
    """Invent *offers* HealthcareServices with everything around them, and add the ANS's official examples.

    The same size and seed give the same bytes on any machine and any day: nothing looks at the clock, and dates are
    counted from `rorbridge.lookalike.invent.dates.REFERENCE`. Raises ValueError when *offers* is negative.
    """
    return invent(offers, seed)
