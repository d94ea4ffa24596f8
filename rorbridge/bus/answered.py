"""How far a partition is answered, written into the metadata of its committed offset.

The committed offset is the lowest one that is not answered. Others above it may be, since no request waits for a slower
neighbour; which ones is kept beside the offset, in the text that Kafka stores with each commit and bounds to 4,096
bytes (``offset.metadata.max.bytes``). A restart reads both and answers only what is open.

The text is ``rorbridge:1:`` and base64 of one of two forms, the shorter one for the case at hand:

- ``r``: lengths of runs, alternately open and answered, beginning with the open run at the committed offset. Varints.
- ``b``: one bit an offset from the committed one on, lowest bit first, 1 for answered. The last bit set is the highest
  answered offset.

Roaring bitmaps (pyroaring) would be the library for this, but their smallest dense form takes 8 KiB.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator

MOST_SPAN = 20_000
"""Offsets from the lowest open one on that any encoding has room for: bits in base64 take 3,340 characters."""

_MARK = "rorbridge:1:"
_RUNS = b"r"
_BITS = b"b"


class NotOursError(ValueError):
    """A metadata text that was not written by this version of rorbridge, or is broken."""


def encode(position: int, open_offsets: Iterable[int], end: int) -> str:
    """Write which offsets from *position* up to but without *end* are answered: all but *open_offsets*.

    *open_offsets* ascend and begin with *position*; with none open, *position* is *end*. Empty when nothing above the
    position is answered. Raises ValueError for a span that the text has no room for, which MOST_SPAN offsets never are.
    """
    answered = list(_answered_runs(open_offsets, end))
    if not answered:
        return ""
    if answered[-1][1] - position > MOST_SPAN:
        raise ValueError(f"a span of {answered[-1][1] - position} offsets is over {MOST_SPAN}")
    runs, bits = _as_runs(position, answered), _as_bits(position, answered)
    return _MARK + base64.b64encode(min(runs, bits, key=len)).decode()


def decode(position: int, metadata: str) -> tuple[list[range], int]:
    """Read the ranges of answered offsets above *position*, and where the last of them ends (else *position*).

    Raises NotOursError for a text that is not ours.
    """
    if not metadata:
        return [], position
    if not metadata.startswith(_MARK):
        raise NotOursError("it does not begin with " + _MARK)
    try:
        raw = base64.b64decode(metadata.removeprefix(_MARK), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotOursError(f"it is not base64: {error}") from None
    match raw[:1]:
        case b"r":
            found = list(_from_runs(position, raw[1:]))
        case b"b":
            found = list(_from_bits(position, raw[1:]))
        case _:
            raise NotOursError("its form is unknown")
    if not found:
        raise NotOursError("it holds no answered offset")
    if found[-1].stop - position > MOST_SPAN:
        raise NotOursError(f"it spans over {MOST_SPAN} offsets")
    return found, found[-1].stop


def _answered_runs(open_offsets: Iterable[int], end: int) -> Iterator[tuple[int, int]]:
    """Give the runs of answered offsets as (first, one after the last)."""
    following: int | None = None
    for offset in open_offsets:
        if following is not None and offset > following:
            yield following, offset
        following = offset + 1
    if following is not None and end > following:
        yield following, end


def _as_runs(position: int, answered: list[tuple[int, int]]) -> bytes:
    text = bytearray(_RUNS)
    at = position
    for first, end in answered:
        _put_varint(text, first - at)
        _put_varint(text, end - first)
        at = end
    return bytes(text)


def _as_bits(position: int, answered: list[tuple[int, int]]) -> bytes:
    bits = 0
    for first, end in answered:
        bits |= ((1 << (end - first)) - 1) << (first - position)
    return _BITS + bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _from_runs(position: int, text: bytes) -> Iterator[range]:
    lengths = list(_varints(text))
    if len(lengths) % 2 or 0 in lengths or sum(lengths) > MOST_SPAN:
        raise NotOursError("its runs are not pairs of lengths")
    at = position
    for is_answered, length in enumerate(lengths):
        if is_answered % 2:
            yield range(at, at + length)
        at += length


def _from_bits(position: int, text: bytes) -> Iterator[range]:
    if len(text) > MOST_SPAN // 8 + 1:
        raise NotOursError("its bits are too many")
    bits = int.from_bytes(text, "little")
    if bits & 1:
        raise NotOursError("its first offset is answered, which would have been committed")
    at = position
    while bits:
        zeros = (bits & -bits).bit_length() - 1
        bits >>= zeros
        ones = (~bits & (bits + 1)).bit_length() - 1
        bits >>= ones
        yield range(at + zeros, at + zeros + ones)
        at += zeros + ones


def _put_varint(text: bytearray, number: int) -> None:
    while number > 0x7F:
        text.append(number & 0x7F | 0x80)
        number >>= 7
    text.append(number)


def _varints(text: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in text:
        number |= (byte & 0x7F) << shift
        shift += 7
        if shift > 35:
            raise NotOursError("a number in it is too large")
        if not byte & 0x80:
            yield number
            number = shift = 0
    if shift:
        raise NotOursError("its last number is cut off")
