"""The circuit to the directory: while it is away, requests are parked, and one at a time tries whether it is back.

An outage is not a request's fault, and a request that alone cannot be answered is no outage. What tells them apart is
whether the directory answers others meanwhile: only then does a failure count against the request.

Breakers from pip (aiobreaker, purgatory, pybreaker) raise at once while they are open; here the callers have to wait,
each with its own deadline, and go on in turn.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from rorbridge.orientation.directory import DirectoryUnavailableError

Value = TypeVar("Value")

Parking = Callable[[bool], None]
"""Told True when a request begins to wait for the directory, False when it goes on."""

_FAILURES_TO_OPEN = 5
_MOST_OWN_FAILURES = 5
"""Failures of one request, each while others were answered, after which it fails for good."""
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_LONGEST_RETRY_AFTER_S = 60.0


@dataclass(slots=True, eq=False)
class Circuit:
    """Lets questions through to the directory, or parks them."""

    problem: str | None = None
    """Why the circuit is open; None while it is closed."""
    _answers: int = 0
    """Counts what the directory answered."""
    _failures: int = 0
    """Failures since it last answered."""
    _pause_s: float = _FIRST_PAUSE_S
    _parked: deque["asyncio.Future[None]"] = field(default_factory=deque)
    _probing: bool = False
    _timer: asyncio.TimerHandle | None = None

    async def ask(self, question: Callable[[], Awaitable[Value]], parking: Parking) -> Value:
        """Put a question to the directory, as often as it takes.

        While the directory is away this waits, without end: bound it by the request's deadline. Raises
        DirectoryUnavailableError only when the directory answers others and, time and again, not this one.
        """
        own_failures = 0
        answers = self._answers
        while True:
            is_probe = await self._admitted(parking)
            try:
                value = await question()
            except DirectoryUnavailableError as error:
                own_failures += self._answers > answers
                answers = self._answers
                self._failed(error, is_probe)
                if own_failures >= (1 if error.is_final else _MOST_OWN_FAILURES):
                    raise
                if not self.problem:
                    await self._rest(own_failures, parking)
            except asyncio.CancelledError:
                if is_probe:
                    self._probing = False
                    self._probe_in(_FIRST_PAUSE_S)  # its deadline came first: nothing learnt, the next one tries
                raise
            except BaseException:
                self._answered()  # it refused this question, so it is there
                raise
            else:
                self._answered()
                return value

    async def _admitted(self, parking: Parking) -> bool:
        """Return when the directory may be asked: at once while the circuit is closed; True for a probe."""
        while self.problem:
            if not self._probing and self._timer is None:
                self._probing = True
                return True
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._parked.append(turn)
            parking(True)
            try:
                await turn
            except asyncio.CancelledError:
                if turn in self._parked:
                    self._parked.remove(turn)
                if not turn.cancelled() and self.problem and self._timer is None and not self._probing:
                    self._probe()  # its turn had come in the very moment: the next one's, then
                raise
            finally:
                parking(False)
        return False

    async def _rest(self, failures: int, parking: Parking) -> None:
        """Wait before the next try of a question that failed, with full jitter."""
        parking(True)
        try:
            longest = min(_FIRST_PAUSE_S * 2**failures, _LONGEST_PAUSE_S)
            await asyncio.sleep(random.uniform(0.05, longest))  # noqa: S311 - no secret
        finally:
            parking(False)

    def _answered(self) -> None:
        self._answers += 1
        self._failures = 0
        self._pause_s = _FIRST_PAUSE_S
        self._probing = False
        self.problem = None
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._parked:
            _wake(self._parked.popleft())

    def _failed(self, error: DirectoryUnavailableError, is_probe: bool) -> None:
        self._failures += 1
        if is_probe:
            self._probing = False
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        if self._failures >= _FAILURES_TO_OPEN or error.retry_after_s is not None:
            already_open = self.problem is not None
            self.problem = str(error)
            if is_probe or not already_open:
                told_s = min(error.retry_after_s or 0.0, _LONGEST_RETRY_AFTER_S)
                self._probe_in(max(told_s, self._pause_s))

    def _probe_in(self, pause_s: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(pause_s, self._probe)

    def _probe(self) -> None:
        """Let the one try that waits longest; without any, the next to come."""
        self._timer = None
        while self._parked:
            if _wake(self._parked.popleft()):
                return


def _wake(turn: "asyncio.Future[None]") -> bool:
    """Give a turn; False when its request is gone."""
    if turn.done():
        return False
    turn.set_result(None)
    return True
