"""docs/architecture.md names every file of the way, tests/README.md every file of tests, and none that is not there.

And each package says in its docstring by what it is entered from outside.
"""

import ast
import re
import tomllib
from collections.abc import Iterator

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


PACKAGES = sorted(".".join(one.relative_to(ROOT).parent.parts) for one in (ROOT / "rorbridge").glob("*/**/__init__.py"))


def _imported() -> Iterator[tuple[str, str]]:
    """Go through what modules of rorbridge import of each other: who, and what by its full name; then the commands."""
    for file in (ROOT / "rorbridge").rglob("*.py"):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                yield from ((module, f"{node.module}.{one.name}") for one in node.names)
            elif isinstance(node, ast.Import):
                yield from ((module, one.name) for one in node.names)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    yield from ((name, target.replace(":", ".")) for name, target in scripts.items())


IMPORTED = sorted(_imported())


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_entered_by_what_its_docstring_names_and_by_nothing_else(package: str) -> None:
    text = (ROOT.joinpath(*package.split(".")) / "__init__.py").read_text(encoding="utf-8")
    listed = re.findall(r"^- (``.+?``): ", ast.get_docstring(ast.parse(text)) or "", re.MULTILINE)
    named = {name for one in listed for name in re.findall(r"``(\w+)``", one)}
    assert named == {
        name.removeprefix(f"{package}.").partition(".")[0]
        for module, name in IMPORTED
        if name.startswith(f"{package}.") and not f"{module}.".startswith(f"{package}.")
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_it_must_not_know(package: str) -> None:
    text = (ROOT.joinpath(*package.split(".")) / "__init__.py").read_text(encoding="utf-8")
    assert re.search(r"must not know|knows nobody", ast.get_docstring(ast.parse(text)) or "")
