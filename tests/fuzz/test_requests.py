"""Whatever is put on the requests topic gets one answer, and asks the ROR for nothing but what it says."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from rorbridge.events.examples import examples
from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.result import Status
from rorbridge.lookalike.dataset import generate
from rorbridge.orientation.directory import Found, Gate, Question, at_once
from rorbridge.ror import query
from tests.fuzz import asked
from tests.fuzz.amount import PROFILE
from tests.fuzz.answered import one_answer, request_of
from tests.fuzz.machine import Machine
from tests.fuzz.odd import HOSTILE, any_json, changed, damaged, odd_values, written
from tests.support.fhir import searchset
from tests.support.records import record

MOST_ROUNDS = 12
"""Searches that one request may cause."""

EVERYTHING: dict[str, Any] = {
    "need": {
        **{name: ["01", "013"] for name in ("activity", "family", "offerType", "field", "careMode", "audience")},
        **{name: {"allOf": ["0320", "1269"]} for name in ("specificAct", "specialisation", "competence")},
        **{name: ["A.1_b-2"] for name in ("receptionModality", "receptionType", "outsideOfficeAct", "expertiseLevel")},
        "profession": ["G15|60", "R356|43"],
        "sourceRegion": ["52"],
        "age": {"value": 35, "unit": "a"},
        "psychiatricSector": ["44G01"],
        "equipment": [{"type": "088", "feature": "001", "atLeast": {"value": 200.5, "unit": "kg"}}, {"type": "1"}],
        "capacity": {
            "kind": "place",
            "status": "closed",
            "gender": "female",
            "horizon": "24h",
            "atLeast": 2,
            "closing": "reopenable",
            "assignment": "none",
            "updatedSince": "2026-11-24T06:00:00+01:00",
        },
        "establishment": {"finess": "290004324", "idNatStruct": "1290004324", "category": ["355", "SA01"]},
        "practitioner": {"rpps": "10001234567", "profession": ["60"], "specialty": ["SM26"], "convention": ["1"]},
        "openAt": "2026-11-24T09:00:00+01:00",
    },
    "where": {"near": {"latitude": 47.2183, "longitude": -1.6370}, "radiusKm": 7.5, "maxRadiusKm": 60},
    "answer": {"limit": 3, "atLeast": 5, "order": "availability", "unverified": "keep", "closed": "keep"},
    "deadline": "2126-11-24T08:00:05Z",
    "requester": {"application": "via-parcours", "purpose": "orientation"},
}
"""A request that names all there is to name."""
WHERES: list[dict[str, Any]] = [
    EVERYTHING["where"],
    {"near": {"latitude": -21.1, "longitude": 55.5}, "radiusKm": 500},
    {"commune": "2A004", "radiusKm": 0.25},
    {"communes": ["44162", "97105"]},
    {"postalCodes": ["44800", "20000"]},
    {"departments": ["44", "2A", "2B", "974"]},
    {"region": "94"},
    {"serves": ["44162"]},
]

documents = st.sampled_from([EVERYTHING, *(json.loads(one.data) for one in examples())])
odd_texts = st.sampled_from(HOSTILE) | st.text(max_size=20)
odd_bytes = st.one_of(odd_texts.map(lambda text: text.encode(errors="surrogatepass")), st.binary(max_size=30))

codes = st.one_of(
    st.text(st.sampled_from("0123456789AZaz._-"), min_size=1, max_size=20),
    st.sampled_from(HOSTILE),
    st.text(max_size=12),
    st.tuples(st.sampled_from(["013", "44162", "60"]), st.sampled_from(HOSTILE)).map("".join),
)


@dataclass
class Offers:
    """A directory that finds the same offers for any question, and keeps what it was asked."""

    asked: list[Question] = field(default_factory=list)

    async def check(self) -> None:
        raise AssertionError("nothing here fails, so there is nothing to check")

    async def search(self, question: Question, gate: Gate = at_once) -> Found:
        self.asked.append(question)
        return Found(_OFFERS, True, datetime.now(UTC))


_OFFERS = searchset(*generate(2))


def attributes(id_: bytes = b"fuzz-1") -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", id_),
        ("ce_source", b"urn:test"),
        ("ce_type", REQUEST_TYPE.encode()),
        ("content-type", b"application/json"),
        ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ]


@st.composite
def headers(draw: st.DrawFn) -> list[tuple[str, bytes]]:
    """Give the headers of an event, changed, or hardly any."""
    found = draw(st.sampled_from([attributes(), attributes(), attributes(), []]))
    names = st.sampled_from([name for name, _ in attributes()] + ["ce_", "ce_subject", "ce_attempt", "CE_ID", "", "é"])
    content_types = st.sampled_from(
        [b"application/cloudevents+json", b"Application/CloudEvents", b"text/html", b"\xff"]
    )
    values = st.none() | odd_bytes | content_types | st.sampled_from([b"x" * 2_000, b"2", b"-1", b"9" * 30, b"1.0"])
    for _ in range(draw(st.integers(0, 3))):
        match draw(st.sampled_from(["put", "drop", "again"])):
            case "put":
                found.append((draw(names), draw(values)))  # type: ignore[arg-type]  # aiokafka gives None, too
            case "drop" if found:
                del found[draw(st.integers(0, len(found) - 1))]
            case _:
                found += found[:1]
    return found


def structured(data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "fuzz-2",
        "source": "urn:test",
        "type": REQUEST_TYPE,
        "subject": "somebody",
        "time": "2026-11-24T08:00:05Z",
        "datacontenttype": "application/json",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "attempt": "2",
        "data": data,
    }


bodies: st.SearchStrategy[bytes | None] = st.one_of(
    changed(documents).map(written),
    changed(documents.map(structured)).map(written),
    damaged(changed(documents).map(written)),
    changed(documents).map(lambda content: b"\0\0\0\0\7" + written(content)),
    damaged(changed(documents.map(structured)).map(lambda content: b"\0\xff\xff\xff\xff" + written(content))),
    odd_values.map(written),
    any_json.map(written),
    st.none() | st.binary(max_size=200),
)


@st.composite
def valid(draw: st.DrawFn) -> dict[str, Any]:
    """Give a request of the right shape, whose codes, texts and numbers may be anything that one can think of."""
    names = draw(st.lists(st.sampled_from(sorted(EVERYTHING["need"])), min_size=1, max_size=4, unique=True))
    need = {name: _filled(draw, EVERYTHING["need"][name]) for name in names}
    where = _filled(draw, draw(st.sampled_from(WHERES)))
    answer = {"limit": draw(st.integers(1, 5)), "atLeast": draw(st.sampled_from([1, 200]))}
    return {"need": need, "where": where, "answer": answer}


def _filled(draw: st.DrawFn, part: Any) -> Any:
    """Put something else in the place of some of the leaves; most stay, or nothing would ever be accepted."""
    if isinstance(part, dict):
        return {name: _filled(draw, one) for name, one in part.items()}
    if isinstance(part, list):
        return [_filled(draw, one) for one in part]
    if draw(st.integers(0, 5)):
        return part
    if isinstance(part, str):
        return draw(codes)
    return draw(st.floats(-90, 500) | st.integers(-90, 500) | st.floats() | st.sampled_from([5e-324, 1e-9, 12345.678]))


def settle(machine: Machine, test: str, value: bytes | None, found_headers: list[tuple[str, bytes]]) -> None:
    """Answer a record, and compare what the ROR was asked with what the request says."""
    directory = Offers()
    one = record(value, found_headers)
    result = one_answer(test, one, machine.answer(one, directory))
    accepted = result is not None and result.status in {Status.MATCHED, Status.NO_MATCH}
    assert bool(directory.asked) == accepted
    assert len(directory.asked) <= MOST_ROUNDS
    for question in directory.asked:
        sent = httpx.URL("https://ror.example/ws").copy_with(params=query.build(question).parameters)
        assert asked.sent(sent.query.decode("ascii")) == asked.asked(request_of(one), question.radius_km)


fuzzed: Callable[[Callable[..., None]], Callable[..., None]] = settings(settings.get_profile(PROFILE))


@fuzzed
@given(bodies, headers())
def test_any_record_gets_one_answer(
    machine: Machine, part: int, value: bytes | None, found: list[tuple[str, bytes]]
) -> None:
    settle(machine, "records of any kind", value, found)


@fuzzed
@given(valid())
def test_the_ror_is_asked_for_the_very_values_of_the_request(
    machine: Machine, part: int, request_: dict[str, Any]
) -> None:
    settle(machine, "requests with odd values", json.dumps(request_).encode(), attributes())
