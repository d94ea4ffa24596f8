"""Turns of the event loop: what keeps the processor busy is done bit by bit, so that all else goes on in between."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_AHEAD_IN_A_ROW: Final = 4
"""Finishing takes two turns for each of decoding; more of them, so that decoded answers do not pile up."""


class Turns:
    """Lets one work at a time, each in a turn of the event loop of its own.

    A commit takes a dozen turns, and a heartbeat some. Were all answers that are due worked out within one turn, a busy
    service would commit nothing for minutes and lose its place in the group. Who finishes an answer goes ahead of who
    begins one, so that few are in memory; but not for ever.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._ahead: deque[asyncio.Future[None]] = deque()
        self._behind: deque[asyncio.Future[None]] = deque()
        self._in_a_row = 0

    @asynccontextmanager
    async def own(self, *, ahead: bool) -> AsyncIterator[None]:
        """Wait for a turn; what is done within must not take long."""
        await self._wait(self._ahead if ahead else self._behind)
        try:
            await asyncio.sleep(0)
            yield
        finally:
            self._pass_on()

    async def _wait(self, queue: "deque[asyncio.Future[None]]") -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had just been given to us
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the turn to the next who still waits."""
        for queue in (self._ahead, self._behind):
            while queue and queue[0].done():  # cancelled meanwhile
                queue.popleft()
        if self._ahead and (self._in_a_row < _AHEAD_IN_A_ROW or not self._behind):
            self._in_a_row += 1
            self._ahead.popleft().set_result(None)
        elif self._behind:
            self._in_a_row = 0
            self._behind.popleft().set_result(None)
        else:
            self._is_taken = False
