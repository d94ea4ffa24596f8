"""One trace of one request: ``rorbridge run`` on Kafka, a ROR and a collector that decodes what comes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rorbridge.events.envelope import correlation_id
from rorbridge.lookalike.config import Config
from rorbridge.lookalike.dataset import generate
from rorbridge.lookalike.server import serving
from tests.support.collector import Collector, Span, collector
from tests.support.fhir import EMPTY
from tests.support.http import Handler, Ror, scripted_ror
from tests.support.kafka import Broker, Record, Topics, publish, read
from tests.support.metrics import PAGE, Metrics, scraped
from tests.support.processes import running_service
from tests.support.requests import Sent, headers
from tests.support.ror import lookalike_environment, ror_environment
from tests.support.tracepage import IS_WRITING, page_with_trace, tree

pytestmark = pytest.mark.kafka

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
NEED: dict[str, object] = {
    "need": {"activity": ["013"]},
    "where": {"commune": "44162", "radiusKm": 15, "maxRadiusKm": 30},
    "answer": {"atLeast": 20},
}


def traceparent(number: int = 0, flags: str = "01") -> str:
    return f"00-{trace(number)}-{PARENT}-{flags}"


def trace(number: int) -> str:
    return f"{int(TRACE, 16) + number:032x}"


def asked(id_: str, trace: str | None = None, *, content: object = NEED, **more: str) -> Sent:
    found = {**({"traceparent": trace} if trace else {}), **more}
    own = [*headers(id_), *((name, value.encode()) for name, value in found.items())]
    return Sent(id_, b"case-7", json.dumps(content).encode(), own, frozenset())


def around(radius_km: float) -> dict[str, object]:
    """Give a request of its own: another radius is another search."""
    return NEED | {"where": {"commune": "44162", "radiusKm": radius_km}}


def children(spans: list[Span], of: Span) -> list[Span]:
    return sorted((one for one in spans if one.parent == of.id), key=lambda one: one.started_ns)


def of(spans: list[Span], number: int, kind: str) -> list[Span]:
    """Give the spans of a kind in one trace."""
    return [one for one in spans if one.kind == kind and one.trace_id == trace(number)]


def told(record: Record, *names: str) -> tuple[str | None, ...]:
    found = dict(record.headers)
    return tuple(raw.decode() if (raw := found.get(name)) is not None else None for name in names)


async def measured(url: str, holds: Callable[[Metrics], bool]) -> Metrics:
    """Wait until *holds* of what /metrics tells, and give it."""
    async with httpx.AsyncClient() as http, asyncio.timeout(30):
        while not holds(found := scraped((await http.get(f"{url}/metrics")).text)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
    return found


@dataclass
class Running:
    """A service whose traces are collected."""

    broker: Broker
    topics: Topics
    traces: Collector
    ror: Ror
    log: Path
    url: str

    async def ask(self, *sent: Sent) -> None:
        await publish(self.broker, self.topics.requests, sent)

    async def results(self, count: int) -> dict[str | None, Record]:
        found = await read(self.broker, [self.topics.results], until=lambda found: len(found) >= count)
        return {correlation_id(one.headers): one for one in found}


@asynccontextmanager
async def running(broker: Broker, topics: Topics, search: Handler, log: Path, **more: str) -> AsyncIterator[Running]:
    """Run a service on a scripted ROR until the block ends."""
    async with scripted_ror(search) as ror, collector() as traces:
        with running_service(topics.settings(broker) | ror_environment(ror) | traces.settings() | more, log) as service:
            await service.ready()
            yield Running(broker, topics, traces, ror, log, service.url)
            assert await asyncio.to_thread(service.terminate) == 0


async def test_a_request_is_one_trace_from_its_traceparent_to_that_of_its_result(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    config = Config()
    async with serving(generate(2_000, seed=1), config) as ror, collector() as traces:
        settings = topics.settings(broker) | lookalike_environment(ror, config, access_profile=0) | traces.settings()
        with running_service(settings, tmp_path / "log") as service:
            await publish(broker, topics.requests, [asked("r-1", traceparent(), tracestate="vendor=1")])
            [result] = await read(broker, [topics.results], until=lambda found: len(found) >= 1)
            counted = await measured(service.url, lambda found: found["rorbridge_commit_records_sum"] == {(): 1.0})
            assert await asyncio.to_thread(service.terminate) == 0
    spans = traces.spans
    assert {one.trace_id for one in spans} == {TRACE}
    assert {one.tracestate for one in spans} == {"vendor=1"}
    [process] = of(spans, 0, "CONSUMER")
    assert (process.name, process.parent) == (f"process {topics.requests}", PARENT)
    assert process.attributes["rorbridge.status"] == "matched"
    *searches, send = children(spans, process)
    assert counted["rorbridge_offers_published_total"] == {(): process.attributes["rorbridge.offers"]}
    assert [one.name for one in searches] == ["search"] * 2
    assert process.attributes["rorbridge.rounds"] == 2
    assert (send.name, send.kind) == (f"send {topics.results}", "PRODUCER")
    calls = [one for search in searches for one in children(spans, search)]
    assert {one.kind for one in calls} == {"CLIENT"}
    assert [one.name for one in calls] == ["POST token", "GET metadata", "GET search", "GET search"]
    out = f"00-{TRACE}-{send.id}-01"
    assert told(result, "traceparent", "ce_traceparent", "tracestate") == (out, out, "vendor=1")
    assert traces.resource["service.name"] == "rorbridge"
    [answered] = [line for line in (tmp_path / "log").read_text().splitlines() if '"answered"' in line]
    assert json.loads(answered)["trace_id"] == TRACE
    page = page_with_trace(tree(spans, topics))
    if IS_WRITING:
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "run `make trace-page`"


async def test_each_request_has_its_trace_and_links_to_the_one_whose_calls_it_shared(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    over = asyncio.Event()

    async def search(request: Request) -> Response:
        await over.wait()
        return Response(EMPTY, media_type="application/fhir+json")

    async with running(broker, topics, search, tmp_path / "log") as service:
        same = [asked(f"r-{number}", traceparent(number), content=around(5)) for number in (1, 2)]
        await service.ask(
            *same,
            asked("not-sampled", traceparent(3, "00"), content=around(5), tracestate="vendor=1"),
            asked("without", content=around(5)),
        )
        in_hand = ("rorbridge_window_records", "rorbridge_parked_records")
        await measured(service.url, lambda found: sum(sum(found.get(name, {}).values()) for name in in_hand) == 4)
        over.set()
        results = await service.results(4)
        await service.ask(asked("r-4", traceparent(4), content=around(5)))
        results = await service.results(5)
    spans = service.traces.spans
    [first], *others = (of(spans, number, "INTERNAL") for number in (1, 2, 4))
    assert first.attributes["rorbridge.search.source"] == "ror"
    assert [one.name for one in of(spans, 1, "CLIENT")] == ["POST token", "GET metadata", "GET search"]
    assert [one.attributes["rorbridge.search.source"] for [one] in others] == ["shared", "cache"]
    for [one] in others:
        assert one.links == ((first.trace_id, first.id),)
        assert not children(spans, one)
    assert told(results["not-sampled"], "traceparent", "ce_traceparent", "tracestate") == (
        traceparent(3, "00"),
        traceparent(3, "00"),
        "vendor=1",
    )
    assert trace(3) not in {one.trace_id for one in spans}
    [(_, new, parent, flags)] = [(told(results["without"], "traceparent")[0] or "").split("-")]
    assert int(flags, 16) & 1, "sampled"
    assert [one.trace_id for one in spans if one.id == parent] == [new]
    assert len({one.trace_id for one in spans}) == 4


BODY, KEY, CODE = "canary-body", "canary-key", "0777"
PASSWORD = "canary-password"


def refused(status: int) -> Response:
    issue = {"severity": "error", "code": "invalid", "diagnostics": BODY}
    return JSONResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status)


async def test_what_goes_wrong_is_in_the_trace_by_its_kind_and_never_by_its_text(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    away = 2

    async def search(request: Request) -> Response:
        nonlocal away
        if CODE in str(request.url):
            return refused(400)
        away -= 1
        return refused(503) if away >= 0 else Response(EMPTY, media_type="application/fhir+json")

    secret = {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{PASSWORD}"}
    async with running(broker, topics, search, tmp_path / "log", **secret) as service:
        refusable = asked("r-1", traceparent(1), content={"need": {"activity": [CODE]}, "where": {"region": "52"}})
        sent = [
            refusable,
            asked("r-2", traceparent(2), content=around(5)),
            asked("r-3", traceparent(3), content={BODY: BODY}),
            Sent("", KEY.encode(), BODY.encode(), [("traceparent", traceparent(4).encode())], frozenset()),
        ]
        await service.ask(*(Sent(one.id, KEY.encode(), one.value, one.headers, one.expected) for one in sent))
        await service.results(3)
        counted = await measured(service.url, lambda found: found["rorbridge_commit_records_sum"] == {(): 4.0})
    assert {dict(labels)["reason"]: count for labels, count in counted["rorbridge_dead_letters_total"].items()} == {
        "not-an-event": 1,
        "unreadable": 0,
        "rejected": 1,
        "failed": 1,
    }
    spans = service.traces.spans
    [refusal], [parked], [rejected], [no_event] = (of(spans, number, "CONSUMER") for number in (1, 2, 3, 4))
    assert refusal.is_error
    assert (refusal.attributes["rorbridge.status"], refusal.attributes["error.type"]) == (
        "failed",
        "urn:rorbridge:problem:ror-refused",
    )
    [failing] = [one for one in of(spans, 1, "CLIENT") if one.name == "GET search"]
    assert failing.is_error
    assert (failing.attributes["http.response.status_code"], failing.attributes["error.type"]) == (400, "400")
    assert not parked.is_error
    assert {"parked", "goes on"} <= set(parked.events)
    assert float(parked.attributes["rorbridge.parked_ms"]) > 0
    assert not rejected.is_error
    assert rejected.attributes["rorbridge.status"] == "rejected"
    assert (no_event.is_error, no_event.attributes["error.type"]) == (True, "not-an-event")
    assert not of(spans, 4, "PRODUCER")
    assert all(one["authorization"] == f"Bearer {PASSWORD}" for one in service.traces.headers)
    exported = b"".join(service.traces.exports)
    for canary in (BODY, KEY, CODE, PASSWORD, "token-1"):
        assert canary.encode() not in exported, canary
    assert PASSWORD not in service.log.read_text()
