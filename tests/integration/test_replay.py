"""Dead letters, listed and put again, through the service and real Kafka."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from rorbridge.events.envelope import correlation_id
from rorbridge.events.examples import examples
from rorbridge.events.result import decode
from tests.support.fhir import EMPTY
from tests.support.http import scripted_ror
from tests.support.kafka import Broker, Record, Topics, publish, read, read_all
from tests.support.processes import environment, running_service
from tests.support.requests import ANSWERED, Sent, headers
from tests.support.ror import ror_environment

REQUEST = json.dumps(json.loads(examples()[0].data) | {"answer": {"limit": 1}}).encode()
REFUSED = b'{"resourceType": "OperationOutcome", "issue": [{"code": "invalid"}]}'


async def replay(settings: dict[str, str], *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "rorbridge", "replay", *options]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment(settings), capture_output=True, text=True, check=False
    )


@pytest.mark.kafka
async def test_a_failed_request_is_put_again_under_its_id_and_answered_once_more(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:

    refuses = True

    async def search(request: Request) -> Response:
        return Response(REFUSED, 400) if refuses else Response(EMPTY, media_type="application/fhir+json")

    failing = Sent("wanted", b"case-1", REQUEST, headers("wanted"), ANSWERED)
    bare = Sent("bare", b"case-2", REQUEST, [], ANSWERED)
    rejected = Sent("rejected", b"case-3", b"{}", headers("rejected"), ANSWERED)
    no_event = Sent("no-event", b"case-4", b"hello", [], ANSWERED)
    async with scripted_ror(search) as ror:
        settings = topics.settings(broker) | ror_environment(ror)
        await publish(broker, topics.requests, [failing, bare, rejected, no_event])
        with running_service(settings, tmp_path / "log"):
            await read(broker, [topics.dead_letters], until=lambda found: len(found) >= 4)
            refuses = False
            listed = await replay(settings, "--status", "failed", "--dry-run", "--json")
            assert listed.returncode == 0, listed
            assert {json.loads(line)["status"] for line in listed.stdout.splitlines()} == {"failed"}
            assert len(listed.stdout.splitlines()) == 2, listed
            assert not (await replay(settings, "--error", "nothing-like-this")).stdout
            [told] = (await replay(settings, "--key", "case-3", "--dry-run")).stdout.splitlines()
            assert "  rejected  invalid-request  " in told, "what --error may be"
            times = [one[:20] for one in (await replay(settings, "--dry-run")).stdout.splitlines()]
            assert times == sorted(times)
            assert not (await replay(settings, "--since", "2030-01-01T00:00Z", "--dry-run")).stdout
            sent = await replay(settings, "--status", "failed", "--since", "1h")
            assert sent.returncode == 0, sent.stderr

            def answered_anew(found: list[Record]) -> bool:
                return len(found) >= 5

            results = await read(broker, [topics.results], until=answered_anew)
            again = await replay(settings, "--status", "failed")
            assert "no such dead letter" in again.stderr, "what was answered anew is not put again"
            assert (await replay(settings, "--since", "yesterday")).returncode == 64
            assert "1 sent" in (await replay(settings, "--status", "no-event")).stderr
            await read(broker, [topics.dead_letters], until=lambda found: len(found) >= 5)
            [again_none] = (await replay(settings, "--status", "no-event", "--dry-run")).stdout.splitlines()
            assert "attempt 2" in again_none, "the same one, once more"
        # The service is down, so that nothing is answered between the two.
        assert "1 sent" in (await replay(settings, "--status", "no-event")).stderr
        assert "no such dead letter" in (await replay(settings, "--status", "no-event")).stderr
        results = await read_all(broker, topics.results)
    by_id: dict[str, list[Record]] = {}
    for one in results:
        by_id.setdefault(correlation_id(one.headers) or "", []).append(one)
    [place] = [id_ for id_ in by_id if id_.startswith(topics.requests)]
    for id_, key in (("wanted", b"case-1"), (place, b"case-2")):
        first, second = sorted(by_id[id_], key=lambda one: one.timestamp)
        assert (first.key, second.key) == (key, key)
        assert [decode(one.value or b"").attempt for one in (first, second)] == [1, 2]
        assert decode(second.value or b"").status == "no-match"
        assert dict(first.headers)["ce_id"] != dict(second.headers)["ce_id"]
        assert dict(second.headers)["ce_attempt"] == b"2"
    assert len(by_id["rejected"]) == 1
