"""Equal searches share one call while it is under way, and its answer for a short time after."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Literal, TypeVar

from cachetools import TLRUCache

Value = TypeVar("Value")

Source = Literal["ror", "shared", "cache"]
"""Where an answer comes from: a call made for this search, one under way for an equal search, or the cache."""

MOST_CACHED_BYTES: Final = 134_217_728
"""Bytes of answers that are kept, as they came, and of what was worked out from them; in memory they take about as much
again."""

_MOST_OF_ONE: Final = MOST_CACHED_BYTES // 2
"""Bytes up to which an answer may grow by what is worked out from it."""

_ENTRY_BYTES: Final = 8_192
"""What an answer takes beside its body, key included."""


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    value: Value
    size: int
    until: float
    """By the clock."""


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
        self._cache: TLRUCache[Hashable, _Kept[Value]] = TLRUCache(
            MOST_CACHED_BYTES,
            ttu=lambda _key, kept, _now: kept.until,
            timer=clock,
            getsizeof=lambda kept: kept.size + _ENTRY_BYTES,
        )
        self._clock = clock
        self._under_way: dict[Hashable, _Call[Value]] = {}

    async def get(
        self, key: Hashable, ttl_s: float, ask: Callable[[], Awaitable[tuple[Value, int]]]
    ) -> tuple[Value, Source]:
        """Give the answer for *key*: kept, under way, or by *ask*, which gives it with its size in bytes.

        Raises what *ask* raises.
        """
        if (kept := self._cache.get(key)) is not None:
            return kept.value, "cache"
        call = self._under_way.get(key)
        if call is not None and call.waiting:  # without, it is being cancelled
            return await call.answer(), "shared"
        call = self._under_way[key] = _Call(self._ask(key, ttl_s, ask))
        call.task.add_done_callback(lambda task: self._done(key, task))
        return await call.answer(), "ror"

    async def _ask(self, key: Hashable, ttl_s: float, ask: Callable[[], Awaitable[tuple[Value, int]]]) -> Value:
        value, size = await ask()
        if size + _ENTRY_BYTES <= MOST_CACHED_BYTES and ttl_s > 0:
            self._cache[key] = _Kept(value, size, self._clock() + ttl_s)
        return value

    def grow(self, key: Hashable, more: int) -> bool:
        """Count *more* bytes that the answer for *key* takes by now; false when it may not take so many.

        It is kept no longer for that, and others may have to go. An answer that is not kept may take what it likes: it
        goes with those who asked.
        """
        kept = self._cache.get(key)
        if kept is None:
            return True
        size = kept.size + more
        if size > _MOST_OF_ONE:
            return False
        self._cache[key] = replace(kept, size=size)
        return True

    def _done(self, key: Hashable, task: "asyncio.Task[Value]") -> None:
        call = self._under_way.get(key)
        if call is not None and call.task is task:
            del self._under_way[key]
        if not task.cancelled():
            task.exception()  # known to whoever waited; with nobody left it is nobody's
