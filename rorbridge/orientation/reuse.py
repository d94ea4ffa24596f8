"""What was worked out from an answer of the directory, kept for others who ask alike and get the same answer."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

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


@dataclass(slots=True)
class Kept:
    """An offer that meets the need."""

    id: str
    """That of its HealthcareService."""
    verdict: Verdict | None
    """None once the answer that it is from was let go of."""
    ready: Ready | None = None
    """What is sent of it; None until it was sent once and there was room to keep that."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an answer comes to for requests that ask alike."""

    told: Round
    """The account of verifying it."""
    tiers: tuple[list[Kept], ...]
    """What is kept, in tiers of equals, best first."""
    held_back: Counter[str]
    """Of what was found, by rule."""

    @property
    def total(self) -> int:
        """How many offers are kept."""
        return self.told.kept

    @property
    def is_ready(self) -> bool:
        """Whether what is sent of them is known of all."""
        return all(one.ready for equals in self.tiers for one in equals)


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

    def get(self, asked: Hashable) -> Prepared | None:
        """Give what was prepared for those who asked the same."""
        return self._prepared.get(asked)

    def keep(self, asked: Hashable, prepared: Prepared) -> None:
        """Keep what was prepared, if there is room for it."""
        if self._grant(prepared.total * (_KEPT_BYTES + _VERDICT_BYTES)):
            self._prepared[asked] = prepared

    def keep_ready(self, made: Iterable[tuple[Kept, Ready]]) -> None:
        """Keep what is sent of offers, if there is room for it."""
        new = [(kept, ready) for kept, ready in made if kept.ready is None]
        if new and self._grant(sum(len(written(ready.offer)) for _, ready in new)):
            for kept, ready in new:
                kept.ready = ready
            self._keep_ready(*self._without_answer())

    def _without_answer(self) -> "tuple[Reuse, int]":
        ready, size = Reuse(), 0
        for asked, prepared in self._prepared.items():
            tiers = tuple([Kept(one.id, None, one.ready) for one in equals] for equals in prepared.tiers)
            offers = [one.ready.offer for equals in tiers for one in equals if one.ready]
            if offers:
                ready._prepared[asked] = replace(prepared, tiers=tiers)
                size += prepared.total * _KEPT_BYTES + sum(len(written(one)) for one in offers)
        return ready, size
