"""The Confluent wire format: told apart from plain JSON by its first byte, and read back as it was written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.events.wireformat import HEAD_BYTES, MOST_ID, CutOffError, frame, split

contents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.integers(0, MOST_ID), st.binary())
def test_what_is_framed_is_read_back(schema_id: int, data: bytes) -> None:
    framed = frame(schema_id, data)
    assert len(framed) == len(data) + HEAD_BYTES
    assert split(framed) == (schema_id, data)


@given(contents, st.booleans(), st.sampled_from(["", " ", "\n\t"]))
def test_no_json_is_taken_for_framed(content: object, ascii_: bool, before: str) -> None:
    plain = (before + json.dumps(content, ensure_ascii=ascii_)).encode(errors="surrogatepass")
    assert split(plain) == (None, plain)


@given(st.binary())
def test_any_bytes_are_framed_or_plain_or_cut_off(value: bytes) -> None:
    try:
        schema_id, data = split(value)
    except CutOffError:
        assert value[:1] == b"\0"
        assert len(value) < HEAD_BYTES
        return
    assert (data if schema_id is None else frame(schema_id, data)) == value


def test_the_bytes_are_those_of_the_specification() -> None:
    assert frame(258, b"{}") == bytes([0, 0, 0, 1, 2]) + b"{}"


@pytest.mark.parametrize("value", [b"\0", b"\0\0\0\1"])
def test_a_head_that_is_cut_off_is_said_to_be(value: bytes) -> None:
    with pytest.raises(CutOffError, match=f"ends after {len(value)} of the 5 bytes"):
        split(value)
