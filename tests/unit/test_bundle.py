"""Reading the ROR's pages: strange ones cost no more than what is broken in them."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rorbridge.orientation.fhir import Searchset
from rorbridge.ror import bundle
from rorbridge.ror.errors import RorAnswerError
from tests.support.fhir import OFFICIAL, location, official, page, service


def test_resources_are_sorted_by_kind_and_the_next_page_is_told() -> None:
    found = Searchset()
    following = bundle.add_page(
        page(service("1"), location("10"), distances={"10": 2.5}, next_="https://x/?_getpages=1", total=3), found
    )
    assert following == "https://x/?_getpages=1"
    assert bundle.add_page(page(service("2"), service("3"), total=3), found) is None
    assert list(found.services) == ["1", "2", "3"]
    assert list(found.locations) == ["10"]
    assert found.distances == {"10": 2.5}
    assert found.total == 3


def test_the_official_fragment_of_a_near_search_gives_the_distance() -> None:
    found = Searchset()
    bundle.add_page((OFFICIAL / "Bundle-near-search-fragment.json").read_bytes(), found)
    assert list(found.services) == ["508875"]
    assert found.distances == {"252467": 10.5}


def test_one_broken_entry_costs_that_entry_and_is_told() -> None:
    body = json.loads(page(service("1"), service("2"), location("10")))
    body["entry"][0]["resource"]["name"] = 42
    body["entry"].append({"fullUrl": "x"})
    body["entry"].append({"resource": {"resourceType": "HealthcareService"}})
    body["entry"].append({"resource": None})
    body["entry"].append({"resource": {"resourceType": "Basic", "id": "b"}})
    found = Searchset()
    bundle.add_page(json.dumps(body).encode(), found)
    assert list(found.services) == ["2"]
    assert list(found.locations) == ["10"]
    assert len(found.broken) == 4
    assert "entry 0, HealthcareService/1" in found.broken[0]


_DEEP = b"[" * 100_000 + b"]" * 100_000
_MANY = b"1," * 100_000 + b"1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"resourceType":"OperationOutcome"}',
        b"\xff",
        b"{}",
        _DEEP,
        b'{"resourceType":"Bundle","entry":[' + _DEEP + b"]}",
        b'{"resourceType":"Bundle","entry":[' + _MANY + b"]}",
    ],
)
def test_what_is_no_searchset_is_a_typed_error(body: bytes) -> None:
    with pytest.raises(RorAnswerError):
        bundle.add_page(body, Searchset())


@pytest.mark.parametrize("distance", [-1, -1.7e308, 1.7e308, 30_000])
def test_a_distance_that_is_none_on_earth_is_not_read(distance: float) -> None:
    found = Searchset()
    bundle.add_page(page(location("10"), distances={"10": distance}), found)
    assert list(found.locations) == ["10"]
    assert not found.distances


@pytest.mark.parametrize("part", [b'"\xff"', b"1" * 5_000, b"[" * 100 + b"]" * 100, b"1e400"])
def test_what_cannot_be_passed_on_as_it_came_is_broken_where_that_is_asked_for(part: bytes) -> None:
    body = page(service("1"), service("2", photo="@")).replace(b'"@"', part)
    found, passed_on = Searchset(), Searchset()
    bundle.add_page(body, found)
    assert list(found.services) == ["1", "2"]
    bundle.add_page(body, passed_on, keep_raw=True)
    assert list(passed_on.services) == ["1"]
    assert len(passed_on.broken) == 1


@pytest.mark.parametrize("read", [bundle.searchable, bundle.outcome])
def test_brackets_within_brackets_are_no_crash(read: Callable[[bytes], object]) -> None:
    with suppress(RorAnswerError):
        assert read(b'{"rest":' + _DEEP + b"}") == ()


@pytest.mark.parametrize(
    "name",
    [
        "OperationOutcome-400-business-rule",
        "OperationOutcome-404-indicator-not-found",
        "OperationOutcome-404-location-not-found",
        "OperationOutcome-412-multiple-matches",
    ],
)
def test_every_official_operation_outcome_is_read_even_where_expression_is_a_text(name: str) -> None:
    told = bundle.outcome((OFFICIAL / f"{name}.json").read_bytes())
    assert len(told) == len(official(name)["issue"])
    assert official(name)["issue"][0]["diagnostics"] == told[0].diagnostics


@given(st.binary(max_size=80))
def test_any_other_body_is_no_outcome(body: bytes) -> None:
    assert bundle.outcome(body) == ()


@pytest.mark.parametrize("beside", [{"resourceType": "Basic", "id": "b"}, {"resourceType": "OperationOutcome"}, None])
def test_a_page_says_the_same_whatever_else_is_in_it(beside: object) -> None:
    """Such a page may have to be read entry by entry."""
    whole, other = Searchset(), Searchset()
    body = json.loads((OFFICIAL / "Bundle-near-search-fragment.json").read_bytes())
    bundle.add_page(json.dumps(body).encode(), whole)
    body["entry"].append({"resource": beside})
    bundle.add_page(json.dumps(body).encode(), other)
    assert len(other.broken) == (beside is None)
    other.broken.clear()
    assert other == whole


def test_a_resource_may_name_its_type_last() -> None:
    found = Searchset()
    resource = service("1")
    resource["resourceType"] = resource.pop("resourceType")
    bundle.add_page(page(resource), found)
    assert list(found.services) == ["1"]
