"""docs/architecture.md names every file of the way, tests/README.md every file of tests, and none that is not there."""

import re

import pytest

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`((?:events|orientation|ror|bus|telemetry)/[a-z0-9_]+\.py)`", PAGE))


@pytest.mark.parametrize("package", ["events", "orientation", "ror", "bus"])
def test_every_module_of_the_way_stands_in_the_page_and_no_other(package: str) -> None:
    there = {f"{package}/{one.name}" for one in (ROOT / "rorbridge" / package).glob("[a-z]*.py")}
    assert {one for one in NAMED if one.startswith(f"{package}/")} == there


ROOMS = {f"tests/{one.name}/" for one in (ROOT / "tests").iterdir() if one.is_dir()}
"""Named in the second table, which says what belongs into them."""


def test_every_file_of_tests_stands_beside_a_promise() -> None:
    page = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[a-z/]+/(?:[a-z0-9_]+\.py)?)`", page))
    assert [one for one in named if not (ROOT / one).exists()] == []
    there = {one.relative_to(ROOT).as_posix() for one in (ROOT / "tests").rglob("test_*.py")}
    assert {one for one in there if one not in named and f"{one.rpartition('/')[0]}/" not in named - ROOMS} == set()
