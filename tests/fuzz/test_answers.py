"""Whatever the ROR answers, a request gets one answer; and what can be read of an answer is used."""

import gzip
import json
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rorbridge.events.result import Status
from rorbridge.lookalike.dataset import generate
from rorbridge.orientation.policy import Audience
from tests.fuzz.amount import PROFILE
from tests.fuzz.answered import one_answer
from tests.fuzz.machine import GOOD, MOST_BYTES, Machine, Reply, Script, Us
from tests.fuzz.odd import HOSTILE, NUMBERS, any_json, changed, copied, damaged, mostly, odd_values, written
from tests.fuzz.test_requests import attributes
from tests.support.fhir import OFFICIAL, contact, location, official, page, service
from tests.support.records import record

Json = dict[str, Any]

_NEAR = {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 500}
_ALL = {"closed": "keep", "unverified": "keep", "limit": 200}
_LIMIT = {"value": 1, "unit": "kg"}
REQUESTS: list[Json] = [
    {"need": {"activity": ["013"]}, "where": _NEAR},
    {"need": {"age": {"value": 35}}, "where": _NEAR | {"radiusKm": 9, "maxRadiusKm": 30}, "answer": {"atLeast": 200}},
    {"need": {"openAt": "2026-11-24T09:00:00+01:00"}, "where": _NEAR, "answer": _ALL},
    {"need": {"capacity": {"gender": "male", "updatedSince": "2020-01-01T00:00:00Z"}}, "where": _NEAR, "answer": _ALL},
    {"need": {"capacity": {}}, "where": {"region": "52"}, "answer": _ALL | {"order": "availability"}},
    {
        "need": {"equipment": [{"type": "088", "feature": "001", "atLeast": _LIMIT}]},
        "where": {"departments": ["44", "75", "06"]},
        "answer": _ALL,
    },
    {"need": {"practitioner": {"profession": ["60"], "convention": ["1"]}}, "where": _NEAR, "answer": _ALL},
    {"need": {"establishment": {"category": ["355"], "finess": "290004324"}}, "answer": _ALL | {"order": "fair"}},
    {"need": {"psychiatricSector": ["44G01"], "sourceRegion": ["52"]}, "where": {"serves": ["44162"]}, "answer": _ALL},
    {"need": {"field": ["01", "02", "03", "04", "05"]}, "where": _NEAR, "answer": _ALL},
    {"need": {"field": ["01", "05"]}, "where": _NEAR, "answer": _ALL | {"format": "fhir-bundle"}},
    {"need": {"age": {"value": 2, "unit": "mo"}}, "where": _NEAR, "answer": {"format": "fhir-bundle"}},
]
"""Between them they look at all that is read of an offer."""

us = st.builds(Us, st.sampled_from([Audience(), Audience(3, sensitive_units=True)]), st.integers(0, 5))
requests = st.sampled_from(REQUESTS).map(lambda one: json.dumps(one).encode())

_OFFICIAL: list[Json] = [json.loads(file.read_bytes()) for file in sorted(OFFICIAL.iterdir())]
_NO_RESOURCES = {"Bundle", "OperationOutcome", "CapabilityStatement"}
_RESOURCES = [one for one in _OFFICIAL if one["resourceType"] not in _NO_RESOURCES]
_OUTCOMES = [one for one in _OFFICIAL if one["resourceType"] == "OperationOutcome"]


def bundle(*resources: Json, next_: str | None = None) -> Json:
    """Give a searchset, each place of it 1.5 km away."""
    places = {one["id"]: 1.5 for one in resources if one["resourceType"] == "Location"}
    found: Json = json.loads(page(*resources, distances=places, next_=next_, total=len(resources)))
    return found


_INVENTED = list(generate(3))
_SMALL: tuple[Json, ...] = (
    service("1", places=("10", "11"), contacts=(contact("1", ("01 99 00 00 01", "1")), contact(None, ("x", None)))),
    service("2", places=("10",), field="05", availableTime=[{"daysOfWeek": ["tue"], "availableStartTime": "08:00:00"}]),
    location("10", position={"latitude": 47.2, "longitude": -1.6}, telecom=[{"value": "1"}], status="active"),
    location("11"),
    {"resourceType": "Organization", "id": "100", "partOf": {"reference": "Organization/101"}, "contact": [{}]},
    {"resourceType": "Organization", "id": "101", "partOf": {"reference": "Organization/100"}, "telecom": []},
)
searchsets = st.sampled_from(
    [
        bundle(*_SMALL),
        bundle(*_SMALL, next_="?_getpages=1"),
        bundle(*_RESOURCES),
        bundle(*_INVENTED[:2], *_INVENTED[-8:]),
        official("Bundle-near-search-fragment"),
    ]
)
_MANY_ENTRIES = b'{"resourceType": "Bundle", "entry": [' + b"1," * 900_000 + b"1]}"
changed_searchsets = changed(searchsets, most=5).map(written)
bodies = mostly(
    changed_searchsets,
    st.one_of(damaged(changed_searchsets), odd_values.map(written), st.binary(max_size=100), st.just(_MANY_ENTRIES)),
)

_PACKED = (("content-encoding", "gzip"),)
_PACKINGS = [*["none"] * 16, *["whole"] * 3, "cut", "said", "unknown", "huge"]


@st.composite
def replies(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> Reply:
    """Give an answer with 200, packed or said to be."""
    body = draw(contents)
    match draw(st.sampled_from(_PACKINGS)):
        case "whole":
            return Reply(gzip.compress(body, 1), headers=_PACKED)
        case "cut":
            return Reply(gzip.compress(body, 1)[: -draw(st.integers(1, 20))], headers=_PACKED)
        case "said":
            return Reply(body, headers=_PACKED)
        case "unknown":
            return Reply(
                body, headers=(("content-encoding", draw(st.sampled_from(["br", "", "GZIP ", "gzip, gzip"]))),)
            )
        case "huge":
            return Reply(gzip.compress(body + b" " * MOST_BYTES, 1), headers=_PACKED)
        case _:
            return Reply(body)


_STATUSES = (
    *(200, 201, 204, 206, 299, 301, 302, 304, 307, 400, 401, 403, 404, 409, 410, 412, 418, 422, 429, 500, 502, 503),
    599,
)
_RETRY_AFTER = (
    *("0", "1", "-1", "999999999999999999999", "1.5", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "", " ", "1e9"),
    *("Mon, 1 Jan 99999999999999999999 00:00:00 GMT", "Mon, 1 Jan 2020 00:00:00 +99999999999999999999", "1 1 1 1 1"),
    *("Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 1 Jan 0001 00:00:00 +1400", "2026-11-24", "Tue, 24 Nov 2026 8:0:5 -0000"),
)
_PLACES = ("https://elsewhere.example/", "//", "/ws")
header_texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
outcomes = st.sampled_from(_OUTCOMES)


@st.composite
def trouble(draw: st.DrawFn) -> Reply:
    """Give an answer of any status, with headers that say when to come back or where else to go."""
    headers = [("location", draw(st.sampled_from(_PLACES)))]
    if draw(st.booleans()):
        headers.append(("retry-after", draw(st.sampled_from(_RETRY_AFTER) | header_texts)))
    body = draw(st.one_of(changed(outcomes).map(written), damaged(outcomes.map(written)), bodies))
    return Reply(body, draw(st.sampled_from(_STATUSES)), tuple(headers))


_TOKENS = [
    {"access_token": "fuzz", "expires_in": 300, "token_type": "Bearer"},
    {"access_token": "fuzz", "expires_in": 1e308},
    {"error": "invalid_client", "error_description": "no"},
]
odd_tokens = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20), st.sampled_from(NUMBERS))
tokens = st.one_of(
    changed(st.sampled_from(_TOKENS)).map(written),
    odd_tokens.map(lambda odd: written({"access_token": odd, "expires_in": odd})),
    damaged(st.just(written(_TOKENS[0]))),
    any_json.map(written),
    st.binary(max_size=50),
)


def _offers_alone(statement: Json) -> Json:
    """Give what a CapabilityStatement says of offers, at a size that changes can hit."""
    offers = [one for one in statement["rest"][0]["resource"] if one["type"] == "HealthcareService"]
    return {"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "resource": offers}]}


statements = st.sampled_from([_offers_alone(one) for one in _OFFICIAL if one["resourceType"] == "CapabilityStatement"])
metadata = st.one_of(changed(statements).map(written), damaged(statements.map(written)), odd_values.map(written))

fuzzed = settings(settings.get_profile(PROFILE))


@fuzzed
@given(requests, st.lists(replies(bodies), min_size=1, max_size=3), us)
def test_any_searchset_leads_to_one_answer(
    machine: Machine, part: int, request_: bytes, found: list[Reply], asking: Us
) -> None:
    one = record(request_, attributes())
    assert one_answer("searchsets", one, machine.answer_from_ror(one, Script(found), asking))


@fuzzed
@given(
    requests,
    st.lists(st.one_of(st.just(Reply(GOOD)), replies(bodies), trouble()), min_size=1, max_size=3),
    st.lists(replies(tokens) | trouble(), max_size=2),
    st.just(Reply(b"", 404)) | replies(metadata) | trouble(),
)
def test_any_trouble_of_the_ror_leads_to_one_answer(
    machine: Machine, part: int, request_: bytes, searches: list[Reply], token: list[Reply], offered: Reply
) -> None:
    one = record(request_, attributes())
    found = machine.answer_from_ror(one, Script(searches, token, offered))
    assert one_answer("trouble: statuses, tokens, metadata", one, found)


_IDS = [str(number) for number in range(6)]
_ENTRIES = bundle(*(one for id_ in _IDS for one in (service(id_, places=(f"L{id_}",)), location(f"L{id_}"))))["entry"]


@st.composite
def partly_broken(draw: st.DrawFn) -> tuple[bytes, set[str]]:
    """Give a searchset of six offers of which some entries were changed, and the offers that were not."""
    entries = copied(_ENTRIES)
    broken = draw(st.sets(st.integers(0, len(entries) - 1), min_size=1, max_size=6))
    for number in sorted(broken):
        entries[number] = draw(changed(st.just(entries[number]), most=4) | odd_values)
    whole = {id_ for number, id_ in enumerate(_IDS) if broken.isdisjoint({2 * number, 2 * number + 1})}
    # A change may have given an entry the id of another; nobody could tell which of the two is meant.
    texts = [json.dumps(entry) for entry in entries]
    named = Counter(id_ for text in texts for id_ in _IDS if f'"{id_}"' in text or f'"L{id_}"' in text)
    body = written({"resourceType": "Bundle", "entry": entries})
    return body, {id_ for id_ in whole if named[id_] == 2}


@fuzzed
@given(partly_broken(), st.sampled_from(["offers", "fhir-bundle"]))
def test_what_is_whole_in_a_broken_searchset_is_used(
    machine: Machine, part: int, found: tuple[bytes, set[str]], format_: str
) -> None:
    body, whole = found
    request_ = {"need": {"activity": ["013"]}, "where": _NEAR, "answer": {"format": format_, "limit": 200}}
    one = record(json.dumps(request_).encode(), attributes())
    result = one_answer("searchsets broken in parts", one, machine.answer_from_ror(one, Script([Reply(body)])))
    assert result
    entries = result.bundle["entry"] if result.bundle else []
    told = {offer.reference for offer in result.offers} | {entry["fullUrl"][14:].replace(":", "/") for entry in entries}
    if _is_json(body):  # else it is broken as a whole
        assert {f"HealthcareService/{id_}" for id_ in whole} <= told


def _is_json(body: bytes) -> bool:
    """Tell whether a page is JSON that any reader takes: no more than the standard has, of no great depth."""
    if b"[" * 99 in body or b'{"a":' * 99 in body or b"\\ud8" in body or b"\\udc" in body:
        return False
    try:
        json.loads(body, parse_constant=_refuse, parse_int=float)
    except ValueError:
        return False
    return True


def _refuse(literal: str) -> None:
    raise ValueError(f"{literal} is no JSON")


def test_the_good_page_of_the_machine_is_good(machine: Machine) -> None:
    one = record(json.dumps(REQUESTS[0]).encode(), attributes())
    result = one_answer("a good answer", one, machine.answer_from_ror(one, Script([Reply(GOOD)])))
    assert result
    assert result.status is Status.MATCHED
