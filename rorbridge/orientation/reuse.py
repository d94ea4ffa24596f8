"""What was worked out from an answer of the directory, kept for others who ask alike and get the same answer."""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from rorbridge.events.offer import Offer
from rorbridge.events.result import Round, written
from rorbridge.orientation.match import Verdict

_VERDICT_BYTES = 2_048
"""What a verified candidate counts, as if it were written; like all else it takes somewhat more in memory."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An offer as the audience may read it."""

    offer: Offer
    held_back: Counter[str]
    """What it may not read, by rule."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an answer comes to for requests that ask alike."""

    told: Round
    """The account of verifying it."""
    tiers: tuple[list[Verdict], ...]
    """What is kept, in tiers of equals, best first."""
    held_back: Counter[str]
    """Of what was found, by rule."""
    offers: dict[str, Ready] = field(default_factory=dict)
    """Those that were sent so far, by the id of their HealthcareService."""

    @property
    def total(self) -> int:
        """How many offers are kept."""
        return self.told.kept


class Reuse:
    """Keeps what was worked out from one answer. It goes when the answer goes."""

    def __init__(self, grant: Callable[[int], bool] = lambda _: True) -> None:
        """*grant* is asked for so many bytes of memory; without them nothing more is kept."""
        self._grant = grant
        self._prepared: dict[Hashable, Prepared] = {}

    def get(self, asked: Hashable) -> Prepared | None:
        """Give what was prepared for those who asked the same."""
        return self._prepared.get(asked)

    def keep(self, asked: Hashable, prepared: Prepared) -> None:
        """Keep what was prepared, if there is room for it."""
        if self._grant(prepared.total * _VERDICT_BYTES):
            self._prepared[asked] = prepared

    def keep_offers(self, prepared: Prepared, offers: dict[str, Ready]) -> None:
        """Keep offers with what was prepared, if there is room for them."""
        if offers and self._grant(sum(len(written(one.offer)) for one in offers.values())):
            prepared.offers.update(offers)
