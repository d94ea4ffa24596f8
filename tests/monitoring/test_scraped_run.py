"""A run of the service with traffic of every kind, scraped by a real Prometheus with our configuration and rules.

Every panel of the dashboard has something to show of it.
"""

import asyncio
import json
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from aiokafka import AIOKafkaProducer

from tests.support.dashboard.written import BOARD, MARKS, PANELS, asked, metric, metrics
from tests.support.kafka import Broker, Topics, new_topics, publish
from tests.support.metrics import described
from tests.support.processes import Service, running_lookalike, running_service
from tests.support.prometheus import Found, Prometheus, Tools, running_prometheus
from tests.support.requests import Sent, broken, headers, valid

pytestmark = pytest.mark.kafka

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
FAILING = "0999"
"""An activity for which the look-alike always answers 500."""
ENOUGH_S = 60.0

NO_NUMBERS = {"Client certificate ends in": "this run shows the ROR a secret, so there is no certificate: NaN"}
"""Panels that rightly have no number, and why."""
NOT_SHOWN = {
    r"python_\w+": "the garbage collector and the version of Python: nothing to act on",
    r"process_virtual_memory_bytes": "says nothing where memory is mapped; the resident one is shown",
    r"\w+_created": "when a counter began; rates know",
    r"scrape_\w+|up": "of the scraping; its failure is an alert",
}
"""Metrics that no panel shows, and why."""


def configuration(service: Service) -> dict[str, Any]:
    """Give our prometheus.yml, but for where the service is and how often it is asked."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    found["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    found["rule_files"] = [str(FOLDER / file) for file in found["rule_files"]]
    [job] = found["scrape_configs"]
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [service.url.removeprefix("http://")]}]
    return found


@pytest.fixture(scope="module")
def scraped(prometheus_tools: Tools, broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has seen a run in which everything happened that there is a metric of."""
    folder = tmp_path_factory.mktemp("monitoring")
    topics = asyncio.run(new_topics(broker))
    with running_lookalike(2000, "--faults") as ror:
        settings = topics.settings(broker) | {f"RORBRIDGE_ROR__{name.upper()}": value for name, value in ror.items()}
        with (
            running_service(settings, folder / "service.log") as service,
            running_prometheus(prometheus_tools, configuration(service), folder) as prometheus,
        ):
            asyncio.run(service.ready())
            until(prometheus, "rorbridge_ready == 1")
            asyncio.run(fence_a_lane(broker, topics))
            asyncio.run(traffic(broker, topics, httpx.URL(ror["base_url"]).copy_with(path="/_faults"), prometheus))
            until(prometheus, 'rorbridge_results_total{status="failed"} > 0')
            until(prometheus, 'ALERTS{alertname="RorbridgeDeadLetters", alertstate="firing", reason="failed"}')
            until(prometheus, "sum(rorbridge_lag_records) == 0 and sum(rorbridge_lanes) == 3")
            yield prometheus


async def fence_a_lane(broker: Broker, topics: Topics) -> None:
    """Do what another owner of a partition does when it opens its lane."""
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap_servers, transactional_id=f"{topics.group}.{topics.requests}.0"
    )
    await producer.start()
    await producer.stop()


async def traffic(broker: Broker, topics: Topics, faults: httpx.URL, prometheus: Prometheus) -> None:
    """Send requests of every kind, some while the ROR throttles us, and some while it is away."""
    always = {"fault": "500", "probability": 1.0, "where": FAILING}
    failing = json.dumps({"need": {"activity": [FAILING]}, "where": {"communes": ["44162"]}}).encode()
    fails = Sent("failing", None, failing, headers("failing"), frozenset({"failed"}))
    async with httpx.AsyncClient() as http:

        async def plan(*rules: dict[str, object]) -> None:
            (await http.put(faults, json={"latency_ms": 20, "rules": [always, *rules]})).raise_for_status()

        await plan({"fault": "429", "next": 2})
        await publish(broker, topics.requests, [fails, *valid(54, seed=1), *broken()])
        await asyncio.to_thread(until, prometheus, 'rorbridge_results_total{status="matched"} > 5')
        await plan({"fault": "503", "probability": 1.0})
        await publish(broker, topics.requests, valid(27, seed=2))
        await asyncio.to_thread(
            until, prometheus, "sum(rorbridge_parked_records) > 0 and max(rorbridge_circuit_open) == 1"
        )
        await plan()


def until(prometheus: Prometheus, expression: str) -> None:
    """Wait until an expression gives something."""
    deadline = time.monotonic() + ENOUGH_S
    while not prometheus.now(expression):
        assert time.monotonic() < deadline, f"never: {expression}"
        time.sleep(0.2)


def numbers(found: list[Found]) -> list[float]:
    return [value for _, values in found for value in values if not math.isnan(value)]


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_has_something_to_show(scraped: Prometheus, title: str) -> None:
    for target in PANELS[title]["targets"]:
        text = asked(target["expr"])
        found = scraped.now(text) if target.get("instant") else scraped.over_time(text)
        assert found, text
        assert numbers(found) or title in NO_NUMBERS


def test_every_metric_that_is_scraped_is_shown_or_there_is_a_reason(scraped: Prometheus) -> None:
    names = scraped.values("__name__", '{job="rorbridge"}')
    assert {one.name for one in described() if one.kind != "histogram"} <= names
    told = {metric(name) for name in names if not any(re.fullmatch(one, name) for one in NOT_SHOWN)}
    assert told - set(metrics()) - {"ALERTS_FOR_STATE"} == set()


def test_variables_and_marks_find_what_they_offer(scraped: Prometheus) -> None:
    datasource, *others = BOARD["templating"]["list"]
    assert (datasource["type"], datasource["query"]) == ("datasource", "prometheus")
    for variable in others:
        text = variable["query"]["query"]
        assert text.startswith("label_values(")
        matching, label = text.removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
        assert label == variable["name"]
        # Prometheus has a namespace where Kubernetes has told it one: not here, and then "All" takes what has none.
        assert len(scraped.values(label, asked(matching))) == (0 if label == "namespace" else 1)
    assert numbers(scraped.over_time(asked(MARKS["ROR away"])))
    assert scraped.over_time(asked(MARKS["Instance started"])), (
        "the only one began less than a minute before Prometheus"
    )


def test_the_run_had_every_status_reason_and_source(scraped: Prometheus) -> None:
    def seen(name: str, label: str) -> set[str]:
        return {labels[label] for labels, [value] in scraped.now(name) if value > 0}

    assert seen("rorbridge_results_total", "status") == {"matched", "no-match", "rejected", "failed", "expired"}
    assert seen("rorbridge_dead_letters_total", "reason") == {"not-an-event", "rejected", "failed"}
    assert seen("rorbridge_lane_restarts_total", "reason") == {"fenced"}
    assert seen("rorbridge_ror_searches_total", "source") >= {"ror", "cache"}
    assert seen("rorbridge_ror_calls_total", "code") >= {"200", "429", "500", "503"}
    assert seen("rorbridge_redactions_total", "rule")


def test_alerts_that_need_no_time_fire_and_the_others_wait(scraped: Prometheus) -> None:
    firing = {(labels["alertname"], labels["reason"]) for labels, _ in scraped.now('ALERTS{alertstate="firing"}')}
    assert firing == {("RorbridgeDeadLetters", "failed"), ("RorbridgeDeadLetters", "not-an-event")}
