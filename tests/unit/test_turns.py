"""Turns of the event loop: one at a time, who finishes before who begins, and nobody for ever."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.orientation.turns import Turns


async def test_one_works_at_a_time_and_each_in_a_turn_of_its_own() -> None:
    turns = Turns()
    turn, worked, at_work = 0, list[int](), 0

    async def count() -> None:
        nonlocal turn
        while len(worked) < 20:
            turn += 1
            await asyncio.sleep(0)

    async def work() -> None:
        nonlocal at_work
        async with turns.own(ahead=False):
            at_work += 1
            assert at_work == 1
            worked.append(turn)
            at_work -= 1

    await asyncio.gather(count(), *(work() for _ in range(20)))
    assert len(set(worked)) == 20


async def test_who_finishes_goes_ahead_and_who_begins_is_not_kept_waiting_for_ever() -> None:
    turns = Turns()
    worked: list[str] = []

    async def work(name: str) -> None:
        async with turns.own(ahead=name == "finish"):
            worked.append(name)

    await asyncio.gather(*(work("begin") for _ in range(4)), *(work("finish") for _ in range(12)))
    # The first found nobody before it.
    assert worked == ["begin", *(["finish"] * 4 + ["begin"]) * 3]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 5)), max_size=30))
def test_whoever_gives_up_or_fails_holds_up_no_other(plan: list[tuple[bool, bool, int]]) -> None:
    """Each waits ahead or behind, may fail at work, and may be cancelled after some turns of the loop."""

    async def run() -> None:
        turns = Turns()
        worked = 0

        async def work(*, ahead: bool, fails: bool) -> None:
            nonlocal worked
            async with turns.own(ahead=ahead):
                worked += 1
                if fails:
                    raise ValueError

        async def cancel(task: "asyncio.Task[None]", after: int) -> None:
            for _ in range(after):
                await asyncio.sleep(0)
            if after:
                task.cancel()

        tasks = [asyncio.create_task(work(ahead=ahead, fails=fails)) for ahead, fails, _ in plan]
        await asyncio.gather(*(cancel(task, after) for task, (_, _, after) in zip(tasks, plan, strict=True)))
        async with asyncio.timeout(5):
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert worked == sum(not isinstance(one, asyncio.CancelledError) for one in ended)
        async with asyncio.timeout(5), turns.own(ahead=False):
            pass

    asyncio.run(run())


async def test_a_turn_that_is_given_to_one_who_is_cancelled_goes_to_the_next() -> None:
    turns = Turns()
    async with turns.own(ahead=True):
        given_up = asyncio.create_task(_work(turns))
        following = asyncio.create_task(_work(turns))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    given_up.cancel()  # between being given the turn and waking up
    with pytest.raises(asyncio.CancelledError):
        await given_up
    async with asyncio.timeout(5):
        await following


async def _work(turns: Turns) -> None:
    async with turns.own(ahead=True):
        pass
