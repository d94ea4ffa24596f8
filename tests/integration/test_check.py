"""``rorbridge check``: each thing that is not in place is named, with what to do."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import HttpUrl
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rorbridge.bus.topics import partitions
from rorbridge.ror import preflight
from rorbridge.telemetry.finding import State
from tests.chaos.stream import read_to_end
from tests.support.fhir import EMPTY
from tests.support.http import Ror, scripted_ror, served
from tests.support.kafka import PARTITIONS, Broker, Topics
from tests.support.processes import environment, free_port
from tests.support.registry import ScriptedRegistry
from tests.support.ror import ror_environment
from tests.support.tls import Authority, mtls_ror

STEPS = [
    "settings",
    "kafka",
    "topics",
    "read rights",
    "write rights",
    "client certificate",
    "token",
    "metadata",
    "search",
]


async def check(settings: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rorbridge", "check", *arguments),
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def steps(settings: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Give the steps by their names; the exit code has to go with them."""
    code, output = await check(settings, "--json")
    told = json.loads(output)
    assert told["ok"] == (code == 0) == all(one["state"] != State.FAILED for one in told["steps"])
    return {one["step"]: one for one in told["steps"]}


async def nothing(request: Request) -> Response:
    return Response(EMPTY, media_type="application/fhir+json")


def metadata(*parameters: str) -> Response:
    resource = {"type": "HealthcareService", "searchParam": [{"name": one} for one in parameters]}
    return JSONResponse({"resourceType": "CapabilityStatement", "rest": [{"resource": [resource]}]})


def nowhere(ror: Ror) -> dict[str, str]:
    """Settings with a Kafka that is not there, where it does not matter."""
    return ror_environment(ror) | {"RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}


@pytest.mark.real_kafka
async def test_all_in_place_is_said_step_by_step_and_leaves_no_trace(broker: Broker, topics: Topics) -> None:
    async with scripted_ror(nothing) as ror:
        settings = topics.settings(broker) | ror_environment(ror)
        found = await steps(settings)
        assert list(found) == STEPS
        code, text = await check(settings)
    assert {one["state"] for name, one in found.items() if name != "metadata"} == {"ok"}
    assert "3 partitions" in found["topics"]["found"]
    assert code == 0
    assert all(step in text for step in STEPS)
    for topic in (topics.results, topics.dead_letters):
        assert await read_to_end(broker.bootstrap_servers, topic, "read_committed") == []


@pytest.mark.real_kafka
async def test_topics_that_are_not_there_are_named(broker: Broker, topics: Topics) -> None:
    async with scripted_ror(nothing) as ror:
        changed = {"RORBRIDGE_KAFKA__RESULTS_TOPIC": "no-such-topic"}
        found = await steps(topics.settings(broker) | ror_environment(ror) | changed)
    assert found["topics"]["state"] == "failed"
    assert "no-such-topic" in found["topics"]["found"]
    assert found["write rights"]["state"] == "skipped"
    assert found["search"]["state"] == "ok", "the ROR is looked at all the same"


@pytest.mark.kafka
async def test_missing_topics_are_created_if_asked_for_and_those_that_exist_stay_as_they_are(
    broker: Broker, topics: Topics
) -> None:
    kafka = topics.kafka(broker).model_copy(update={"results_topic": f"{topics.results}-new"})
    changed = {"RORBRIDGE_KAFKA__RESULTS_TOPIC": kafka.results_topic}
    async with scripted_ror(nothing) as ror:
        settings = topics.settings(broker) | ror_environment(ror) | changed
        code, text = await check(settings, "--create-topics", "5")
        found = await steps(settings)
    assert code == 0, text
    assert f"created {kafka.results_topic}" in text
    assert found["topics"]["state"] == "ok"
    assert len(await partitions(kafka, kafka.results_topic)) == 5
    assert len(await partitions(kafka, kafka.requests_topic)) == PARTITIONS


async def test_a_kafka_that_is_not_there_is_named_and_the_ror_is_looked_at_all_the_same() -> None:
    async with scripted_ror(nothing) as ror:
        found = await steps(nowhere(ror))
    assert found["kafka"]["state"] == "failed"
    assert "BOOTSTRAP_SERVERS" in found["kafka"]["mend"]
    assert [found[one]["state"] for one in ("topics", "read rights", "write rights")] == ["skipped"] * 3
    assert found["search"]["state"] == "ok"


async def test_a_schema_registry_that_is_set_is_looked_at_after_kafka() -> None:
    async with scripted_ror(nothing) as ror, served(ScriptedRegistry().app) as port:
        found = await steps(nowhere(ror) | {"RORBRIDGE_SCHEMA_REGISTRY__URL": f"http://127.0.0.1:{port}"})
    assert list(found) == [*STEPS[:5], "schema registry", *STEPS[5:]]
    assert found["schema registry"]["state"] == "ok"
    assert "ror.orientation.results-value" in found["schema registry"]["found"]


async def test_a_wrong_setting_is_the_one_step_that_is_told() -> None:
    found = await steps({"RORBRIDGE_KAFKA__WINDWO": "5"})
    assert list(found) == ["settings"]
    assert "did you mean RORBRIDGE_KAFKA__WINDOW" in found["settings"]["found"]


async def test_a_refused_secret_is_told_and_not_shown() -> None:
    async with scripted_ror(nothing) as ror:
        ror.tokens.append(JSONResponse({"error": "invalid_client", "error_description": "a word of theirs"}, 401))
        settings = nowhere(ror) | {"RORBRIDGE_ROR__CLIENT_SECRET": "hush-hush"}
        code, output = await check(settings, "--json")
    found = {one["step"]: one for one in json.loads(output)["steps"]}
    assert code == 1
    assert found["token"]["state"] == "failed"
    assert "invalid_client" in found["token"]["found"]
    assert "CLIENT_SECRET" in found["token"]["mend"]
    assert found["search"]["state"] == "skipped"
    assert "hush-hush" not in output
    assert "a word of theirs" not in output


async def test_what_the_server_cannot_search_by_is_listed_with_what_it_costs() -> None:
    async with scripted_ror(nothing) as ror:
        ror.metadata = metadata("specialty", "location.near", "characteristic")
        found = (await steps(nowhere(ror)))["metadata"]
    assert found["state"] == "warning"
    assert "location.nb-capacity (criterion capacity: verified on the data alone" in found["mend"]
    assert "intervention-zone (where.serves: such requests may be refused)" in found["mend"]
    assert "specialty" not in found["mend"]


async def test_a_header_that_is_not_taken_is_the_search_s_failure() -> None:
    async def refused(request: Request) -> Response:
        return Response("<h1>403</h1>", 403)

    async with scripted_ror(refused) as ror:
        found = (await steps(nowhere(ror)))["search"]
    assert found["state"] == "failed"
    assert "Ror-" in found["mend"]


async def test_an_address_that_is_not_the_base_is_named() -> None:
    async def not_there(request: Request) -> Response:
        return Response("Not Found", 404)

    async with scripted_ror(not_there) as ror:
        found = (await steps(nowhere(ror)))["search"]
    assert found["state"] == "failed"
    assert f"RORBRIDGE_ROR__BASE_URL ({ror.base_url})" in found["mend"]


async def test_a_file_for_kafka_that_is_not_there_is_named() -> None:
    async with scripted_ror(nothing) as ror:
        ssl = {"RORBRIDGE_KAFKA__SECURITY_PROTOCOL": "SSL", "RORBRIDGE_KAFKA__CA_FILE": "/nowhere/ca.pem"}
        found = (await steps(nowhere(ror) | ssl))["kafka"]
    assert found["state"] == "failed"
    assert found["found"].endswith("/nowhere/ca.pem: No such file or directory")


async def test_a_certificate_that_the_ans_does_not_know_is_shown_with_its_subject(tmp_path: Path) -> None:
    servers, clients = Authority("servers"), Authority("clients")
    cert, key = clients.issue("CHU de Test", client=True, days=12).write_pem(tmp_path)
    async with mtls_ror(nothing, server=servers.issue("ror", client=False), clients=clients, known={"another"}) as ror:
        settings = nowhere(ror) | {
            "RORBRIDGE_ROR__CLIENT_CERT": str(cert),
            "RORBRIDGE_ROR__CLIENT_KEY": str(key),
            "RORBRIDGE_ROR__CA_BUNDLE": str(servers.write(tmp_path)),
            "RORBRIDGE_ROR__ACCESS_PROFILE": "2",
        }
        del settings["RORBRIDGE_ROR__CLIENT_SECRET"]
        found = await steps(settings)
    assert found["client certificate"]["state"] == "warning", "it ends within 30 days"
    assert "11 days left" in found["client certificate"]["found"]
    assert found["token"]["state"] == "failed"
    assert "CN=CHU de Test" in found["token"]["mend"]


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://ror.example/token", State.OK),
        ("http://127.0.0.1:8081/token", State.OK),
        ("http://ror.example/token", State.WARNING),
    ],
)
def test_plain_http_is_warned_of_unless_it_stays_on_the_machine(url: str, state: State) -> None:
    assert preflight._encrypted("token", "there", HttpUrl(url)).state is state


@pytest.mark.parametrize(
    ("days", "state", "says"), [(-2, "failed", "until "), (60, "ok", "59 days left")], ids=["expired", "good"]
)
async def test_a_certificate_is_told_with_its_end(days: int, state: str, says: str, tmp_path: Path) -> None:
    cert, key = Authority("clients").issue("CHU de Test", client=True, days=days).write_pem(tmp_path)
    async with scripted_ror(nothing) as ror:
        settings = nowhere(ror) | {"RORBRIDGE_ROR__CLIENT_CERT": str(cert), "RORBRIDGE_ROR__CLIENT_KEY": str(key)}
        del settings["RORBRIDGE_ROR__CLIENT_SECRET"]
        found = await steps(settings)
    assert found["client certificate"]["state"] == state
    assert says in found["client certificate"]["found"]
    assert (found["token"]["state"] == "ok") is (state == "ok")
    if state == "failed":
        assert "renew RORBRIDGE_ROR__CLIENT_CERT" in found["client certificate"]["mend"]


async def test_a_certificate_that_cannot_be_read_leaves_nothing_to_ask_with(tmp_path: Path) -> None:
    (tmp_path / "us.p12").write_bytes(b"no certificate")
    async with scripted_ror(nothing) as ror:
        settings = nowhere(ror) | {"RORBRIDGE_ROR__CLIENT_CERT": str(tmp_path / "us.p12")}
        del settings["RORBRIDGE_ROR__CLIENT_SECRET"]
        found = await steps(settings)
    assert "CLIENT_CERT" in found["client certificate"]["found"]
    assert [found[one]["state"] for one in STEPS[5:]] == ["failed", "skipped", "skipped", "skipped"]
    assert ror.token_requests == []


async def test_an_access_profile_that_the_ror_gives_no_secret_is_warned_of() -> None:
    async with scripted_ror(nothing) as ror:
        found = await steps(nowhere(ror) | {"RORBRIDGE_ROR__ACCESS_PROFILE": "2"})
    assert found["client certificate"]["state"] == "warning"
    assert "CLIENT_CERT" in found["client certificate"]["mend"]
    assert found["search"]["state"] == "ok"


async def test_a_ror_that_fails_is_told_as_such_and_no_header_of_ours_is_blamed() -> None:
    async def broken(request: Request) -> Response:
        return Response("", 503)

    async with scripted_ror(broken) as ror:
        ror.metadata = Response("", 503)
        found = await steps(nowhere(ror))
    assert found["token"]["state"] == "ok"
    assert [found[one]["state"] for one in ("metadata", "search")] == ["failed", "failed"]
    assert "503" in found["search"]["found"]
    assert "Ror-" not in (found["search"]["mend"] or "")


async def test_an_address_of_http_that_is_written_as_https_is_told_as_such() -> None:
    async with scripted_ror(nothing) as ror:
        found = await steps(nowhere(ror) | {"RORBRIDGE_ROR__BASE_URL": ror.base_url.replace("http:", "https:")})
    assert "it does not speak TLS; is the address one of http" in found["search"]["found"]
