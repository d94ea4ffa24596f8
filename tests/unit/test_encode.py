"""Offers are written once and put together; what comes out is what pydantic writes of the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.events.examples import Answered, answered
from rorbridge.events.offer import Address, Evidence, Offer, Outcome, Place
from rorbridge.events.result import RESULT, OrientationResult, Problem, Status, decode, encode


def whole(result: OrientationResult) -> bytes:
    return RESULT.dump_json(result, by_alias=True, exclude_none=True)


@pytest.mark.parametrize("example", answered(), ids=lambda one: one.status)
def test_every_example_is_written_as_a_whole(example: Answered) -> None:
    result = RESULT.validate_python(example.result)
    assert encode(result) == whole(result)
    assert encode(result) == whole(result), "and the second time, too"


texts = st.text(max_size=30) | st.sampled_from(['"offers":[]', '","offers":[],"x":"', "\\", '\\"offers\\":[]'])
offers = st.builds(
    Offer,
    reference=texts,
    name=st.none() | texts,
    distance_km=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    match=st.lists(st.builds(Evidence, criterion=texts, asked=texts, outcome=st.sampled_from(Outcome)), max_size=2).map(
        tuple
    ),
    places=st.lists(
        st.builds(Place, reference=texts, address=st.none() | st.builds(Address, city=st.none() | texts)), max_size=2
    ).map(tuple),
)
results = st.builds(
    OrientationResult,
    request_id=texts,
    status=st.sampled_from(Status),
    offers=st.lists(offers, max_size=4).map(tuple),
    problem=st.none() | st.builds(Problem, type=texts, title=texts, detail=texts),
)


@given(results)
def test_whatever_a_result_says_it_is_written_as_a_whole_and_read_again(result: OrientationResult) -> None:
    assert encode(result) == whole(result)
    assert decode(encode(result)) == result
