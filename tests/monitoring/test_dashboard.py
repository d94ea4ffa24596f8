"""The dashboard is the one that the code makes, shows every metric, says what to do, and lies well on its grid."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.dashboard.board import FILE, dashboard
from tests.support.dashboard.look import CHOSEN
from tests.support.dashboard.written import BOARD, MARKS, PANELS, metrics
from tests.support.metrics import described

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_file_is_the_one_that_the_code_makes() -> None:
    assert FILE.read_text(encoding="utf-8") == dashboard(), "run `make dashboards`"


def test_every_metric_is_on_the_dashboard_and_no_other() -> None:
    assert {name for name in metrics() if name.startswith("rorbridge_")} == {one.name for one in described()}


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_says_what_to_make_of_it(title: str) -> None:
    assert len(PANELS[title]["description"]) > 60


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_asks_the_source_the_namespaces_the_jobs_the_instances_and_the_time_that_are_chosen(title: str) -> None:
    panel = PANELS[title]
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        check_choice(target["expr"])
        assert set(re.findall(r"\[([^]]+)\]", target["expr"])) <= {"$__rate_interval", "$__range"}


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_asks_the_jobs_and_instances_that_are_chosen(name: str) -> None:
    check_choice(MARKS[name])


def check_choice(expression: str) -> None:
    for matchers in re.findall(r"\b(?:rorbridge|process)_\w+(\{[^}]*\})?", expression):
        assert matchers.startswith("{" + CHOSEN)


def test_panels_fill_the_grid_and_lie_on_no_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        for cell in itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])):
            assert cell not in taken, (panel["title"], taken[cell])
            assert cell[0] < 24
            taken[cell] = panel["title"]
    height = max(y for _, y in taken) + 1
    assert len(taken) == 24 * height, "there is a hole"


def test_titles_and_ids_are_unique() -> None:
    assert len(PANELS) == sum(one["type"] != "row" for one in BOARD["panels"])
    ids = [one["id"] for one in BOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_grafana_is_given_a_source_of_the_dashboards_kind_and_the_folder_it_is_in() -> None:
    [source] = provisioned("datasources/prometheus.yaml")["datasources"]
    assert source["type"] == BOARD["templating"]["list"][0]["query"]
    scraping = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))["global"]
    assert source["jsonData"]["timeInterval"] == scraping["scrape_interval"], "$__rate_interval is made of it"
    [provider] = provisioned("dashboards/rorbridge.yaml")["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"


def provisioned(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / name).read_text(encoding="utf-8"))
    return found
