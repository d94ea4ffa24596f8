"""The service with a schema registry: it waits for it, and then results travel in the Confluent wire format."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from rorbridge.events.envelope import correlation_id
from rorbridge.events.examples import examples
from rorbridge.events.result import decode
from rorbridge.events.wireformat import frame, split
from tests.support.fhir import EMPTY
from tests.support.http import scripted_ror, served
from tests.support.kafka import Broker, Record, Topics, publish, read
from tests.support.processes import Service, environment, free_port, running_service
from tests.support.registry import ScriptedRegistry
from tests.support.requests import ANSWERED, Sent, headers
from tests.support.ror import ror_environment

REQUEST = examples()[0].data
THEIRS = 41
"""The id that the senders of requests have for their schema; nobody here knows it."""


async def not_ready(service: Service, until: str) -> str:
    """Give what the service waits for, once that tells of *until*."""
    deadline = time.monotonic() + 30
    async with httpx.AsyncClient() as http:
        while time.monotonic() < deadline:
            try:
                reasons = (await http.get(f"{service.url}/readyz")).json()["reasons"]
                told = " ".join(one["text"] for one in reasons)
            except httpx.TransportError:
                told = ""
            if until in told:
                return told
            await asyncio.sleep(0.1)
    raise AssertionError(service.log.read_text()[-4000:])


async def rorbridge(settings: dict[str, str], *arguments: str, stdin: bytes = b"") -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rorbridge", *arguments),
        env=environment(settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    output, _ = await process.communicate(stdin)
    return process.returncode or 0, output.decode()


@pytest.mark.real_kafka
async def test_the_registry_is_waited_for_and_every_reader_reads_what_comes_then(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    refuses = True

    async def search(request: Request) -> Response:
        if refuses:
            return Response(b'{"resourceType": "OperationOutcome", "issue": [{"code": "invalid"}]}', 400)
        return Response(EMPTY, media_type="application/fhir+json")

    def come(count: int, topic: str) -> "asyncio.Task[list[Record]]":
        return asyncio.create_task(read(broker, [topic], until=lambda found: len(found) >= count))

    port = free_port()
    sent = [
        Sent("event", b"case-1", frame(THEIRS, REQUEST), headers("event"), ANSWERED),
        Sent("bare", b"case-2", frame(THEIRS, REQUEST), [], ANSWERED),
        Sent("avro", b"case-3", frame(THEIRS, b"\x02\x04"), [], frozenset()),
    ]
    await publish(broker, topics.requests, sent)
    async with scripted_ror(search) as ror:
        settings = topics.settings(broker) | ror_environment(ror)
        settings |= {
            "RORBRIDGE_SCHEMA_REGISTRY__URL": f"http://127.0.0.1:{port}",
            "RORBRIDGE_SCHEMA_REGISTRY__USERNAME": "us",
            "RORBRIDGE_SCHEMA_REGISTRY__PASSWORD": "hush-hush",
            "RORBRIDGE_LOG__LEVEL": "DEBUG",
        }
        with running_service(settings, tmp_path / "log") as service:
            told = await not_ready(service, f"no answer from the schema registry at http://127.0.0.1:{port}")
            assert "schema-not-settled" in service.log.read_text()
            assert told in service.log.read_text()
            # The id of ours is not 1: the registry holds another schema already.
            scripted = ScriptedRegistry({"another-value": ["{}"]})
            async with served(scripted.app, port=port):
                await service.ready()
            # The registry is away again, and not missed.
            letters = await come(3, topics.dead_letters)
            assert {one.value for one in letters} == {one.value for one in sent}, "raw, as they came"
            refuses = False
            code, output = await rorbridge(settings, "send", "-", "--wait", "--json", stdin=REQUEST)
            assert (code, json.loads(output)["status"]) == (1, "no-match")
            code, output = await rorbridge(settings, "replay", "--status", "failed")
            assert code == 0
            results = await come(5, topics.results)
            assert service.terminate() == 0
    assert scripted.asked[-1] == f"register {topics.results}-value"
    assert scripted.credentials == {"Basic dXM6aHVzaC1odXNo"}
    assert not {one for one in ("hush-hush", "dXM6aHVzaC1odXNo") if one in service.log.read_text()}
    assert [split(one.value or b"")[0] for one in results] == [2] * 5
    assert all(dict(one.headers)["content-type"] == b"application/json" for one in results)
    seen = sorted((one.key, one.timestamp, decode(one.value or b"").status) for one in results if one.key)
    assert [(key, status) for key, _, status in seen] == [
        (b"case-1", "failed"),
        (b"case-1", "no-match"),
        (b"case-2", "failed"),
        (b"case-2", "no-match"),
    ]
    requests = await read(broker, [topics.requests], until=lambda found: len(found) >= 6)
    replayed = [one for one in requests if "ce_attempt" in dict(one.headers)]
    assert {correlation_id(one.headers) for one in replayed} == {None}
    assert {one.value for one in replayed} == {frame(THEIRS, REQUEST)}, "as it was, for the other readers of the topic"
