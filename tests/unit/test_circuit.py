"""Parking while the directory is away, one probe at a time, and failing alone.

In time that passes only where all wait, so that outages of minutes are tried with the pauses that the service makes.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from rorbridge.events.problem import problem
from rorbridge.orientation.circuit import Circuit
from rorbridge.orientation.directory import DirectoryError, DirectoryUnavailableError

AWAY = problem("ror-unavailable", "away", "HTTP 503", retryable=True)

pytestmark = pytest.mark.looptime


class Directory:
    """Away or not; counts how many ask it at once."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.poison: set[int] = set()
        self.checks = self.checking = self.most_checking = 0
        self.asked: list[int] = []

    async def check(self) -> None:
        self.checks += 1
        self.checking += 1
        self.most_checking = max(self.checking, self.most_checking)
        await asyncio.sleep(0.1)
        self.checking -= 1
        if self.away:
            raise DirectoryUnavailableError(AWAY)

    def question(self, number: int) -> Callable[[], Awaitable[int]]:
        async def ask() -> int:
            self.asked.append(number)
            await asyncio.sleep(0.1)
            if self.away or number in self.poison:
                raise DirectoryUnavailableError(AWAY)
            return number

        return ask


async def test_an_outage_parks_all_and_one_probe_at_a_time_finds_its_end() -> None:
    directory = Directory(away=True)
    circuit = Circuit(directory.check)
    waiting: set[int] = set()

    def parking(number: int) -> Callable[[bool], None]:
        return lambda waits: (waiting.add if waits else waiting.discard)(number)

    asked = [asyncio.create_task(circuit.ask(directory.question(n), parking(n))) for n in range(50)]
    await asyncio.sleep(300)
    assert circuit.problem == "away: HTTP 503"
    assert len(waiting) == 50
    assert len(directory.asked) == 50, "no request is tried in vain again"
    assert directory.most_checking == 1
    assert directory.checks > 300 / 6, "its end is found within five seconds or so"
    directory.away = False
    assert await asyncio.wait_for(asyncio.gather(*asked), 6) == list(range(50))
    assert circuit.problem is None
    assert not waiting


@pytest.mark.parametrize("others", [0, 20])
async def test_one_that_cannot_be_answered_fails_alone(others: int) -> None:
    directory = Directory()
    circuit = Circuit(directory.check)
    directory.poison = {100}
    rest = [asyncio.create_task(circuit.ask(directory.question(n), _ignore)) for n in range(others)]
    with pytest.raises(DirectoryUnavailableError):
        await asyncio.wait_for(circuit.ask(directory.question(100), _ignore), 30)
    assert directory.asked.count(100) == 5
    assert await asyncio.gather(*rest) == list(range(others))
    assert circuit.problem is None


async def test_an_outage_counts_against_no_request() -> None:
    directory = Directory(away=True)
    circuit = Circuit(directory.check)
    asked = asyncio.create_task(circuit.ask(directory.question(1), _ignore))
    for _ in range(12):
        await asyncio.sleep(20)
        directory.away = not directory.away and not asked.done()
    directory.away = False
    assert await asyncio.wait_for(asked, 30) == 1


async def test_a_directory_that_hangs_is_away() -> None:
    async def hangs() -> None:
        await asyncio.sleep(3600)

    circuit = Circuit(hangs)
    directory = Directory(away=True)
    asked = asyncio.create_task(circuit.ask(directory.question(1), _ignore))
    await asyncio.sleep(130)
    assert circuit.problem is not None
    assert "simple search" in circuit.problem
    asked.cancel()


async def test_a_directory_that_refuses_the_check_is_there() -> None:
    async def refused() -> None:
        raise DirectoryError(AWAY)

    directory = Directory()
    directory.poison = {1}
    with pytest.raises(DirectoryUnavailableError):
        await asyncio.wait_for(Circuit(refused).ask(directory.question(1), _ignore), 30)


@pytest.mark.parametrize(("wish_s", "least_s"), [(0.0, 1.0), (3.0, 3.0), (86_400.0, 60.0)])
async def test_a_directory_that_asks_to_hold_off_is_not_asked_meanwhile(wish_s: float, least_s: float) -> None:
    circuit = Circuit(Directory().check)
    calls: list[float] = []
    now = asyncio.get_running_loop().time

    async def throttled_often() -> str:
        calls.append(now())
        if len(calls) <= 7:
            raise DirectoryUnavailableError(AWAY, retry_after_s=wish_s)
        return "answer"

    assert await circuit.ask(throttled_often, _ignore) == "answer"
    assert all(least_s <= later - earlier <= 120 for earlier, later in itertools.pairwise(calls))


async def test_a_check_that_breaks_does_not_leave_the_circuit_open_for_ever() -> None:
    directory = Directory(away=True)
    breaks = [True]

    async def check() -> None:
        if breaks[0]:
            raise ZeroDivisionError
        await directory.check()

    circuit = Circuit(check)
    asked = asyncio.create_task(circuit.ask(directory.question(1), _ignore))
    await asyncio.sleep(5)
    assert circuit.problem == "the check itself failed (ZeroDivisionError)"
    breaks[0] = directory.away = False
    assert await asyncio.wait_for(asked, 5) == 1


async def test_one_that_alone_is_asked_to_hold_off_parks_no_other_and_fails_in_the_end() -> None:
    directory = Directory()
    circuit = Circuit(directory.check)
    tries = 0

    async def held_off() -> int:
        nonlocal tries
        tries += 1
        raise DirectoryUnavailableError(AWAY, retry_after_s=2.0)

    began = asyncio.get_running_loop().time()
    alone = asyncio.create_task(circuit.ask(held_off, _ignore))
    open_at, number = 0, 0
    while not alone.done():
        number += 1
        await asyncio.wait_for(circuit.ask(directory.question(number), _ignore), 10)
        open_at += circuit.problem is not None
        await asyncio.sleep(0.5)
    assert isinstance(alone.exception(), DirectoryUnavailableError)
    assert 600 < asyncio.get_running_loop().time() - began < 730, "ten minutes, and its last pause"
    assert 6 <= tries <= 16
    assert open_at < number / 20


async def test_the_check_s_own_wish_to_hold_off_is_obeyed() -> None:
    checks: list[float] = []
    now = asyncio.get_running_loop().time

    async def check() -> None:
        checks.append(now())
        if len(checks) < 4:
            raise DirectoryUnavailableError(AWAY, retry_after_s=20)

    directory = Directory(away=True)
    circuit = Circuit(check)
    asked = asyncio.create_task(circuit.ask(directory.question(1), _ignore))
    await asyncio.sleep(5)
    directory.away = False
    assert await asyncio.wait_for(asked, 90) == 1
    assert all(later - earlier >= 20 for earlier, later in itertools.pairwise(checks))


async def test_one_that_is_asked_for_long_counts_as_waiting() -> None:
    told: list[bool] = []

    async def slow() -> str:
        await asyncio.sleep(0.9)
        assert told == []
        await asyncio.sleep(0.2)
        assert told == [True]
        return "answer"

    assert await Circuit(Directory().check).ask(slow, told.append) == "answer"
    assert told == [True, False]


def _ignore(waits: bool) -> None:
    pass


async def test_one_that_is_asked_to_hold_off_for_ever_ends_though_nobody_else_asks() -> None:
    circuit = Circuit(Directory().check)

    async def held_off() -> int:
        raise DirectoryUnavailableError(AWAY, retry_after_s=5.0)

    with pytest.raises(DirectoryUnavailableError):
        await asyncio.wait_for(circuit.ask(held_off, _ignore), 800)


async def test_an_outage_that_asks_to_hold_off_counts_against_no_request_however_long_it_lasts() -> None:
    away = [True]

    async def check() -> None:
        if away[0]:
            raise DirectoryUnavailableError(AWAY, retry_after_s=30)

    tries = 0

    async def question() -> str:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise DirectoryUnavailableError(AWAY, retry_after_s=30)
        return "answer"

    circuit = Circuit(check)
    asked = asyncio.create_task(circuit.ask(question, _ignore))
    await asyncio.sleep(86_400)
    assert not asked.done()
    away[0] = False
    assert await asyncio.wait_for(asked, 600) == "answer"
