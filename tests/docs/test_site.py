"""The site of the documentation: it builds without a warning, its search finds it, nothing comes from elsewhere."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

_OUTSIDE = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=["'](?:https?:)?//[^"']*""")
_IMPORTED = re.compile(r"""@import\s+(?:url\()?["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//""")


def build(source: Path, to: Path) -> "subprocess.CompletedProcess[str]":
    """Build as `make docs` does."""
    recipe = re.search(r"-m (sphinx .*) build/docs$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    options = [to / "doctrees" if one == "build/doctrees" else one for one in recipe[1].split()]
    command = [sys.executable, "-m", *options, to / "site"]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("docs")
    done = build(ROOT, to)
    assert done.returncode == 0, done.stdout + done.stderr
    return to / "site"


def index(site: Path) -> dict[str, list[str]]:
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    found: dict[str, list[str]] = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    return found


def test_every_page_is_in_the_search_by_its_title(site: Path) -> None:
    found = index(site)
    titles = dict(zip(found["docnames"], found["titles"], strict=True))
    for file in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")]:
        heading = file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").replace("`", "")
        assert titles[file.relative_to(ROOT).with_suffix("").as_posix()].lower() == heading.lower()


def test_the_search_knows_a_word_of_a_page(site: Path) -> None:
    found = index(site)
    assert "sosi" in found["terms"], "a French word, as the stemmer has it"
    assert "notvis" in found["terms"]


def test_the_reference_has_what_docstrings_say(site: Path) -> None:
    page = (site / "docs" / "reference" / "rorbridge" / "orientation" / "index.html").read_text(encoding="utf-8")
    assert 'id="rorbridge.orientation.resolve.Resolver.resolve"' in page
    assert "Both bounds are included" in page
    assert not (ROOT / "docs" / "reference").exists(), "what it was made of stays behind"


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages, sheets = list(site.rglob("*.html")), list(site.rglob("*.css"))
    assert len(pages) > 10
    assert sheets
    loaded = [found for one in pages for found in _OUTSIDE.findall(one.read_text(encoding="utf-8"))]
    loaded += [found for one in sheets for found in _IMPORTED.findall(one.read_text(encoding="utf-8"))]
    assert loaded == []


def test_the_root_leads_to_the_first_page(site: Path) -> None:
    assert 'href="docs/index.html"' in (site / "index.html").read_text(encoding="utf-8")
    assert (site / "docs" / "index.html").is_file()


def test_links_that_lead_nowhere_fail_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    without_reference = '\nextensions = ["myst_parser"]\n'  # whose code is not here
    (docs / "conf.py").write_text((ROOT / "docs" / "conf.py").read_text() + without_reference)
    (docs / "_templates").symlink_to(ROOT / "docs" / "_templates")
    (docs / "index.md").write_text("# Site\n\n```{toctree}\npage\n```\n")
    (docs / "page.md").write_text("# Page\n\nSee [there](index.md#site).\n")
    good = build(tmp_path, tmp_path / "good")
    assert good.returncode == 0, good.stderr
    (docs / "page.md").write_text("# Page\n\n[a](nowhere-1.md) [b](index.md#nowhere-2) [c](#nowhere-3)\n")
    bad = build(tmp_path, tmp_path / "bad")
    assert bad.returncode != 0
    assert all(f"nowhere-{number}" in bad.stderr for number in (1, 2, 3))
