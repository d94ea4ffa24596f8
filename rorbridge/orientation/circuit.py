"""The circuit to the directory: while it is away, requests are parked, and one probe at a time finds its end.

An outage is not a request's fault, and a request that alone cannot be answered is no outage. What tells them apart is
the simplest question there is, the directory's check: while that is answered, a failure counts against the request.

Breakers from pip (aiobreaker, purgatory, pybreaker) raise at once while they are open; here the callers have to wait,
each with its own deadline.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from structlog.stdlib import get_logger

from rorbridge.orientation.directory import DirectoryError, DirectoryUnavailableError

log = get_logger(__name__)

Value = TypeVar("Value")

Parking = Callable[[bool], None]
"""Told True when a request begins to wait for the directory, False when it goes on."""

_MOST_OWN_FAILURES = 5
"""Failures of one request, each while the directory answers, after which it fails for good."""
_MOST_TOO_SLOW = 2
"""The same for one that takes longer than its budget: the first time may have been the end of an outage."""
_CHECK_S = 10.0
"""The simplest question is answered within so many seconds, or the directory counts as away."""
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_LONGEST_RETRY_AFTER_S = 60.0


class Circuit:
    """Lets questions through to the directory, or parks them."""

    def __init__(self, check: Callable[[], Awaitable[None]]) -> None:
        """*check* puts the simplest question; raises DirectoryUnavailableError while the directory is away."""
        self._check = check
        self.problem: str | None = None
        """Why the circuit is open; None while it is closed."""
        self._closed = asyncio.Event()
        self._closed.set()
        self._checking: asyncio.Task[str | None] | None = None
        self._probing: asyncio.Task[None] | None = None

    async def ask(self, question: Callable[[], Awaitable[Value]], parking: Parking) -> Value:
        """Put a question to the directory, as often as it takes.

        While the directory is away this waits, without end: bound it by the request's deadline. Raises
        DirectoryUnavailableError only when the directory answers, but time and again not this question.
        """
        own_failures = 0
        while True:
            if self.problem:
                await _parked(self._closed.wait(), parking)
            try:
                return await question()
            except DirectoryUnavailableError as error:
                if error.retry_after_s is not None:
                    self._open(str(error), min(error.retry_after_s, _LONGEST_RETRY_AFTER_S))
                    continue
                if self.problem:
                    continue  # an outage that another has found meanwhile
                if away := await _parked(asyncio.shield(self._checked()), parking):
                    self._open(away, _FIRST_PAUSE_S)
                    continue
                own_failures += 1
                if own_failures >= (_MOST_TOO_SLOW if error.is_too_slow else _MOST_OWN_FAILURES):
                    raise
                longest = min(_FIRST_PAUSE_S * 2**own_failures, _LONGEST_PAUSE_S)
                await _parked(asyncio.sleep(random.uniform(0, longest)), parking)  # noqa: S311 - full jitter, no secret

    def _checked(self) -> "asyncio.Task[str | None]":
        """Check whether the directory is there, once for all who ask meanwhile; the reason when it is not."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._away(), name="check the directory")
        return self._checking

    async def _away(self) -> str | None:
        try:
            async with asyncio.timeout(_CHECK_S):
                await self._check()
        except DirectoryUnavailableError as error:
            return str(error)
        except TimeoutError:
            return f"no answer to the simplest search within {_CHECK_S:g} s"
        except DirectoryError:
            return None  # it does not like the question, so it is there
        return None

    def _open(self, problem: str, pause_s: float) -> None:
        if self.problem is None:
            log.warning("circuit-open", problem=problem)
            self._closed.clear()
            self._probing = asyncio.create_task(self._probe(pause_s), name="probe the directory")
        self.problem = problem

    async def _probe(self, pause_s: float) -> None:
        """Try, at a slower and slower pace, until the directory is back."""
        while True:
            await asyncio.sleep(pause_s)
            problem = await self._away()
            if problem is None:
                break
            self.problem = problem
            pause_s = min(max(pause_s, _FIRST_PAUSE_S) * 2, _LONGEST_PAUSE_S)
        log.warning("circuit-closed")
        self.problem = None
        self._closed.set()


async def _parked(waiting: Awaitable[Value], parking: Parking) -> Value:
    parking(True)
    try:
        return await waiting
    finally:
        parking(False)
