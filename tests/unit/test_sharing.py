"""How much memory shared answers take, and for how long they are kept."""

import pytest

from rorbridge.ror import sharing
from rorbridge.ror.sharing import Sharing, Source

BODY = 1_000_000


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def shared(clock: list[float]) -> Sharing[str]:
    return Sharing(clock=lambda: clock[0])


async def get(shared: Sharing[str], key: str) -> Source:
    async def ask() -> tuple[str, int]:
        return key, BODY

    value, source = await shared.get(key, 30, ask)
    assert value == key
    return source


async def test_what_an_answer_has_come_to_take_counts_and_others_go_for_it(shared: Sharing[str]) -> None:
    answers = [str(number) for number in range(sharing.MOST_CACHED_BYTES // (BODY + 10_000))]
    for one in answers:
        await get(shared, one)
    assert [await get(shared, one) for one in answers] == ["cache"] * len(answers)
    assert shared.grow(answers[-1], 3 * BODY)
    told = [await get(shared, one) for one in reversed(answers)]
    assert told[0] == "cache"
    assert told.count("ror") >= 2, "there was room for less than one more"


async def test_no_answer_takes_all_the_room(shared: Sharing[str]) -> None:
    for one in ("a", "b"):
        await get(shared, one)
    granted = [shared.grow("a", BODY) for _ in range(200)]
    assert granted == sorted(granted, reverse=True), "once there is no more room, there is none"
    assert sum(granted) * BODY < sharing.MOST_CACHED_BYTES / 2
    assert await get(shared, "a") == await get(shared, "b") == "cache"


async def test_an_answer_that_grows_is_kept_no_longer_for_it(shared: Sharing[str], clock: list[float]) -> None:
    await get(shared, "a")
    clock[0] = 29
    assert shared.grow("a", BODY)
    assert await get(shared, "a") == "cache"
    clock[0] = 31
    assert shared.grow("a", BODY), "it is kept by who waits alone, and goes with them"
    assert await get(shared, "a") == "ror"
