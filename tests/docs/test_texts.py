"""What the pages say beside their commands: JSON that keeps the contract, the code's log lines, bounds, versions."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rorbridge.bus import answered, delivery, outgoing, registry, session
from rorbridge.bus.localbroker import kafka_version
from rorbridge.events import envelope
from rorbridge.events.problem import parse_request
from rorbridge.events.request import Answer
from rorbridge.events.schemas import request_schema, result_schema
from rorbridge.orientation import circuit
from rorbridge.ror import bundle, client, http, tls
from rorbridge.settings import ENVIRONMENTS, KafkaSettings, RorSettings
from rorbridge.telemetry import exporting, logs
from tests.docs.pages import ROOT, Page, pages

OPERATIONS = ROOT / "docs" / "operations.md"
LOGGED = {"debug", "info", "warning", "error", "critical", "exception"}
JSON = [(page, line, text) for page in pages() for line, text in page.json]


@pytest.mark.parametrize(("page", "line", "text"), JSON, ids=[f"{page.name}:{line}" for page, line, _ in JSON])
def test_json_is_json_and_requests_and_results_keep_the_contract(page: Page, line: int, text: str) -> None:
    content: Any = json.loads(text)
    data = content.get("data", content) if "specversion" in content else content
    if "need" in data:
        Draft202012Validator(request_schema()).validate(data)
        parse_request(json.dumps(data).encode())
    if next(iter(data), "") == "requestId":
        Draft202012Validator(result_schema()).validate(data)


def section(title: str) -> str:
    """Give a section of docs/operations.md, up to the next of its level."""
    found = OPERATIONS.read_text(encoding="utf-8").split(f"\n## {title}\n")
    assert len(found) == 2, f"docs/operations.md has no section {title}"
    return found[1].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """Give what stands as code in the first cells of the tables."""
    cells = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| `")]
    return [one for cell in cells for one in re.findall(r"`([^`]+)`", cell) if one != "event"]


def events() -> set[str]:
    """Give the names of all log lines that an operator may see, from the code; those for debugging are left out."""
    names: set[str] = set()
    for file in (ROOT / "rorbridge").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log"), attr=level), args=[ast.Constant(value=str(name)), *_]
                ) if level in LOGGED - {"debug"}:
                    names.add(name)
                case ast.Call(func=ast.Attribute(attr="_trouble"), args=[ast.Constant(value=str(name)), *_]):
                    names.add(name)
                case _:
                    pass
    return names


def test_the_log_lines_of_the_table_are_those_of_the_code() -> None:
    told = first_cells(section("Troubleshooting by message").split("\n### ")[1])
    assert len(told) == len(set(told))
    assert set(told) == events(), "docs/operations.md, Troubleshooting by message"


def test_what_readyz_waits_for_stands_in_the_code() -> None:
    told = first_cells(section("Troubleshooting by message").split("\n### ")[2])
    written = "\n".join(file.read_text(encoding="utf-8") for file in Path(ROOT / "rorbridge").rglob("*.py"))
    assert told
    assert [one for one in told if any(part.strip() not in written for part in one.split("…"))] == []


def whole(page: str) -> str:
    """Give a page without its line breaks."""
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


def default(model: type[KafkaSettings | RorSettings], name: str) -> float:
    return float(model.model_fields[name].default)


def most(model: type[Answer], name: str) -> int:
    return int(model.model_json_schema()["properties"][name]["maximum"])


_MIB = 1_048_576
FIGURES = [
    ("SECURITY.md", f"{http.MOST_BYTES // _MIB} MiB a page"),
    ("SECURITY.md", f"{client._MOST_PAGES} pages a search"),
    ("SECURITY.md", f"{client.MOST_MATCHES:,} matches, {client.MOST_SEARCH_BYTES // _MIB} MiB a search"),
    ("SECURITY.md", f"Diagnostics are cut to {bundle._LONGEST_DIAGNOSTICS} characters"),
    ("docs/interop.md", f"The client reads up to {client._MOST_PAGES} pages of a search"),
    ("docs/faq.md", f"A search reads {client.MOST_MATCHES:,} matches at most"),
    ("docs/faq.md", f"`RORBRIDGE_ROR__CACHE_TTL` seconds ({default(RorSettings, 'cache_ttl'):g})"),
    ("docs/faq.md", f"`answer.limit` offers ({Answer().limit}, up to {most(Answer, 'limit')})"),
    ("docs/concepts.md", f"up to {default(RorSettings, 'cache_ttl'):g} seconds, "),
    ("docs/concepts.md", f"seconds, {default(RorSettings, 'capacity_cache_ttl'):g} where free beds"),
    ("docs/contract.md", f"may take {outgoing.MOST_HEAD // 1024} KiB together, "),
    ("docs/contract.md", f"its `ce_id` {envelope.LONGEST_ID:,} characters"),
    ("docs/contrat.md", f"peuvent prendre {outgoing.MOST_HEAD // 1024} Kio ensemble"),
    ("docs/operations.md", f"more than {outgoing.MOST_HEAD // 1024} KiB of key and headers"),
    ("docs/operations.md", f"{session._MOST_BYTES // _MIB} MiB of requests and of answers"),
    ("docs/operations.md", f"`RORBRIDGE_KAFKA__DRAIN_TIMEOUT` seconds ({default(KafkaSettings, 'drain_timeout'):g})"),
    ("docs/operations.md", f"wait for up to {delivery._TRANSACTION_TIMEOUT_MS // 1000} seconds for the transaction"),
    ("docs/operations.md", f"told once in {logs._EVERY_S:g} seconds"),
    ("docs/operations.md", f"said from {tls.WARN_BEFORE.days} days on"),
    ("docs/operations.md", f"at {answered.MOST_SPAN:,} it takes no more"),
    ("docs/ror-access.md", f"warns in the log from {tls.WARN_BEFORE.days} days on"),
    ("docs/alerts.md", f"At {answered.MOST_SPAN:,} its lane takes no more"),
    ("docs/alerts.md", f"a topic that takes less than {outgoing.LEAST_LIMIT // 1024} KiB"),
    ("docs/reliability.md", f"each taking at least {outgoing.LEAST_LIMIT // 1024} KiB"),
    ("docs/reliability.md", f"a span of {answered.MOST_SPAN:,} offsets in Kafka's 4,096 bytes"),
    ("docs/reliability.md", f"window, span, or {session._MOST_BYTES // _MIB} MiB of requests and of answers"),
    ("docs/reliability.md", f"has fenced it, or for {delivery._TRANSACTION_TIMEOUT_MS // 1000} seconds"),
    ("docs/reliability.md", f"begins with `{answered._MARK}`"),
]


@pytest.mark.parametrize(("page", "told"), FIGURES, ids=[f"{page}: {told}" for page, told in FIGURES])
def test_a_bound_that_a_page_names_is_the_code_s(page: str, told: str) -> None:
    assert told in whole(page)


def test_words_for_bounds_of_an_outage_are_the_code_s() -> None:
    """Written as words, so that they are held by the numbers that they stand for."""
    assert (circuit._MOST_OWN_FAILURES, circuit._MOST_TOO_SLOW) == (5, 2)
    assert "which is tried up to five times (twice when it took longer" in whole("docs/reliability.md")
    assert (circuit._LONGEST_PAUSE_S, circuit._LONGEST_HOLD_OFF_S, circuit._MOST_HELD_OFF_S) == (5, 60, 600)
    for told in ("up to five seconds apart", "is obeyed, up to a minute, by all", "for up to ten minutes"):
        assert told in whole("docs/reliability.md")
    assert (registry._FIRST_PAUSE_S, registry._LONGEST_PAUSE_S) == (0.5, 10)
    assert "after half a second, then ever longer, up to ten seconds" in whole("docs/schema-registry.md")
    assert exporting._FLUSH_S == 5
    assert "what is left is sent for up to five seconds" in whole("docs/operations.md")


def test_versions_of_other_software_are_those_of_the_pins() -> None:
    def pinned(file: str, name: str) -> str:
        found = re.search(rf"<{name}\.version>([^<]+)<", (ROOT / file).read_text(encoding="utf-8"))
        assert found
        return found[1]

    interop = whole("docs/interop.md")
    assert f"R4 | {pinned('deploy/interop/hapi/pom.xml', 'hapi')} |" in interop
    assert f"Keycloak | {pinned('deploy/interop/keycloak/pom.xml', 'keycloak')} |" in interop
    apicurio = pinned("deploy/interop/apicurio/pom.xml", "apicurio")
    assert f"Apicurio Registry | {apicurio} |" in interop
    confluent = re.search(r"^confluent-kafka==(\d+\.\d+)\.", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert confluent
    assert f"Tried with Apicurio {apicurio} and the serializers of confluent-kafka {confluent[1]}" in whole(
        "docs/schema-registry.md"
    )
    assert f"the tests run on {kafka_version().rpartition('.')[0]}." in whole("docs/faq.md")


def test_hosts_of_the_ror_are_those_that_the_settings_fill_in() -> None:
    page = whole("docs/ror-access.md")
    for kind in ("token_url", "base_url"):
        hosts = [ENVIRONMENTS[one][kind].split("/")[2] for one in ("sandbox", "production")]
        assert f"| `{hosts[0]}` | `{hosts[1]}` |" in page


ALERTS = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
THRESHOLDS = [
    ("RorbridgeAbsent", "for: 5m", "for 5 minutes"),
    ("RorbridgeAbsent", "[6h]", "for six hours"),
    ("RorbridgeInstanceDown", "for: 5m", "for 5 minutes"),
    ("RorbridgeNotReady", "for: 5m", "for 5 minutes"),
    ("RorbridgeInstanceNotReady", "for: 5m", "for 5 minutes"),
    ("RorbridgeNoResults", "for: 5m", "for 5 minutes"),
    ("RorbridgeCircuitOpen", "for: 5m", "For 5 minutes"),
    ("RorbridgeBehind", "> 100", "Over 100 requests"),
    ("RorbridgeBehind", "60 <", "over a minute"),
    ("RorbridgeFails", "> 0.05", "More than one result in twenty"),
    ("RorbridgeExpires", "> 0.05", "More than one request in twenty"),
    ("RorbridgeRejects", "> 0.2", "More than one request in five"),
    ("RorbridgeMatchesNothing", "[1h])) > 50", "Over 50 requests of the last hour"),
    ("RorbridgeDeadLetters", "[15m]", "within 15 minutes"),
    ("RorbridgeSlow", "(0.99,", "One request in a hundred"),
    ("RorbridgeSlow", "> 5", "over 5 seconds"),
    ("RorbridgeRorThrottles", "> 0.01", "More than one call in a hundred"),
    ("RorbridgeRorErrors", "> 0.05", "More than one call in twenty"),
    ("RorbridgeUnreadableEntries", "> 1", "more than one entry of each page"),
    ("RorbridgeCertificateExpires", "< 30", "less than 30 days"),
    ("RorbridgeCertificateEnds", "< 7", "less than 7 days"),
    ("RorbridgeLanesRestart", "[15m])) > 3", "More than three times within 15 minutes"),
    ("RorbridgeWindowFull", "for: 10m", "for over 10 minutes"),
    ("RorbridgeSpanFull", "> 15000", "over 15,000 records"),
]
"""An alert, a part of its rule, and the words for it."""


def test_thresholds_of_alerts_are_told_where_they_are_explained() -> None:
    rules = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    expressions = dict(re.findall(r"- alert: (\w+)\n(.*?)\n +labels:", rules, re.DOTALL))
    severities = dict(re.findall(r"- alert: (\w+)\n.*?severity: (\w+)", rules, re.DOTALL))
    told = dict(re.findall(r"\n## (Rorbridge\w+)\n\n(.*?)\n\n- ", ALERTS, re.DOTALL))
    assert told.keys() == severities.keys()
    for name, severity in severities.items():
        assert told[name].startswith(f"**{severity}** · "), name
    for name, figure, words in THRESHOLDS:
        assert figure in " ".join(expressions[name].split()), name
        assert words in " ".join(told[name].split()), name
