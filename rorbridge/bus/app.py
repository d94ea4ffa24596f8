"""The service as a FastStream app: the broker with its lanes, the directory, endpoints and signals."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Protocol

import uvicorn
from faststream.asgi import AsgiFastStream, AsgiResponse
from faststream.asgi.types import Receive, Scope, Send

from rorbridge import __version__
from rorbridge.bus.answer import Answerer
from rorbridge.bus.asyncapi import endpoint as asyncapi
from rorbridge.bus.bridge import Bridge
from rorbridge.bus.broker import LaneBroker
from rorbridge.bus.registry import ResultSchema
from rorbridge.orientation.directory import Directory
from rorbridge.orientation.nomenclature import Nomenclature
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver
from rorbridge.orientation.turns import Turns
from rorbridge.settings import Settings
from rorbridge.telemetry import health, metrics
from rorbridge.telemetry.health import Reason

_COLLECT_AFTER = 20_000
"""New objects after which Python looks for cycles among them. With its own 700 it does so many times an answer."""


class OpenDirectory(Directory, Protocol):
    """A directory with connections to open and to close."""

    turns: Turns
    """In which it decodes what it is answered."""

    async def __aenter__(self) -> object: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class _App(AsgiFastStream):
    """Says which endpoints there are; FastStream's own words are that it speaks no HTTP."""

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await super().not_found(scope, receive, send)
        told = f"There is {', '.join(path for path, _ in self.routes)}.\n"
        answer = AsgiResponse(told.encode(), status_code=404, headers={"content-type": "text/plain; charset=utf-8"})
        return await answer(scope, receive, send)


def create_app(
    settings: Settings, directory: OpenDirectory, nomenclature: Nomenclature, crashed: Callable[[], None]
) -> AsgiFastStream:
    """Build the app that answers requests from *directory*, which is open as long as the app runs.

    *crashed* is called when only a restart would help.
    """
    resolver = Resolver(
        directory=directory,
        nomenclature=nomenclature,
        audience=Audience(settings.audience.max_confidentiality, settings.audience.sensitive_units),
        access_profile=settings.ror.access_profile,
        turns=directory.turns,
    )
    metrics.CIRCUIT_OPEN.set_function(lambda: float(resolver.circuit.problem is not None))
    registry = settings.schema_registry
    schema = ResultSchema(registry, settings.kafka.results_topic) if registry.url else None
    bridge = Bridge(settings.kafka, Answerer(resolver, settings.kafka, schema), crashed, schema)
    metrics.LANES.set_function(bridge.readings)
    metrics.WINDOW_SIZE.set(settings.kafka.window)
    metrics.BUILD.info({"version": __version__, "delivery": settings.kafka.delivery})

    def not_ready() -> list[Reason]:
        return [*bridge.not_ready, *away()]

    def away() -> list[Reason]:
        circuit = resolver.circuit
        return [Reason("ror", circuit.problem, circuit.since)] if circuit.problem else []

    def dead() -> list[Reason]:
        return [*bridge.dead, *(away() if resolver.circuit.is_stuck else [])]

    metrics.READY.set_function(lambda: float(not not_ready()))

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with directory:
            yield

    return _App(
        LaneBroker(settings.kafka, bridge),
        lifespan=lifespan,
        logger=None,
        asgi_routes=[
            ("/livez", health.livez(dead)),
            ("/readyz", health.readyz(not_ready)),
            ("/metrics", metrics.endpoint()),
            ("/asyncapi", asyncapi.endpoint(settings.kafka, str(registry.url) if registry.url else None)),
        ],
    )


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn's own handling ends the process by the signal, not with 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def spare_the_collector() -> None:
    """Take what is there now, code and settings, out of the garbage collector's rounds, and have fewer of these."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)


class CrashedError(RuntimeError):
    """The service could not go on; its log says why. A restart may help."""


async def serve(settings: Settings, directory: OpenDirectory, nomenclature: Nomenclature) -> None:
    """Run the service until SIGTERM or SIGINT; returns when all is drained. Raises CrashedError."""
    crashed = asyncio.Event()

    def crash() -> None:
        crashed.set()
        stop()

    def stop() -> None:
        server.should_exit = True

    config = uvicorn.Config(
        create_app(settings, directory, nomenclature, crash),
        host=settings.http.host,
        port=settings.http.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop)
    spare_the_collector()
    await server.serve()
    if crashed.is_set():
        raise CrashedError
