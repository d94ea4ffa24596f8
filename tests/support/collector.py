"""A collector of traces: OTLP over HTTP on a real socket, what comes in decoded; and a trace as text."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Encoded
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.http import served

Value = str | int | float | bool


@dataclass(frozen=True)
class Span:
    """A span as it came."""

    name: str
    kind: str
    trace_id: str
    id: str
    parent: str
    """Its parent's id; empty for the first of a trace."""
    attributes: dict[str, Value]
    events: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    """Trace and span that each link names."""
    is_error: bool
    started_ns: int
    tracestate: str


@dataclass
class Collector:
    """Takes what is exported."""

    endpoint: str = ""
    answers: int = 200
    """The status that it answers with."""
    exports: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    resource: dict[str, Value] = field(default_factory=dict)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.exports.append(body)
        self.headers.append(dict(request.headers))
        if self.answers == 200:
            for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resource |= _attributes(of_resource.resource.attributes)
                self.spans += [_span(one) for scope in of_resource.scope_spans for one in scope.spans]
        return Response(b"", self.answers, media_type="application/x-protobuf")

    def settings(self) -> dict[str, str]:
        """Give the variables that send traces here, soon after they are there."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}

    async def until(self, holds: Callable[[list[Span]], bool]) -> list[Span]:
        """Wait until *holds* of what came, and give it."""
        async with asyncio.timeout(30):
            while not holds(self.spans):  # noqa: ASYNC110 - requests come when they come
                await asyncio.sleep(0.02)
        return self.spans


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    """Run a collector on a free port until the block ends."""
    found = Collector()
    async with served(Starlette(routes=[Route("/v1/traces", found.take, methods=["POST"])])) as port:
        found.endpoint = f"http://127.0.0.1:{port}"
        yield found


def _span(one: Encoded) -> Span:
    return Span(
        name=one.name,
        kind=Encoded.SpanKind.Name(one.kind).removeprefix("SPAN_KIND_"),
        trace_id=one.trace_id.hex(),
        id=one.span_id.hex(),
        parent=one.parent_span_id.hex(),
        attributes=_attributes(one.attributes),
        events=tuple(event.name for event in one.events),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in one.links),
        is_error=one.status.code == 2,
        started_ns=one.start_time_unix_nano,
        tracestate=one.trace_state,
    )


def _attributes(found: Iterable[KeyValue]) -> dict[str, Value]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in found}


def rendered(spans: list[Span], shown: Callable[[str, Value], str]) -> str:
    """Write a trace as an indented text, each span with its attributes, events and links.

    *shown* gives a value's text.
    """
    ids = {one.id for one in spans}
    lines: list[str] = []

    def put(parent: str, depth: int) -> None:
        children = [one for one in spans if (one.parent if one.parent in ids else "") == parent]
        for one in sorted(children, key=lambda child: child.started_ns):
            indent = "    " * depth
            lines.append(f"{indent}{one.name}   [{one.kind}{', ERROR' if one.is_error else ''}]")
            lines.extend(f"{indent}  - {name}: {shown(name, value)}" for name, value in sorted(one.attributes.items()))
            lines.extend(f"{indent}  * {name}" for name in one.events)
            lines.extend(f"{indent}  → {trace} {span}" for trace, span in one.links)
            put(one.id, depth + 1)

    put("", 0)
    return "\n".join(lines) + "\n"
