"""The schema registry: how the id of the schema of results is learnt, and what is said where it cannot be."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from structlog.testing import capture_logs

from rorbridge.bus import registry as module
from rorbridge.bus.preflight import registry_findings
from rorbridge.bus.registry import ResultSchema
from rorbridge.events.schemas import registered_result_schema
from rorbridge.settings import SchemaRegistrySettings
from rorbridge.telemetry.finding import Finding, State
from tests.support.http import served
from tests.support.processes import free_port
from tests.support.registry import ScriptedRegistry, settled, what_is_in_the_way
from tests.support.tls import Authority, tls_server

SUBJECT = "results-value"
OURS = registered_result_schema()
SECRET = {"username": "us", "password": "hush-hush"}
OLDER = json.dumps({"type": "object"})


@asynccontextmanager
async def serving(scripted: ScriptedRegistry, **settings: Any) -> AsyncIterator[SchemaRegistrySettings]:
    async with served(scripted.app) as port:
        yield SchemaRegistrySettings.model_validate({"url": f"http://127.0.0.1:{port}/"} | settings)


async def finding(settings: SchemaRegistrySettings) -> Finding:
    [found] = [one async for one in registry_findings(settings, "results")]
    assert found.step == "schema registry"
    return found


async def test_a_schema_that_is_there_is_found_and_not_registered_again() -> None:
    scripted = ScriptedRegistry({"another-value": [OLDER], SUBJECT: [OLDER + " ", OURS]})
    async with serving(scripted) as settings:
        assert await settled(settings) == 3
    assert scripted.asked == [f"find {SUBJECT}"]
    assert scripted.credentials == {None}


async def test_a_schema_that_was_written_otherwise_is_found_by_its_sense() -> None:
    scripted = ScriptedRegistry({SUBJECT: [json.dumps(json.loads(OURS), sort_keys=True)]})
    async with serving(scripted, auto_register=False) as settings:
        assert await settled(settings) == 1


async def test_a_schema_that_is_not_there_is_registered_as_it_is_published() -> None:
    scripted = ScriptedRegistry()
    published = Path(__file__).parents[2] / "schemas" / "rorbridge.orientation.result.v1.draft-07.schema.json"
    async with serving(scripted) as settings:
        assert await settled(settings) == 1
        assert await settled(settings) == 1, "the next process finds it"
    assert scripted.schemas == {SUBJECT: [published.read_text(encoding="utf-8")]}
    assert [one for one in scripted.asked if one.startswith("register")] == [f"register {SUBJECT}"]


async def test_a_schema_that_may_not_be_registered_is_asked_for() -> None:
    scripted = ScriptedRegistry({SUBJECT: [OLDER]})
    async with serving(scripted, auto_register=False) as settings:
        told = await what_is_in_the_way(settings)
    assert "has not our schema of results under subject results-value" in told
    assert "register the file rorbridge.orientation.result.v1.draft-07.schema.json" in told
    assert f"register {SUBJECT}" not in scripted.asked


REFUSALS = [
    ("find", Response(status_code=401), "does not take our credentials (HTTP 401); check RORBRIDGE_SCHEMA_REGISTRY__"),
    ("find", Response(status_code=403), "grants no Read on subject results-value"),
    ("register", Response(status_code=403), "RORBRIDGE_SCHEMA_REGISTRY__AUTO_REGISTER=false"),
    ("find", PlainTextResponse("Not Found", 404), "there is no schema registry at http://"),
    ("find", JSONResponse({"error_code": 404, "message": "HTTP 404"}, 404), "check RORBRIDGE_SCHEMA_REGISTRY__URL"),
    (
        "register",
        JSONResponse({"error_code": 409, "message": "Schema is\nincompatible: PROPERTY_ADDED" + "x" * 9_000}, 409),
        "forbids it: Schema is incompatible: PROPERTY_ADDED",
    ),
    ("register", JSONResponse({"error_code": 409}, 409), 'PUT {"compatibility": "FORWARD"} to http://127.0.0.1:'),
    ("register", JSONResponse({"error_code": 42205, "message": "read-only mode"}, 422), "HTTP 422: read-only mode"),
    ("find", JSONResponse(["no object"], 500), "answers HTTP 500"),
    ("find", RedirectResponse("/login"), "answers HTTP 307"),
    ("find", PlainTextResponse("<h1>Please log in</h1>"), "something else than a schema's id; check RORBRIDGE_"),
    ("register", JSONResponse({"id": "1"}), "something else than a schema's id"),
    ("register", JSONResponse({"id": 2**31}), "something else than a schema's id"),
]


@pytest.mark.parametrize(("kind", "response", "says"), REFUSALS, ids=[says[:30] for _, _, says in REFUSALS])
async def test_what_the_registry_refuses_is_said_with_what_to_do(kind: str, response: Response, says: str) -> None:
    async with serving(ScriptedRegistry(answers={kind: response})) as settings:
        told = await what_is_in_the_way(settings)
    assert says in told
    assert "\n" not in told
    assert len(told) < 1_000


async def test_credentials_are_shown_to_the_registry_alone() -> None:
    echo = "they sent hush-hush and dXM6aHVzaC1odXNo"
    scripted = ScriptedRegistry(answers={"find": JSONResponse({"error_code": 40101, "message": echo}, 401)})
    async with serving(scripted, **SECRET) as settings:
        with capture_logs() as logged:
            told = await what_is_in_the_way(settings)
        found = await finding(settings)
        del scripted.answers["find"]
        assert await settled(settings) == 1
    assert scripted.credentials == {"Basic dXM6aHVzaC1odXNo"}
    assert len(logged) == 1
    for shown in (told, str(logged), repr(settings), str(found)):
        assert "hush-hush" not in shown
        assert "dXM6aHVzaC1odXNo" not in shown


async def test_a_registry_that_hangs_is_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CALL_S", 0.1)
    async with serving(ScriptedRegistry(takes_s=1)) as settings:
        assert "none within 0.1 s" in await what_is_in_the_way(settings)


async def test_a_registry_that_comes_late_is_waited_for() -> None:
    port = free_port()
    settings = SchemaRegistrySettings.model_validate({"url": f"http://127.0.0.1:{port}"})
    assert f"no answer from the schema registry at http://127.0.0.1:{port}" in await what_is_in_the_way(settings)
    schema = ResultSchema(settings, "results")
    settling = asyncio.create_task(schema.settle(lambda _: None))
    await asyncio.sleep(0.1)
    with pytest.raises(AssertionError, match="before the id is known"):
        _ = schema.id
    async with served(ScriptedRegistry().app, port=port), asyncio.timeout(5):
        await settling
    assert schema.id == 1


async def test_its_certificate_is_taken_from_the_authority_that_is_named_alone(tmp_path: Path) -> None:
    ours, another = Authority("ours"), Authority("another")
    (tmp_path / "no-pem").write_text("hello")
    (tmp_path / "another").mkdir()
    scripted = ScriptedRegistry()
    async with tls_server(scripted.app, ours.issue("registry", client=False)) as url:

        def settings(ca_file: Path | None) -> SchemaRegistrySettings:
            return SchemaRegistrySettings.model_validate({"url": url, "ca_file": ca_file})

        for refused in (None, another.write(tmp_path / "another")):
            told = await what_is_in_the_way(settings(refused))
            assert "CERTIFICATE_VERIFY_FAILED" in told
            assert told.endswith("name who signed its certificate in RORBRIDGE_SCHEMA_REGISTRY__CA_FILE")
        told = await what_is_in_the_way(settings(tmp_path / "no-pem"))
        assert told.startswith("RORBRIDGE_SCHEMA_REGISTRY__CA_FILE ")
        assert scripted.asked == []
        assert await settled(settings(ours.write(tmp_path))) == 1


async def test_the_preflight_says_how_it_stands_and_registers_nothing() -> None:
    scripted = ScriptedRegistry()
    async with serving(scripted) as settings:
        assert "the service registers it" in (await finding(settings)).found
        scripted.schemas[SUBJECT] = [OLDER]
        assert (await finding(settings)).state is State.OK
        scripted.is_compatible = False
        kept_out = await finding(settings)
        scripted.schemas[SUBJECT].append(OURS)
        assert (await finding(settings)).found == "id 2, results-value"
        scripted.answers["find"] = Response(status_code=503)
        away = await finding(settings)
    assert kept_out.state is State.FAILED
    assert '{"compatibility": "FORWARD"}' in (kept_out.mend or "")
    assert away.state is State.FAILED
    assert away.found.endswith("answers HTTP 503")
    assert not [one for one in scripted.asked if one.startswith("register")]


async def test_the_preflight_fails_where_the_schema_is_missing_and_may_not_be_registered() -> None:
    async with serving(ScriptedRegistry(), auto_register=False) as settings:
        found = await finding(settings)
    assert found.state is State.FAILED
    assert "AUTO_REGISTER=true" in (found.mend or "")


async def test_the_preflight_says_nothing_of_a_registry_that_is_not_set() -> None:
    assert [one async for one in registry_findings(SchemaRegistrySettings(), "results")] == []
