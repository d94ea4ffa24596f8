"""How much memory shared answers take, and for how long they are kept."""

import pytest

from rorbridge.ror import sharing
from rorbridge.ror.sharing import Room, Sharing, Source

BODY = 1_000_000


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


class Rooms:
    """Asks, and knows the room of each answer."""

    def __init__(self, shared: Sharing[str]) -> None:
        self.shared = shared
        self.of: dict[str, Room[str]] = {}
        self.asked: list[str] = []

    async def get(self, key: str, *, whole: bool = False) -> tuple[str, Source]:
        """Get an answer, or, unless it has to be whole, what is left of one: its key in small letters."""

        async def ask(room: Room[str]) -> tuple[str, int]:
            self.of[key] = room
            self.asked.append(key)
            return key, BODY

        return await self.shared.get(key, 30, ask, lambda value: not whole or value == key)

    async def source(self, key: str) -> Source:
        return (await self.get(key))[1]


@pytest.fixture
def rooms(clock: list[float]) -> Rooms:
    return Rooms(Sharing(clock=lambda: clock[0]))


async def test_what_an_answer_has_come_to_take_counts_and_others_go_for_it(rooms: Rooms) -> None:
    answers = [str(number) for number in range(sharing.MOST_CACHED_BYTES // (BODY + 10_000))]
    for one in answers:
        await rooms.source(one)
    assert [await rooms.source(one) for one in answers] == ["cache"] * len(answers)
    assert rooms.of[answers[-1]].grow(3 * BODY)
    told = [await rooms.source(one) for one in reversed(answers)]
    assert told[0] == "cache"
    assert told.count("ror") >= 2, "there was room for less than one more"


async def test_no_answer_takes_all_the_room(rooms: Rooms) -> None:
    for one in ("a", "b"):
        await rooms.source(one)
    granted = [rooms.of["a"].grow(BODY) for _ in range(200)]
    assert granted == sorted(granted, reverse=True), "once there is no more room, there is none"
    assert sum(granted) * BODY < sharing.MOST_CACHED_BYTES / 2
    assert await rooms.source("a") == await rooms.source("b") == "cache"


async def test_an_answer_that_grows_is_kept_no_longer_for_it(rooms: Rooms, clock: list[float]) -> None:
    await rooms.source("a")
    clock[0] = 29
    assert rooms.of["a"].grow(BODY)
    assert await rooms.source("a") == "cache"
    clock[0] = 31
    assert rooms.of["a"].grow(BODY), "it is kept by who waits alone, and goes with them"
    assert await rooms.source("a") == "ror"


async def test_of_an_answer_for_which_there_is_no_room_the_part_that_was_kept_is_left(
    rooms: Rooms, clock: list[float]
) -> None:
    whole = sharing.MOST_CACHED_BYTES // (BODY + 10_000)
    names = [f"A{number}" for number in range(3 * whole)]
    for one in names:
        await rooms.get(one)
        rooms.of[one].keep_part(one.lower(), BODY // 10)
    values = [(await rooms.get(one))[0] for one in names]
    assert rooms.asked == names, "all are there"
    assert values == [one.lower() for one in names[: 2 * whole]] + names[2 * whole :]
    clock[0] = 29
    assert await rooms.get(names[0], whole=True) == (names[0], "ror")
    assert await rooms.get(names[0]) == (names[0], "cache")
    clock[0] = 31
    assert await rooms.get(names[1]) == (names[1], "ror"), "a part is kept no longer than its answer would be"
    rooms.of[names[2]].keep_part("too late", 10)
    assert await rooms.get(names[2]) == (names[2], "ror")


async def test_a_part_does_not_take_the_place_of_a_newer_answer(rooms: Rooms, clock: list[float]) -> None:
    await rooms.get("A")
    old = rooms.of["A"]
    clock[0] = 20
    old.keep_part("a", 10)
    for number in range(sharing.MOST_CACHED_BYTES // BODY):
        await rooms.get(f"B{number}")
    assert await rooms.get("A", whole=True) == ("A", "ror")
    old.keep_part("old", 10)
    assert old.grow(sharing.MOST_CACHED_BYTES), "nor does it count for it"
    rooms.of["A"].keep_part("a", 10)
    for number in range(sharing.MOST_CACHED_BYTES // BODY):
        await rooms.get(f"C{number}")
    assert await rooms.get("A") == ("a", "cache")
    clock[0] = 35
    assert await rooms.get("A") == ("a", "cache")


async def test_parts_take_so_much_and_no_more(rooms: Rooms) -> None:
    count = 3 * sharing.MOST_PARTS_BYTES // BODY
    for number in range(count):
        await rooms.get(f"A{number}")
        rooms.of[f"A{number}"].keep_part(f"a{number}", BODY)
    told = [(await rooms.get(f"A{number}"))[1] for number in range(count // 3)]
    assert set(told) == {"ror"}
    rooms.of["A0"].keep_part("a0", 2 * sharing.MOST_PARTS_BYTES)
