"""The request contract: what is taken, what is refused, and where the error is said to be."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.events.codes import AllOf
from rorbridge.events.problem import InvalidRequestError, parse_request

NEAR = {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 15}


def request(**changes: Any) -> bytes:
    return json.dumps({"need": {"activity": ["013"]}, "where": NEAR} | changes).encode()


def pointers(data: bytes) -> dict[str, str]:
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(data)
    problem = caught.value.problem
    assert problem.detail
    assert not problem.retryable
    return {error.pointer: error.detail for error in problem.errors}


def test_a_list_means_any_of_its_codes_and_all_of_means_all() -> None:
    found = parse_request(request(need={"activity": ["013", "014"], "careMode": {"allOf": ["28", "29"]}}))
    assert found.need.activity == ("013", "014")
    assert isinstance(found.need.care_mode, AllOf)
    assert found.need.care_mode.all_of == ("28", "29")


def test_an_empty_list_asks_nothing() -> None:
    found = parse_request(request(need={"activity": ["013"], "offerType": []}))
    assert found.need.offer_type == ()


@pytest.mark.parametrize(
    ("data", "pointer", "says"),
    [
        (b"{", "", "JSON"),
        (b"\xff\xfe", "", "JSON"),
        (b"[]", "", "object"),
        (b"null", "", "object"),
        (b"[" * 100_000, "", "recursion"),
        (b"[" * 100_000 + b"]" * 100_000, "", "recursion"),
        (request(need={"openAt": "0001-01-01T00:00:00+14:00"}), "/need/openAt", "from 1900"),
        (request(need={"openAt": "9999-12-31T23:59:59Z"}), "/need/openAt", "from 1900"),
        (request(need={"practitioner": {"rpps": "١٠٠٠١٢٣٤٥٦٧"}}), "/need/practitioner/rpps", "match"),
        (request(where={"postalCodes": ["٤٤٨٠٠"]}), "/where/postalCodes/0", "match"),
        (request(patient={"name": "Dupont"}), "/patient", "not permitted"),
        (request(need={"activity": ["013"], "birthDate": "1990-01-01"}), "/need/birthDate", "not permitted"),
        (request(need={}), "/need", "at least one criterion"),
        (request(need={"activity": []}), "/need", "at least one criterion"),
        (request(need={"activity": ["médecine générale"]}), "/need/activity/0", "match"),
        (request(need={"activity": ["013", 14]}), "/need/activity/1", "string"),
        (request(need={"activity": "013"}), "/need/activity", "array"),
        (request(need={"careMode": {"allOf": []}}), "/need/careMode/allOf", "at least 1"),
        (request(need={"careMode": {"anyOf": ["28"]}}), "/need/careMode/anyOf", "not permitted"),
        (request(need={"age": {"value": -1}}), "/need/age/value", "greater"),
        (request(need={"age": {"value": 3, "unit": "years"}}), "/need/age/unit", "'a'"),
        (request(where=NEAR | {"radiusKm": -15}), "/where/radiusKm", "greater"),
        (request(where=NEAR | {"radiusKm": "15"}), "/where/radiusKm", "number"),
        (request(where=NEAR | {"commune": "44162"}), "/where", "exactly one"),
        (request(where={}), "/where", "exactly one"),
        (request(where={"commune": "44162"}), "/where", "radiusKm is required"),
        (request(where={"commune": "4416", "radiusKm": 5}), "/where/commune", "match"),
        (request(where={"departments": ["71"], "radiusKm": 5}), "/where", "near or commune only"),
        (request(where={"departments": ["171"]}), "/where/departments/0", "match"),
        (request(where=NEAR | {"maxRadiusKm": 5}), "/where", "less than radiusKm"),
        (request(where={"near": {"latitude": 47}, "radiusKm": 5}), "/where/near/longitude", "required"),
        (request(deadline="2026-11-24T08:00:05"), "/deadline", "timezone"),
        (request(deadline="tomorrow"), "/deadline", "datetime"),
        (request(answer={"limit": 201}), "/answer/limit", "200"),
        (request(requester={"application": "for Mrs Dupont, born 1940"}), "/requester/application", "match"),
        (b'{"where": {"departments": ["71"]}}', "/need", "required"),
    ],
)
def test_an_error_says_where_it_is_and_what_is_wrong(data: bytes, pointer: str, says: str) -> None:
    found = pointers(data)
    assert pointer in found
    assert says in found[pointer]


def test_all_errors_are_told_at_once() -> None:
    found = pointers(request(need={"activity": ["0 3"], "x": 1}, where=NEAR | {"radiusKm": 0}))
    assert set(found) == {"/need/activity/0", "/need/x", "/where/radiusKm"}


def test_not_a_number_is_refused() -> None:
    data = request().replace(b"47.2", b"NaN")
    with pytest.raises(InvalidRequestError):
        parse_request(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
names = st.sampled_from(["need", "where", "answer", "deadline", "activity", "allOf", "near", "age", "value", "x~/y"])
request_like = st.dictionaries(
    names, json_values | st.dictionaries(names, json_values | st.dictionaries(names, json_values)), max_size=5
)


@given(request_like | json_values)
def test_whatever_json_comes_it_is_a_request_or_an_error_whose_pointers_lead_into_it(content: Any) -> None:
    try:
        parse_request(json.dumps(content).encode())
    except InvalidRequestError as error:
        assert error.problem.errors
        for one in error.problem.errors:
            resolve_parent(content, one.pointer)


def resolve_parent(content: Any, pointer: str) -> None:
    """Follow a JSON Pointer; only its last step may be missing."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for number, step in enumerate(steps):
        if isinstance(content, list):
            content = content[int(step)]
        else:
            assert isinstance(content, dict)
            if step not in content:
                assert number == len(steps) - 1
                return
            content = content[step]


@given(st.binary(max_size=200))
def test_whatever_bytes_come_nothing_but_a_typed_error_is_raised(data: bytes) -> None:
    try:
        parse_request(data)
    except InvalidRequestError as error:
        assert error.problem.detail


def test_a_field_with_a_huge_name_is_told_by_what_holds_it() -> None:
    content = {"need": {"activity": ["013"], "x" * 1_000_000: 1}, "where": {"departments": ["44"]}}
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(json.dumps(content).encode())
    [error] = caught.value.problem.errors
    assert error.pointer == "/need"
