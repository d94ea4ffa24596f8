"""Searches that are kept so that their next pages can be fetched (HAPI's `_getpages`; ROR-API 3.4)."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from rorbridge.lookalike.outcome import GoneError
from rorbridge.lookalike.search.engine import Found


@dataclass(frozen=True, slots=True)
class _Kept:
    found: Found
    until: float


class Pages:
    """Keeps what searches found, each for *lifetime* seconds on *clock*, the newest *most* of them."""

    def __init__(self, lifetime: float, clock: Callable[[], float], most: int = 500) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._most = most
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def keep(self, found: Found) -> str:
        """Keep what a search found, and give the id under which it can be asked for."""
        now = self._clock()
        while self._kept and (len(self._kept) >= self._most or next(iter(self._kept.values())).until <= now):
            self._kept.popitem(last=False)
        search_id = str(uuid4())
        self._kept[search_id] = _Kept(found, now + self._lifetime)
        return search_id

    def get(self, search_id: str) -> Found:
        """Give what a search found. GoneError when it is unknown, too old or pushed out by newer ones."""
        kept = self._kept.get(search_id)
        if kept is None or kept.until <= self._clock():
            self._kept.pop(search_id, None)
            raise GoneError(search_id)
        return kept.found

    def __len__(self) -> int:
        return len(self._kept)
