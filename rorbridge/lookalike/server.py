"""Running a look-alike inside another asyncio program."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import uvicorn

from rorbridge.lookalike.app import create_app
from rorbridge.lookalike.config import FHIR_PATH, TOKEN_PATH, Config
from rorbridge.lookalike.resources import Dataset


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a running look-alike is: the FHIR base without a slash at its end, and the token endpoint."""

    base_url: str
    token_url: str


class _Server(uvicorn.Server):
    """Leaves the signals to the program around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take over no signal."""
        yield


@contextlib.asynccontextmanager
async def serving(
    dataset: Dataset, config: Config | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[ServerAddress]:
    """Serve *dataset* while the context lasts; port 0 takes a free one.

    Takes no signal over and writes no access log. OSError when the port is taken; calls in flight are answered before
    the context ends, for up to five seconds.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named so that asyncio switches Nagle's algorithm off; it costs 40 ms an answer otherwise.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        server = _Server(
            uvicorn.Config(
                create_app(dataset, config),
                access_log=False,
                log_config=None,
                lifespan="off",
                timeout_graceful_shutdown=5,
            )
        )
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            while not server.started:
                if running.done():
                    await running
                    message = "the look-alike stopped while it started"
                    raise RuntimeError(message)
                await asyncio.sleep(0.01)
            origin = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
            yield ServerAddress(origin + FHIR_PATH, origin + TOKEN_PATH)
        finally:
            server.should_exit = True
            await running
