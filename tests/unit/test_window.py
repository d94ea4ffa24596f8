"""The window against the simplest model of it: a set of open offsets."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rorbridge.bus.window import Window


class WindowMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.window = Window(size=5)
        self.open: set[int] = set()
        self.answered: set[int] = set()

    @rule(gap=st.integers(0, 3))
    def take(self, gap: int) -> None:
        offset = max(self.open | self.answered, default=99) + 1 + gap
        self.window.take(offset)
        self.open.add(offset)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        offset = data.draw(st.sampled_from(sorted(self.open)))
        self.window.answer(offset)
        self.open.remove(offset)
        self.answered.add(offset)

    @invariant()
    def everything_below_the_position_is_answered_and_nothing_open_is(self) -> None:
        position = self.window.position
        if position is None:
            assert not self.open | self.answered
            return
        assert all(offset >= position for offset in self.open)
        assert not self.open or position in self.open
        assert self.open or position == max(self.answered) + 1

    @invariant()
    def it_counts(self) -> None:
        assert self.window.in_flight == len(self.open)
        assert self.window.free == max(5 - len(self.open), 0)


TestWindow = WindowMachine.TestCase


def test_an_offset_that_goes_back_is_refused() -> None:
    window = Window(size=5)
    window.take(7)
    with pytest.raises(ValueError, match="offset 7"):
        window.take(7)
