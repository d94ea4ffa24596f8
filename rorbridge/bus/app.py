"""The service as a FastStream app: lifespan, endpoints and signals around the bridge.

The lanes are an aiokafka client in the app's lifespan, not FastStream subscribers: no subscriber mode works on many
records of a partition at once and commits what is finished, a subclass would lean on FastStream's interior, and it
would cost twice the CPU a record.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import uvicorn
from faststream.asgi import AsgiFastStream

from rorbridge.bus.answer import Answerer
from rorbridge.bus.bridge import Bridge
from rorbridge.orientation.directory import Directory
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver
from rorbridge.settings import Settings
from rorbridge.telemetry import health


def create_app(
    settings: Settings, directory: AbstractAsyncContextManager[Directory], crashed: Callable[[], None]
) -> AsgiFastStream:
    """Build the app that answers requests from *directory*, which lives as long as the app runs.

    *crashed* is called when only a restart would help.
    """
    bridge: list[Bridge] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with directory as found:
            resolver = Resolver(
                directory=found,
                audience=Audience(settings.audience.max_confidentiality, settings.audience.sensitive_units),
                access_profile=settings.ror.access_profile,
                time_budget_s=settings.ror.timeout,
            )
            one = Bridge(settings.kafka, Answerer(resolver, settings.kafka).answer, crashed)
            bridge.append(one)
            one.start()
            try:
                yield
            finally:
                await one.stop()

    return AsgiFastStream(
        lifespan=lifespan,
        logger=None,
        asgi_routes=[
            ("/livez", health.livez()),
            ("/readyz", health.readyz(lambda: bridge[0].not_ready if bridge else "the start")),
        ],
    )


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn's own handling ends the process by the signal, not with 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class CrashedError(RuntimeError):
    """The service could not go on; its log says why. A restart may help."""


async def serve(settings: Settings, directory: AbstractAsyncContextManager[Directory]) -> None:
    """Run the service until SIGTERM or SIGINT; returns when all is drained. Raises CrashedError."""
    crashed = asyncio.Event()

    def crash() -> None:
        crashed.set()
        stop()

    def stop() -> None:
        server.should_exit = True

    config = uvicorn.Config(
        create_app(settings, directory, crash),
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
    await server.serve()
    if crashed.is_set():
        raise CrashedError
