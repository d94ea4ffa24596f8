"""Results cut to what the broker takes."""

import random
from datetime import UTC, datetime

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.bus.cut import cut
from rorbridge.bus.outgoing import Outgoing
from rorbridge.events.result import OrientationResult, Search, Status, decode, encode

SEARCH = Search(rounds=(), total=40, complete=True, source="ror", as_of=datetime(2026, 11, 24, tzinfo=UTC))


def bundle(sizes: list[int]) -> OrientationResult:
    entries = []
    for number, size in enumerate(sizes):
        entries.append({"resource": {"id": f"h{number}"}, "search": {"mode": "match"}})
        entries.append({"resource": {"id": f"p{number}", "text": "x" * size}, "search": {"mode": "include"}})
    found = {"resourceType": "Bundle", "type": "searchset", "total": len(sizes), "entry": entries}
    return OrientationResult(request_id="r", status=Status.MATCHED, bundle=found, search=SEARCH)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=40), st.integers(0, 60_000))
def test_a_cut_result_fits_and_keeps_as_many_as_fit(sizes: list[int], limit: int) -> None:
    whole = bundle(sizes)
    if len(encode(whole)) <= limit:
        return
    found = cut(whole, limit)
    assert decode(encode(found)) == found
    if found.status is Status.FAILED:
        assert len(encode(bundle(sizes[:1]))) + 20 > limit or len(sizes) == 1
        return
    assert len(encode(found)) <= limit
    assert found.search is not None
    assert found.bundle is not None
    assert not found.search.complete
    kept = len(found.bundle["entry"]) // 2
    assert found.search.cut == len(sizes) - kept
    assert found.bundle["entry"] == (whole.bundle or {})["entry"][: 2 * kept]
    if kept + 1 < len(sizes):
        assert len(encode(bundle(sizes[: kept + 1]))) + 20 > limit


@pytest.mark.parametrize("limit", [3_000, 20_000, 200_000])
def test_what_travels_fits_after_compression(limit: int) -> None:
    dice = random.Random(1)
    whole = bundle([0] * 50)
    for entry in (whole.bundle or {})["entry"]:
        entry["resource"]["text"] = dice.randbytes(2_000).hex()

    def smaller(size: int) -> tuple[Outgoing]:
        return (Outgoing("results", b"k", encode(cut(whole, size)), ()),)

    [fitted] = Outgoing("results", b"k", encode(whole), (), smaller).fitted(limit)
    assert len(bytes(cramjam.zstd.compress(fitted.value))) + 200 <= limit
    if limit > 3_000:
        assert decode(fitted.value).search is not None
        assert len(fitted.value) > limit / 2, "room is used"


def test_what_fits_stays_as_it_is() -> None:
    record = Outgoing("results", None, b"x" * 500_000, (), None)
    assert record.fitted(1_000_000) == (record,)
    assert record.fitted(10_000) == (record,), "it compresses to nothing"
