"""Parking while the directory is away, one probe at a time, and failing alone."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rorbridge.events.problem import problem
from rorbridge.orientation import circuit as module
from rorbridge.orientation.circuit import Circuit
from rorbridge.orientation.directory import DirectoryError, DirectoryUnavailableError

AWAY = problem("ror-unavailable", "away", "HTTP 503", retryable=True)


class Directory:
    """Away or not; counts how many are asking at once."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.poison: set[int] = set()
        self.asking = self.most_asking = 0
        self.asked: list[int] = []

    def question(self, number: int) -> Callable[[], Awaitable[int]]:
        async def ask() -> int:
            self.asked.append(number)
            self.asking += 1
            self.most_asking = max(self.asking, self.most_asking)
            await asyncio.sleep(0.001)
            self.asking -= 1
            if self.away or number in self.poison:
                raise DirectoryUnavailableError(AWAY)
            return number

        return ask


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0.005)
    monkeypatch.setattr(module, "_LONGEST_PAUSE_S", 0.02)


async def test_an_outage_parks_all_and_one_at_a_time_probes_until_it_is_over() -> None:
    directory, circuit = Directory(away=True), Circuit(_pause_s=0.005)
    waiting: set[int] = set()

    def parking(number: int) -> Callable[[bool], None]:
        return lambda waits: (waiting.add if waits else waiting.discard)(number)

    asked = [asyncio.create_task(circuit.ask(directory.question(n), parking(n))) for n in range(50)]
    await asyncio.sleep(0.2)
    assert circuit.problem == "away: HTTP 503"
    assert len(waiting) >= 49
    directory.most_asking = 0
    before = len(directory.asked)
    await asyncio.sleep(0.2)
    assert directory.most_asking == 1
    assert len(set(directory.asked[before:])) > 3, "each gets its turn to try"
    directory.away = False
    assert await asyncio.wait_for(asyncio.gather(*asked), 5) == list(range(50))
    assert circuit.problem is None
    assert not waiting


async def test_one_that_cannot_be_answered_fails_alone() -> None:
    directory, circuit = Directory(), Circuit()
    directory.poison = {7}
    poisoned = asyncio.create_task(circuit.ask(directory.question(7), lambda waits: None))
    number = 100
    while not poisoned.done():
        number += 1
        assert await asyncio.wait_for(circuit.ask(directory.question(number), lambda waits: None), 5) == number
        await asyncio.sleep(0.002)
    assert isinstance(poisoned.exception(), DirectoryUnavailableError)
    assert directory.asked.count(7) >= 5


async def test_many_that_cannot_be_answered_do_not_hold_up_the_others() -> None:
    directory, circuit = Directory(), Circuit()
    directory.poison = set(range(30))
    everyone = [asyncio.create_task(circuit.ask(directory.question(n), lambda waits: None)) for n in range(60)]
    late = []
    for number in range(100, 160):
        await asyncio.sleep(0.01)
        late.append(asyncio.create_task(circuit.ask(directory.question(number), lambda waits: None)))
    assert await asyncio.wait_for(asyncio.gather(*everyone[30:], *late), 20) == [*range(30, 60), *range(100, 160)]
    for one in everyone[:30]:
        one.cancel()


async def test_a_refusal_of_the_question_itself_shows_that_the_directory_is_there() -> None:
    circuit = Circuit(problem="away")

    async def refused() -> None:
        raise DirectoryError(AWAY)

    with pytest.raises(DirectoryError):
        await circuit.ask(refused, lambda waits: None)
    assert circuit.problem is None


async def test_a_directory_that_asks_to_hold_off_is_not_asked_meanwhile() -> None:
    circuit = Circuit()
    calls: list[float] = []
    now = asyncio.get_running_loop().time

    async def throttled_once() -> str:
        calls.append(now())
        if len(calls) == 1:
            raise DirectoryUnavailableError(AWAY, retry_after_s=0.3)
        return "answer"

    assert await circuit.ask(throttled_once, lambda waits: None) == "answer"
    assert calls[1] - calls[0] >= 0.29


@pytest.mark.parametrize("seed", range(20))
async def test_probes_that_are_cancelled_do_not_leave_the_others_parked(seed: int) -> None:
    directory, circuit = Directory(away=True), Circuit()
    asked = [asyncio.create_task(circuit.ask(directory.question(n), lambda waits: None)) for n in range(30)]
    for number in range(29):
        await asyncio.sleep(0.001 + (seed * number % 7) / 1000)
        asked[number].cancel()
    directory.away = False
    assert await asyncio.wait_for(asked[29], 5) == 29
