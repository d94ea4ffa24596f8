"""Equal searches share one call while it is under way, and its answer for a short time after."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Literal, TypeVar

from cachetools import TLRUCache

Value = TypeVar("Value")

Source = Literal["ror", "shared", "cache"]
"""Where an answer comes from: a call made for this search, one under way for an equal search, or the cache."""

MOST_CACHED_BYTES: Final = 83_886_080
"""Bytes of answers that are kept, as they came, and of what was worked out from them; in memory they take about as much
again."""

MOST_PARTS_BYTES: Final = 50_331_648
"""Bytes of the parts that outlast their answers; a part takes a tenth to a quarter of its answer."""

_MOST_OF_ONE: Final = MOST_CACHED_BYTES // 2
"""Bytes up to which an answer may grow by what is worked out from it."""

_ENTRY_BYTES: Final = 8_192
"""What an answer takes beside its body, key included."""


class Room(Generic[Value]):
    """What an answer takes of the cache."""

    def __init__(self, sharing: "Sharing[Value]", key: Hashable) -> None:
        self._sharing = sharing
        self._key = key
        self.until = -math.inf
        """By the clock: how long the answer is kept."""

    def grow(self, more: int) -> bool:
        """Count *more* bytes that the answer takes by now; false when it may not take so many.

        It is kept no longer for that, and others may have to go. An answer that is not kept may take what it likes: it
        goes with those who asked.
        """
        kept = self._sharing.whole.get(self._key)
        if kept is None or kept.room is not self:
            return True
        size = kept.size + more
        if size > _MOST_OF_ONE:
            return False
        _put(self._sharing.whole, self._key, replace(kept, size=size))
        return True

    def keep_part(self, part: Value, size: int) -> None:
        """Keep what is worth it of the answer, of so many bytes, for when there is no room for the whole."""
        newer = self._sharing.whole.get(self._key) or self._sharing.parts.get(self._key)
        if self._sharing.clock() < self.until and (newer is None or newer.room.until <= self.until):
            _put(self._sharing.parts, self._key, _Kept(part, size, self))


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    value: Value
    size: int
    room: Room[Value]


class _Call(Generic[Value]):
    """A question under way, and how many wait for its answer."""

    def __init__(self, asking: Coroutine[Any, Any, Value]) -> None:
        self.task = asyncio.create_task(asking)
        self.waiting = 0

    async def answer(self) -> Value:
        """Wait for the answer; when the last who waits gives up, the question is cancelled."""
        self.waiting += 1
        try:
            return await asyncio.shield(self.task)
        finally:
            self.waiting -= 1
            if not self.waiting:
                self.task.cancel()


class Sharing(Generic[Value]):
    """Shares answers among equal searches; what fails is shared with those who wait for it, and is not kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.whole = self._cache(MOST_CACHED_BYTES)
        self.parts = self._cache(MOST_PARTS_BYTES)
        self._under_way: dict[Hashable, _Call[Value]] = {}

    def _cache(self, bytes_: int) -> TLRUCache[Hashable, _Kept[Value]]:
        return TLRUCache(
            bytes_,
            ttu=lambda _key, kept, _now: kept.room.until,
            timer=self.clock,
            getsizeof=lambda kept: kept.size + _ENTRY_BYTES,
        )

    async def get(
        self,
        key: Hashable,
        ttl_s: float,
        ask: Callable[[Room[Value]], Awaitable[tuple[Value, int]]],
        will_do: Callable[[Value], bool] = lambda _: True,
    ) -> tuple[Value, Source]:
        """Give the answer for *key*: kept, under way, or by *ask*, which gives it with its size in bytes.

        One that is kept, or a part of one, is looked at by *will_do*. Raises what *ask* raises.
        """
        for cache in (self.whole, self.parts):
            if (kept := cache.get(key)) is not None and will_do(kept.value):
                return kept.value, "cache"
        call = self._under_way.get(key)
        if call is not None and call.waiting:  # without, it is being cancelled
            return await call.answer(), "shared"
        call = self._under_way[key] = _Call(self._ask(key, ttl_s, ask))
        call.task.add_done_callback(lambda task: self._done(key, task))
        return await call.answer(), "ror"

    async def _ask(
        self, key: Hashable, ttl_s: float, ask: Callable[[Room[Value]], Awaitable[tuple[Value, int]]]
    ) -> Value:
        room = Room(self, key)
        value, size = await ask(room)
        if ttl_s > 0:
            room.until = self.clock() + ttl_s
            self.parts.pop(key, None)
            _put(self.whole, key, _Kept(value, size, room))
        return value

    def _done(self, key: Hashable, task: "asyncio.Task[Value]") -> None:
        call = self._under_way.get(key)
        if call is not None and call.task is task:
            del self._under_way[key]
        if not task.cancelled():
            task.exception()  # known to whoever waited; with nobody left it is nobody's


def _put(cache: TLRUCache[Hashable, _Kept[Value]], key: Hashable, kept: _Kept[Value]) -> None:
    """Keep a value, unless it is larger than all the room."""
    if kept.size + _ENTRY_BYTES <= cache.maxsize:
        cache[key] = kept
