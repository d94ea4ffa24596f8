"""The time that the calls of one search may take together."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Budget:
    """Seconds that the calls of one search may take together; waiting for a turn of ours is not counted."""

    def __init__(self, seconds: float) -> None:
        self.left_s = seconds

    @asynccontextmanager
    async def spent(self) -> AsyncIterator[None]:
        """Count what happens inside. Raises TimeoutError when the budget is used up."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.left_s):
                yield
        finally:
            self.left_s -= time.monotonic() - started
