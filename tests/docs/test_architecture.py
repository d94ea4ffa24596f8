"""docs/architecture.md names every file of the way, and none that is not there."""

import re

import pytest

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`((?:events|orientation|ror|bus|telemetry)/[a-z0-9_]+\.py)`", PAGE))


@pytest.mark.parametrize("package", ["events", "orientation", "ror", "bus"])
def test_every_module_of_the_way_stands_in_the_page_and_no_other(package: str) -> None:
    there = {f"{package}/{one.name}" for one in (ROOT / "rorbridge" / package).glob("[a-z]*.py")}
    assert {one for one in NAMED if one.startswith(f"{package}/")} == there
