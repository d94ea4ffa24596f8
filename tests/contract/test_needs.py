"""docs/needs.md says what the code does, and the official examples come out whole."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from rorbridge.events.offer import Offer
from rorbridge.events.result import OrientationResult, Status, encode
from rorbridge.orientation.assemble import Assembler
from rorbridge.orientation.candidate import join
from rorbridge.orientation.criteria import CODED
from rorbridge.orientation.match import Verdict
from rorbridge.ror.terminology import display
from tests.support.fhir import official, searchset
from tests.support.needs import OTHERS, PAGE, criteria, page_with_table


def test_the_table_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_with_table(), "run `make schemas`"


def test_the_table_holds_every_criterion_of_the_contract() -> None:
    assert {one.name for one in CODED} | set(OTHERS) == criteria()


def leaves(element: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Go through the values of a resource with their paths; extensions by the last part of their URL."""
    if isinstance(element, dict):
        name = f"[{element['url'].rsplit('/', 1)[-1]}]" if "url" in element else ""
        for key, value in element.items():
            if key != "url":
                yield from leaves(value, f"{path}{name}.{key}")
    elif isinstance(element, list):
        for value in element:
            yield from leaves(value, f"{path}[]")
    else:
        yield path.lstrip(".").replace("[][", "["), str(element)


def left_out() -> list[str]:
    """Read the elements that the page lists as left out."""
    section = PAGE.read_text(encoding="utf-8").split("## What is left out of an offer")[1]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def values(offer: Offer) -> set[str]:
    content = json.loads(encode(OrientationResult(request_id="", status=Status.MATCHED, offers=(offer,))))
    return {value for _, value in leaves(content["offers"])}


@pytest.mark.parametrize("name", ["HealthcareService-1234564", "HealthcareService-ror-healthcareservice-exemple-ville"])
def test_an_official_example_comes_out_whole_or_is_listed_as_left_out(name: str) -> None:
    resource = official(name)
    referenced = [
        {"resourceType": kind, "id": one["reference"].split("/")[1]}
        for kind, one in (("Organization", resource["providedBy"]), ("Location", resource["location"][0]))
    ]
    [candidate] = join(searchset(resource, *referenced))
    offer = Assembler(display).assemble(Verdict(candidate, None), {"contacts", "openingHours", "practitioners"})
    held = values(offer) | {offer.reference.split("/")[1]}
    listed = left_out()
    lacking = [
        (path, value)
        for path, value in leaves(resource)
        if value not in held
        and number(value) not in {number(one) for one in held}
        and not any(path.startswith(one) for one in listed)
    ]
    assert not lacking


def number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value.lower()
