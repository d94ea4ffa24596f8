"""No secret and no body in what the service tells of itself: canaries in all inputs, a search in all outputs."""

import asyncio
import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.integration.test_check import check
from tests.support.collector import collector
from tests.support.fhir import EMPTY
from tests.support.http import scripted_ror
from tests.support.kafka import Broker, Record, Topics, publish, read
from tests.support.processes import free_port, running_service
from tests.support.requests import Sent, valid
from tests.support.ror import ror_environment
from tests.support.tls import Authority, mtls_ror

SECRET, PASSWORD, SUBJECT = "canary-secret", "canary-password", "canary-subject"
REQUEST, BODY, DIAGNOSTICS = "canary-request", "canary-body", "canary-diagnostics"
HEADER = "canary-header"
"""In headers that pass through to a dead letter as they are, and are told nowhere else."""

HOSTILE: dict[str, Callable[[], Response]] = {
    "0101": lambda: HTMLResponse(f"<h1>{BODY}</h1>", 502),
    "0102": lambda: JSONResponse(outcome(500), 500),
    "0103": lambda: JSONResponse(outcome(400), 400),
    "0104": lambda: Response(f'{{"resourceType": "Bundle", "entry": [{{"resource": "{BODY}', 200),
    "0105": lambda: JSONResponse({"resourceType": BODY}, 200),
    "0106": lambda: JSONResponse(
        {
            "resourceType": "Bundle",
            "entry": [{"resource": {"resourceType": "HealthcareService", "id": {BODY: BODY}}}, {"resource": BODY}],
        }
    ),
    "0107": lambda: Response(status_code=302, headers={"location": f"https://{BODY}.example/{BODY}"}),
    "0108": lambda: Response(b"x", headers={"content-encoding": BODY}),
    "0109": lambda: JSONResponse({"resourceType": "Bundle", "link": [{"relation": "next", "url": f"https://[{BODY}"}]}),
}
"""What the ROR answers to a search for an activity."""


def outcome(status: int) -> dict[str, object]:
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"code": "exception", "diagnostics": f"{DIAGNOSTICS}-{status}"}],
    }


def broken_requests() -> list[Sent]:
    """Requests with canaries where they do not belong."""
    good = valid(8, seed=3)
    content = json.loads(good[0].value or b"")
    structured = [("content-type", b"application/cloudevents+json")]
    return [
        replace(good[0], value=REQUEST.encode()),
        replace(good[1], value=json.dumps(content | {"patient": REQUEST}).encode()),
        replace(good[2], value=json.dumps(content | {"need": {"activity": [f"{REQUEST} {REQUEST}"]}}).encode()),
        replace(good[3], value=json.dumps(content | {"deadline": REQUEST}).encode()),
        replace(good[4], value=json.dumps({"specversion": {"x": REQUEST}, "id": "1"}).encode(), headers=structured),
        replace(good[5], value=json.dumps([REQUEST]).encode()),
        replace(good[6], value=b'{"need": {"age": {"value": "' + REQUEST.encode() + b'"}}}'),
    ]


def searches() -> list[Sent]:
    """Requests that are answered by each of the hostile answers."""
    [good] = valid(1, seed=4)
    found = []
    for code in HOSTILE:
        content = {"need": {"activity": [code]}, "where": {"departments": ["44"]}}
        headers = [(name, f"h-{code}".encode() if name == "ce_id" else value) for name, value in good.headers]
        found.append(replace(good, value=json.dumps(content).encode(), headers=headers))
    return found


@pytest.mark.kafka
async def test_no_canary_of_any_input_is_in_logs_metrics_traces_health_or_a_dump(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    async def search(request: Request) -> Response:
        told = str(request.url)
        return next((answer() for code, answer in HOSTILE.items() if f"%7C{code}" in told), good())

    def good() -> Response:
        return Response(EMPTY, media_type="application/fhir+json")

    servers, clients = Authority("servers"), Authority("clients")
    cert, key = clients.issue(SUBJECT, client=True, days=5).write_pem(tmp_path, PASSWORD.encode())
    strange = [(name, f"{HEADER} {name}".encode()) for name in ("tracestate", "baggage", "traceparent", "b3")]
    traced = [*strange[:2], ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    sent = [
        replace(one, headers=[*one.headers, *(traced if number % 2 else strange)])
        for number, one in enumerate([*broken_requests(), *searches()])
    ]
    async with (
        mtls_ror(search, server=servers.issue("ror", client=False), clients=clients, known={SUBJECT}) as ror,
        collector() as traces,
    ):
        ror.tokens.append(JSONResponse({"error": BODY, "error_description": BODY}, 400))
        ror.tokens.append(JSONResponse({"access_token": f"{SECRET}\n", "expires_in": 5}))
        ror.tokens.append(JSONResponse({"access_token": SECRET, "expires_in": 3000}))
        settings = (
            topics.settings(broker)
            | ror_environment(ror)
            | traces.settings()
            | {
                "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={PASSWORD}",
                "OTEL_PROPAGATORS": "tracecontext,baggage",
                "RORBRIDGE_ROR__CLIENT_CERT": str(cert),
                "RORBRIDGE_ROR__CLIENT_KEY": str(key),
                "RORBRIDGE_ROR__CLIENT_KEY_PASSWORD": PASSWORD,
                "RORBRIDGE_ROR__CA_BUNDLE": str(servers.write(tmp_path)),
                "RORBRIDGE_LOG__LEVEL": "DEBUG",
                "PYTHONFAULTHANDLER": "1",
            }
        )
        del settings["RORBRIDGE_ROR__CLIENT_SECRET"]
        await publish(broker, topics.requests, sent)
        with running_service(settings, tmp_path / "log") as service:
            results = await read(
                broker, [topics.results], until=lambda found: len(found) >= len(searches()) + 4, timeout_s=90
            )
            async with httpx.AsyncClient() as http:
                pages = [(await http.get(f"{service.url}/{path}")).text for path in ("metrics", "readyz", "asyncapi")]
            await traces.until(lambda found: sum(one.kind == "CONSUMER" for one in found) == len(sent))
            service.process.send_signal(signal.SIGABRT)
            await asyncio.to_thread(service.process.wait)
    letters = await read(broker, [topics.dead_letters], until=lambda found: False, timeout_s=2)
    log = (tmp_path / "log").read_text()
    assert '"answered"' in log
    assert "Current thread" in log, "the dump is there"
    assert "rorbridge_ror_calls_total" in pages[0]
    assert HEADER.encode() not in headers_of(results)
    for canary in (SECRET, PASSWORD, SUBJECT, REQUEST, BODY, DIAGNOSTICS, HEADER):
        assert canary not in log, canary
        assert canary not in "".join(pages), canary
        assert canary.encode() not in b"".join(traces.exports), canary
        assert canary.encode() not in headers_of([*results, *letters]) or canary in {DIAGNOSTICS, HEADER}, canary
    published = b"".join(one.value or b"" for one in results)
    for canary in (SECRET, PASSWORD, SUBJECT, REQUEST, BODY, f"{DIAGNOSTICS}-500"):
        assert canary.encode() not in published, canary
    assert f"{DIAGNOSTICS}-400".encode() in published, "who asked is told why the ROR refused the question"
    assert f"{DIAGNOSTICS}-500".encode() not in headers_of(letters)


def headers_of(records: list[Record]) -> bytes:
    return b"".join(value for one in records for _, value in one.headers)


async def test_the_preflight_shows_no_secret_either(tmp_path: Path) -> None:
    async def refuses(request: Request) -> Response:
        return HTMLResponse(f"<h1>{BODY}</h1>", 403)

    async with scripted_ror(refuses) as ror:
        settings = ror_environment(ror) | {
            "RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
            "RORBRIDGE_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "RORBRIDGE_KAFKA__SASL_USERNAME": "us",
            "RORBRIDGE_KAFKA__SASL_PASSWORD": PASSWORD,
            "RORBRIDGE_ROR__CLIENT_SECRET": SECRET,
        }
        told = [await check(settings, *arguments) for arguments in ([], ["--json"])]
    assert [code for code, _ in told] == [1, 1]
    for canary in (SECRET, PASSWORD, BODY):
        assert all(canary not in text for _, text in told), canary
