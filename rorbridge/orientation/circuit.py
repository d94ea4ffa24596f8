"""The circuit to the directory: while it is away, requests are parked, and one probe at a time finds its end.

An outage is not a request's fault, and a request that alone cannot be answered is no outage. What tells them apart is
a question that any directory must be able to answer, its check: while that is answered, a failure counts against the
request.

Breakers from pip (aiobreaker, purgatory, pybreaker) raise at once while they are open; here the callers have to wait,
each with its own deadline.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime
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
_MOST_HELD_OFF_S = 600.0
"""A request that alone is asked to hold off, while others are answered, fails after so many seconds."""
_SLOW_S = 1.0
"""A request that is asked for longer counts as waiting: it holds up no other of its lane."""
_CHECK_S = 120.0
"""The check is answered within so many seconds, or the directory counts as away. It has its own bound, sooner; this one
is for a directory that has none."""
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_LEAST_HOLD_OFF_S = 1.0
_LONGEST_HOLD_OFF_S = 60.0
"""How long we hold off when we are asked to, whatever we are told: 0 seconds are no pause, and hours are too long."""


@dataclass(eq=False, slots=True)
class _Asker:
    """A request that asks, as often as it takes."""

    own_failures: int = 0
    held_off: int = 0
    """How often it was asked to hold off."""
    held_off_since: float = 0.0
    """Since when, not counting outages."""
    outages_then: int = 0
    """How many had been found by then."""
    answered_then: int = 0
    """How many questions had been answered when it was asked to hold off."""


@dataclass(frozen=True, slots=True)
class _Away:
    """Why the directory counts as away, and for how many seconds it asks us to hold off."""

    problem: str
    hold_off_s: float = 0.0


class Circuit:
    """Lets questions through to the directory, or parks them."""

    def __init__(self, check: Callable[[], Awaitable[None]]) -> None:
        """*check* puts the question that tells; raises DirectoryUnavailableError while the directory is away."""
        self._check = check
        self.problem: str | None = None
        """Why the circuit is open; None while it is closed."""
        self.since = datetime.now(UTC)
        """When the circuit was last opened or closed."""
        self._closed = asyncio.Event()
        self._closed.set()
        self._not_before = 0.0
        """When the directory may be asked again."""
        self._answered = 0
        self._outages = 0
        """How often a check found the directory away."""
        self._checking: asyncio.Task[_Away | None] | None = None
        self._probing: asyncio.Task[None] | None = None

    async def ask(self, question: Callable[[], Awaitable[Value]], parking: Parking) -> Value:
        """Put a question to the directory, as often as it takes.

        While the directory is away this waits, without end: bound it by the request's deadline. Raises
        DirectoryUnavailableError only when the directory answers, but time and again not this question.
        """
        asker = _Asker()
        while True:
            if self.problem:
                await _parked(self._closed.wait(), parking)
            try:
                answer = await _unless_slow(question(), parking)
            except DirectoryUnavailableError as error:
                failure = error
            else:
                self._answered += 1
                return answer
            await self._after(failure, asker, parking)

    @property
    def is_stuck(self) -> bool:
        """Whether it will stay open for ever, since what looks for the end of the outage died: a bug."""
        return self.problem is not None and self._probing is not None and self._probing.done()

    async def passed(self) -> None:
        """Wait until the circuit is closed: for questions of several calls, before each."""
        await self._closed.wait()

    async def _after(self, failure: DirectoryUnavailableError, asker: _Asker, parking: Parking) -> None:
        """Find out whose fault a failure is and wait for as long as that takes; raise it when it is the asker's."""
        if failure.retry_after_s is not None:
            await self._hold_off(failure, failure.retry_after_s, asker, parking)
            return
        if self.problem:
            return  # an outage that another has found meanwhile
        if away := await _parked(asyncio.shield(self._checked()), parking):
            self._open(away)
            return
        asker.own_failures += 1
        if asker.own_failures >= (_MOST_TOO_SLOW if failure.is_too_slow else _MOST_OWN_FAILURES):
            raise failure
        longest = min(_FIRST_PAUSE_S * 2**asker.own_failures, _LONGEST_PAUSE_S)
        await _parked(asyncio.sleep(random.uniform(0, longest)), parking)  # noqa: S311 - full jitter, no secret

    async def _hold_off(
        self, failure: DirectoryUnavailableError, seconds: float, asker: _Asker, parking: Parking
    ) -> None:
        """Have all hold off, or the asker alone when others were answered since it was last asked to."""
        seconds = max(seconds, _LEAST_HOLD_OFF_S) * 2 ** min(asker.held_off, 6)
        asker.held_off += 1
        is_alone = asker.held_off > 1 and self._answered > asker.answered_then
        if asker.held_off == 1 or self._outages > asker.outages_then:
            asker.held_off_since = _now()  # what came before was not the asker's fault
        asker.answered_then, asker.outages_then = self._answered, self._outages
        if not is_alone:
            self._open(_Away(str(failure), seconds))
            return
        if _now() - asker.held_off_since > _MOST_HELD_OFF_S:
            raise failure
        seconds = min(seconds, _LONGEST_HOLD_OFF_S)
        await _parked(asyncio.sleep(seconds * random.uniform(1, 2)), parking)  # noqa: S311 - jitter

    def _checked(self) -> "asyncio.Task[_Away | None]":
        """Check whether the directory is there, once for all who ask meanwhile; the reason when it is not."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._away(), name="check the directory")
        return self._checking

    async def _away(self) -> _Away | None:
        try:
            async with asyncio.timeout(_CHECK_S):
                await self._check()
        except DirectoryUnavailableError as error:
            self._outages += 1
            return _Away(str(error), error.retry_after_s or 0.0)
        except TimeoutError:
            self._outages += 1
            return _Away(f"no answer to a simple search within {_CHECK_S:g} s")
        except DirectoryError:
            return None  # it does not like the question, so it is there
        except Exception as error:  # a bug: without its probe the circuit would stay as it is for ever
            log.exception("check-failed")
            return _Away(f"the check itself failed ({type(error).__name__})")
        return None

    def _open(self, away: _Away) -> None:
        self._hold_off_for(away.hold_off_s)
        if self.problem is None:
            log.warning("circuit-open", problem=away.problem)
            self.since = datetime.now(UTC)
            self._closed.clear()
            # In a context of its own: it outlasts whoever found the outage, and is no part of that request's trace.
            self._probing = asyncio.create_task(self._probe(), name="probe the directory", context=Context())
        self.problem = away.problem

    def _hold_off_for(self, seconds: float) -> None:
        until = _now() + min(seconds, _LONGEST_HOLD_OFF_S)
        self._not_before = max(self._not_before, until)

    async def _probe(self) -> None:
        """Try, at a slower and slower pace, until the directory is back."""
        pause_s = _FIRST_PAUSE_S
        while True:
            await asyncio.sleep(max(pause_s, self._not_before - _now()))
            if self._not_before > _now():
                continue  # we were asked to hold off for longer meanwhile
            away = await self._away()
            if away is None and self._not_before <= _now():
                break
            if away:
                self.problem = away.problem
                self._hold_off_for(away.hold_off_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        log.warning("circuit-closed")
        self._answered += 1  # the check was
        self.problem = None
        self.since = datetime.now(UTC)
        self._closed.set()


def _now() -> float:
    """Seconds on the event loop's clock, which all pauses here go by."""
    return asyncio.get_running_loop().time()


async def _parked(waiting: Awaitable[Value], parking: Parking) -> Value:
    parking(True)
    try:
        return await waiting
    finally:
        parking(False)


async def _unless_slow(asking: Awaitable[Value], parking: Parking) -> Value:
    """Wait for an answer; from _SLOW_S on the request counts as waiting."""
    slow = asyncio.get_running_loop().call_later(_SLOW_S, parking, True)
    try:
        return await asking
    finally:
        slow.cancel()
        parking(False)
