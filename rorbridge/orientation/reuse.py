"""What was worked out from an answer of the directory, kept for others who ask alike and get the same answer."""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace

from rorbridge.events.offer import Offer
from rorbridge.events.result import Round, written
from rorbridge.orientation.match import Verdict

_KEPT_BYTES = 256
"""What an offer that is kept counts by itself, and ..."""
_VERDICT_BYTES = 2_048
"""... as a verified candidate, as if it were written; like all else it takes somewhat more in memory."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An offer as the audience may read it."""

    offer: Offer
    held_back: Counter[str]
    """What it may not read, by rule."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an answer comes to for requests that ask alike. An offer is named by the id of its HealthcareService."""

    told: Round
    """The account of verifying it."""
    tiers: tuple[list[str], ...]
    """The offers that are kept, in tiers of equals, best first."""
    verdicts: dict[str, Verdict]
    """How they were verified; empty where the answer that they are from was let go of."""
    held_back: Counter[str]
    """Of what was found, by rule."""
    ready: dict[str, Ready] = field(default_factory=dict)
    """What is sent of them, as far as it was sent once and there was room to keep it."""

    @property
    def total(self) -> int:
        """How many offers are kept."""
        return self.told.kept


class Reuse:
    """Keeps what was worked out from one answer. It goes when the answer goes, but for what was sent."""

    def __init__(
        self,
        grant: Callable[[int], bool] = lambda _: True,
        keep_ready: "Callable[[Reuse, int], None]" = lambda _ready, _size: None,
    ) -> None:
        """*grant* is asked for so many bytes of memory; without them nothing more is kept.

        *keep_ready* is given what serves others who ask alike without the answer, and its size in bytes.
        """
        self._grant = grant
        self._keep_ready = keep_ready
        self._prepared: dict[Hashable, Prepared] = {}
        self._ready: Reuse | None = None
        self._ready_bytes = 0

    def get(self, asked: Hashable) -> Prepared | None:
        """Give what was prepared for those who asked the same."""
        return self._prepared.get(asked)

    def keep(self, asked: Hashable, prepared: Prepared) -> None:
        """Keep what was prepared, if there is room for it."""
        if self._grant(prepared.total * (_KEPT_BYTES + _VERDICT_BYTES)):
            self._prepared[asked] = prepared

    def keep_ready(self, asked: Hashable, made: dict[str, Ready]) -> None:
        """Keep what is sent of offers with what was prepared for *asked*, if there is room for it."""
        prepared = self._prepared.get(asked)
        size = sum(len(written(one.offer)) for one in made.values())
        if prepared is None or not made or not self._grant(size):
            return
        prepared.ready.update(made)
        if self._ready is None:
            self._ready = Reuse()
        if asked not in self._ready._prepared:
            self._ready._prepared[asked] = replace(prepared, verdicts={})  # what is ready belongs to both
            self._ready_bytes += prepared.total * _KEPT_BYTES
        self._ready_bytes += size
        self._keep_ready(self._ready, self._ready_bytes)
