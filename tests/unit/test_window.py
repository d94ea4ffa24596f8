"""The window's bookkeeping and what it writes beside a committed offset, against plain sets."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.bus.answered import MOST_SPAN, NotOursError, decode, encode
from rorbridge.bus.window import Window


@st.composite
def spans(draw: st.DrawFn) -> tuple[int, set[int], int]:
    """A position, the open offsets from it on, and the end."""
    position = draw(st.integers(0, 2**62))
    longest = draw(st.sampled_from([1, 3, 20, 300]))  # short runs are best written as bits, long ones as lengths
    runs = draw(st.lists(st.integers(1, longest), min_size=1, max_size=60))
    opened, end = set(), position
    for number, length in enumerate(runs):
        if number % 2 == 0:
            opened |= set(range(end, end + length))
        end += length
    return position, opened, end


@given(spans())
def test_what_is_encoded_is_decoded(span: tuple[int, set[int], int]) -> None:
    position, opened, end = span
    answered = set(range(position, end)) - opened
    ranges, decoded_end = decode(position, encode(position, sorted(opened), end))
    assert {offset for one in ranges for offset in one} == answered
    assert decoded_end == max(answered, default=position - 1) + 1


@pytest.mark.parametrize("step", [2, 3, 7])
def test_the_worst_pattern_of_the_longest_span_fits_into_what_kafka_takes(step: int) -> None:
    text = encode(5, range(5, 5 + MOST_SPAN, step), 5 + MOST_SPAN)
    assert len(text.encode()) <= 4096
    assert sum(map(len, decode(5, text)[0])) == MOST_SPAN - len(range(0, MOST_SPAN, step))


def test_a_hundred_open_records_in_a_long_span_take_little() -> None:
    assert len(encode(0, range(0, 10_000, 100), 10_000)) < 500


@given(st.integers(0, 2**62), st.text() | st.binary(max_size=60).map(lambda raw: "rorbridge:1:" + raw.hex()))
def test_any_text_is_ours_or_refused(position: int, text: str) -> None:
    try:
        ranges, end = decode(position, text)
    except NotOursError:
        return
    assert all(position < one.start < one.stop <= end for one in ranges)


@pytest.mark.parametrize(
    ("opened", "end", "text"),
    [
        ([7], 9, "rorbridge:1:YgI="),  # b: one open, one answered
        ([7, *range(9, 14)], 15, "rorbridge:1:YoI="),  # b: the last bit of a byte set
        ([7, 8], 8 + 128, "rorbridge:1:cgJ/"),  # r: 2 open, 127 answered
        ([7, 8], 8 + 129, "rorbridge:1:cgKAAQ=="),  # r: 2 open, 128 answered
        ([7, *range(400, 10_000)], 15_000, "rorbridge:1:cgGIA4BLiCc="),  # r: 1 open, 392 answered, 9600 open, 5000
    ],
)
def test_what_was_committed_before_an_update_is_read_after_it(opened: list[int], end: int, text: str) -> None:
    assert encode(7, opened, end) == text
    ranges, decoded_end = decode(7, text)
    assert {offset for one in ranges for offset in one} == set(range(7, end)) - set(opened)
    assert decoded_end == end


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lag-exporter", "it does not begin with rorbridge:1:"),
        ("rorbridge:2:cgEB", "it does not begin with rorbridge:1:"),
        ("rorbridge:1:", "its form is unknown"),
        ("rorbridge:1:cgEB!", "it is not base64: "),
        ("rorbridge:1:eAEB", "its form is unknown"),  # x
        ("rorbridge:1:Yg==", "it holds no answered offset"),  # b: no bits
        ("rorbridge:1:YgE=", "its first offset is answered, which would have been committed"),  # b: 1
        ("rorbridge:1:cgE=", "its runs are not pairs of lengths"),  # r: 1
        ("rorbridge:1:cgEBAQ==", "its runs are not pairs of lengths"),  # r: 1, 1, 1
        ("rorbridge:1:cgEA", "its runs are not pairs of lengths"),  # r: 1, 0
        ("rorbridge:1:cgGA", "its last number is cut off"),  # r: 1, the beginning of another
        ("rorbridge:1:cgGAgICAgIAB", "a number in it is too large"),  # r: 1, 2**42
        (
            "rorbridge:1:" + base64.b64encode(b"b" + bytes(MOST_SPAN // 8) + b"\1").decode(),
            "it spans over 20000 offsets",
        ),
        ("rorbridge:1:" + base64.b64encode(b"b" + bytes(MOST_SPAN // 8 + 2)).decode(), "its bits are too many"),
    ],
)
def test_what_is_not_ours_is_refused_and_the_log_can_say_why(text: str, why: str) -> None:
    with pytest.raises(NotOursError) as refused:
        decode(7, text)
    assert str(refused.value).startswith(why)


def test_a_span_that_kafka_would_not_take_is_not_written() -> None:
    with pytest.raises(ValueError, match=r"^a span of 20001 offsets is over 20000$"):
        encode(5, [5], 5 + MOST_SPAN + 1)


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=60),
    st.lists(st.tuples(st.sampled_from(["take", "take", "answer", "commit", "crash"]), st.integers(0, 99))),
)
def test_every_record_is_answered_exactly_once_through_crashes(  # noqa: C901 - a model, step by step
    gaps: list[int], steps: list[tuple[str, int]]
) -> None:
    log = [sum(gaps[: at + 1]) for at in range(len(gaps))]
    window, opened, unread = Window(), [], list(log)
    committed: tuple[int, str] | None = None
    answered: list[int] = []
    of_commit: list[int] = []

    def restart() -> tuple[Window, list[int]]:
        position, metadata = committed or (None, "")
        answered[:] = of_commit
        return Window(position, metadata), [one for one in log if one >= (position or 0)]

    def take() -> None:
        # As a lane does: after a restart nothing keeps it from reading on.
        offset = unread[0]
        window.skip(offset)
        assert window.room > 0
        assert window.reaches(offset)
        unread.pop(0)
        if window.take(offset):
            assert offset not in answered
            opened.append(offset)
        else:
            assert offset in answered

    for step, number in steps:
        match step:
            case "take" if unread:
                take()
            case "answer" if opened:
                offset = opened.pop(number % len(opened))
                window.answer(offset)
                answered.append(offset)
            case "commit" if window.position is not None:
                committed, of_commit = (window.position, window.metadata), list(answered)
            case "crash":
                window, unread = restart()
                opened = []
            case _:
                pass
        assert window.in_flight == len(opened)
        if window.position is not None:
            assert all(one in answered for one in log if one < window.position)
    while unread:
        take()
    for offset in opened:
        window.answer(offset)
        answered.append(offset)
    assert sorted(answered) == log
    assert window.position == log[-1] + 1
    assert window.metadata == ""


def test_an_open_record_that_kafka_has_lost_does_not_hold_the_position() -> None:
    window = Window(10, encode(10, [10, 12], 14))
    assert [window.take(offset) for offset in (12, 13, 14)] == [True, False, True]
    assert window.in_flight == 2
    window.answer(12)
    window.answer(14)
    assert window.position == 15


def test_a_gap_that_is_too_wide_waits_for_what_is_open() -> None:
    window = Window()
    window.take(5)
    assert window.reaches(5 + MOST_SPAN - 1)
    assert not window.reaches(5 + MOST_SPAN)
    window.answer(5)
    assert window.reaches(5 + MOST_SPAN)
    window.take(5 + MOST_SPAN)
    assert window.metadata == ""


def test_after_a_restart_a_full_span_is_read_again() -> None:
    window = Window()
    for offset in range(MOST_SPAN):
        window.take(offset)
    for offset in range(1, MOST_SPAN):
        window.answer(offset)
    assert window.room == 0
    again = Window(window.position, window.metadata)
    assert again.room == MOST_SPAN
    assert [offset for offset in range(MOST_SPAN) if again.take(offset)] == [0]
    assert again.room == 0
    again.answer(0)
    assert (again.position, again.metadata, again.room) == (MOST_SPAN, "", MOST_SPAN)


def test_records_that_kafka_deleted_meanwhile_hold_up_nothing() -> None:
    window = Window(1000, encode(1000, [1000, 1003], 1010))
    window.skip(50_000)
    assert window.reaches(50_000)
    assert window.take(50_000)
    assert window.position == 50_000


def test_offsets_do_not_go_back() -> None:
    window = Window()
    window.take(4)
    with pytest.raises(ValueError, match="4 comes after 4"):
        window.take(4)


def test_the_span_is_bounded() -> None:
    window = Window()
    for offset in range(100, 100 + 500):
        window.take(offset)
    assert window.room == MOST_SPAN - 500
    for offset in range(100, 400):
        window.answer(offset)
    assert window.room == MOST_SPAN - 200
