"""The alert rules: Prometheus takes them, each was seen to fire and to keep still, and each says what to do."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.metrics import described
from tests.support.prometheus import Tools

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
RUNBOOK = Path(__file__).parents[2] / "docs" / "alerts.md"


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


RULES = {rule["alert"]: rule for rule in rules()}


def test_prometheus_takes_the_configuration_and_the_rules(prometheus_tools: Tools) -> None:
    prometheus_tools.check("check", "config", "prometheus.yml", folder=FOLDER)
    prometheus_tools.check("check", "rules", "alerts.yml", folder=FOLDER)


def test_each_alert_fires_when_it_should_and_not_when_it_should_not(prometheus_tools: Tools) -> None:
    prometheus_tools.check("test", "rules", "alerts.yml", folder=FOLDER / "tests")


def test_each_alert_is_tried_both_ways() -> None:
    groups = yaml.safe_load((FOLDER / "tests" / "alerts.yml").read_text(encoding="utf-8"))["tests"]
    tried = [(one["alertname"], bool(one.get("exp_alerts"))) for group in groups for one in group["alert_rule_test"]]
    assert set(tried) == {(name, fires) for name in RULES for fires in (True, False)}


@pytest.mark.parametrize("name", RULES)
def test_an_alert_says_how_bad_it_is_what_it_is_and_where_to_read_what_to_do(name: str) -> None:
    rule = RULES[name]
    assert re.fullmatch(r"Rorbridge[A-Z][A-Za-z]+", name)
    assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"})
    annotations = rule["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    assert annotations["runbook_url"] == f"docs/alerts.md#{name.lower()}"
    [section] = re.findall(rf"^## {name}\n\n(.*?)(?=^## |\Z)", RUNBOOK.read_text(encoding="utf-8"), re.M | re.S)
    assert section.startswith(f"**{rule['labels']['severity']}** · ")
    assert "*Do:*" in section


def test_the_runbook_knows_no_alert_that_is_not_there() -> None:
    assert re.findall(r"^## (\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.M) == list(RULES)


def test_alerts_ask_for_metrics_that_there_are() -> None:
    names = {one.name for one in described()}
    asked = {name for rule in RULES.values() for name in re.findall(r"\brorbridge_\w+", rule["expr"])}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} <= names
