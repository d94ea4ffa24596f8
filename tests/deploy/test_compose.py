"""compose.yaml: Compose reads it, its parts are pinned and bounded, and what it starts answers requests."""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rorbridge.bus.localbroker import BrokerUnavailableError, kafka_version
from tests.deploy.composed import COMPOSE, Addresses, ComposedKafka, command, healthcheck, running, services, variables
from tests.deploy.tools import CHECKOUT, told, tool
from tests.support.leftout import left_out
from tests.support.processes import Service

OURS = {"bridge", "lookalike", "check", "sender"}


def compose_go(text: str, tmp_path: Path) -> tuple[int, str]:
    """Read a file as Compose does: its schema, the references in it, the model."""
    file = tmp_path / "compose.yaml"
    file.write_text(text, encoding="utf-8")
    return told([tool("compose-go"), file])


def test_compose_reads_it(tmp_path: Path) -> None:
    code, said = compose_go(COMPOSE.read_text(encoding="utf-8"), tmp_path)
    assert code == 0, said


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("stop_grace_period:", "stop_grace:", "services.bridge.stop_grace"),
        ("condition: service_healthy", "condition: healthy", "condition"),
        ("read_only: true", "read_only: perhaps", "read_only"),
        ("<<: *ours", "<<: *others", "others"),
    ],
)
def test_compose_would_refuse_what_is_wrong(right: str, wrong: str, words: str, tmp_path: Path) -> None:
    text = COMPOSE.read_text(encoding="utf-8")
    assert right in text
    code, said = compose_go(text.replace(right, wrong), tmp_path)
    assert code != 0
    assert words in said


def test_images_are_pinned_resources_bounded_and_ports_open_to_this_machine_alone() -> None:
    for name, service in services().items():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"]), name
        assert {"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys(), name
        assert all(one.startswith("127.0.0.1:") for one in service.get("ports", [])), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        if name in OURS:
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]


def test_what_a_service_refers_to_is_in_the_file() -> None:
    document = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    for name, service in services().items():
        assert set(service.get("depends_on", ())) <= services().keys(), name
        sources = {one.split(":")[0] for one in service.get("volumes", [])}
        assert {one for one in sources if not one.startswith(".")} <= document["volumes"].keys(), name


def test_kafka_is_the_one_that_the_tests_run_on() -> None:
    assert services()["kafka"]["image"] == f"apache/kafka:{kafka_version()}"


@pytest.mark.parametrize("name", sorted(services()))
def test_what_is_mounted_from_here_is_here(name: str) -> None:
    sources = [one.split(":")[0] for one in services()[name].get("volumes", [])]
    assert [one for one in sources if one.startswith(".") and not (COMPOSE.parent / one).exists()] == []


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.real_kafka
async def test_what_it_starts_creates_the_topics_and_answers_the_sender(tmp_path: Path) -> None:
    addresses = Addresses()
    logs = {name: tmp_path / name for name in OURS}
    try:
        kafka = ComposedKafka(addresses)
    except BrokerUnavailableError as error:
        left_out(str(error))
    with kafka, running("lookalike", addresses, logs["lookalike"]):
        wait_until(lambda: healthcheck("lookalike", addresses) == 0)
        with running("check", addresses, logs["check"]) as check:
            assert check.wait(60) == 0, logs["check"].read_text()
        assert "created ror.orientation.requests" in logs["check"].read_text()
        with running("bridge", addresses, logs["bridge"]) as bridge:
            service = Service(bridge, f"http://127.0.0.1:{addresses.port(8080)}", logs["bridge"])
            await service.ready()
            with running("sender", addresses, logs["sender"]):
                wait_until(lambda: len(answers(logs["sender"])) >= 3)
            assert service.terminate() == 0
        assert {one.split()[0] for one in answers(logs["sender"])} <= {"matched", "no-match"}


def answers(log: Path) -> list[str]:
    return re.findall(r"^\S+ +\d+ offers .*$", log.read_text(), re.MULTILINE)


def test_the_bridge_has_longer_to_stop_than_it_drains() -> None:
    drain_s = float(services()["bridge"]["environment"].get("RORBRIDGE_KAFKA__DRAIN_TIMEOUT", 20))
    assert float(services()["bridge"]["stop_grace_period"].removesuffix("s")) >= drain_s + 10


def test_the_health_check_of_kafka_is_a_small_jvm_and_a_rare_one() -> None:
    check = services()["kafka"]["healthcheck"]
    kind, text = check["test"]
    assert kind == "CMD-SHELL"
    assert re.match(r"KAFKA_HEAP_OPTS=-Xmx\d\dm /opt/kafka/bin/", text), "else it has the heap of the broker"
    assert (check["interval"], check["start_interval"]) == ("30s", "3s")


def test_nobody_changes_anything_in_grafana() -> None:
    environment = services()["grafana"]["environment"]
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
    assert environment.get("GF_AUTH_ANONYMOUS_ORG_ROLE", "Viewer") == "Viewer"


def test_every_service_of_ours_is_run_by_these_tests() -> None:
    dockerfile = "deploy/Dockerfile"
    assert {name for name, one in services().items() if one.get("build", {}).get("dockerfile") == dockerfile} == OURS
    assert (CHECKOUT / dockerfile).is_file()
    assert all(command(name, Addresses())[0] == sys.executable for name in OURS)
    assert all("kafka:9092" not in str(variables(name, Addresses())) for name in OURS)
