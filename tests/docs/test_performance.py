"""The pages of figures say what the runs showed that are kept beside them."""

from pathlib import Path

import pytest

from tests.bench.page import KEPT, PAGES, page, read


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_a_page_of_figures_is_made_from_the_runs_that_are_kept(file: Path) -> None:
    text = file.read_text()
    assert text.count("made by tests/bench/page.py") == 2
    assert page(text, read(KEPT.read_text())) == text, "make performance-page"


def test_every_figure_is_the_median_of_at_least_five_runs() -> None:
    runs = read(KEPT.read_text())
    for case in {(one.subject, one.work) for one in runs}:
        assert sum((one.subject, one.work) == case for one in runs) >= 5
