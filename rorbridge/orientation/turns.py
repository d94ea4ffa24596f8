"""Turns of the event loop: what keeps the processor busy is done bit by bit, so that all else goes on in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Lets one work at a time, each in a turn of the event loop of its own, first come, first served.

    A commit takes a dozen turns, and a heartbeat some. Were all answers that are due worked out within one turn, a busy
    service would commit nothing for minutes and lose its place in the group.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def own(self) -> AsyncIterator[None]:
        """Wait for a turn; what is done within must not take long."""
        async with self._lock:
            await asyncio.sleep(0)
            yield
