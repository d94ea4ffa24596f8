"""A scripted HTTP server on a real socket, in the place of the ROR."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

Handler = Callable[[Request], Awaitable[Response]]


@dataclass
class Ror:
    """What the scripted ROR does, and what it was asked."""

    search: Handler
    base_url: str = ""
    token_url: str = ""
    tokens: list[Response] = field(default_factory=list)
    """Answers of the token endpoint, one after the other; then tokens without end."""
    token_requests: list[bytes] = field(default_factory=list)
    searches: list[Request] = field(default_factory=list)
    issued: int = 0
    token_lifetime_s: float = 300
    token_takes_s: float = 0
    issued_at: dict[str, float] = field(default_factory=dict)
    metadata: Response = field(default_factory=lambda: Response(status_code=404))
    metadata_requests: int = 0

    async def token(self, request: Request) -> Response:
        self.token_requests.append(await request.body())
        await asyncio.sleep(self.token_takes_s)
        if self.tokens:
            return self.tokens.pop(0)
        self.issued += 1
        token = f"token-{self.issued}"
        self.issued_at[token] = time.monotonic()
        return JSONResponse({"access_token": token, "expires_in": self.token_lifetime_s})

    async def _metadata(self, request: Request) -> Response:
        self.metadata_requests += 1
        return self.metadata

    async def _search(self, request: Request) -> Response:
        self.searches.append(request)
        return await self.search(request)

    def fhir_routes(self) -> list[Route]:
        """Everything but the token endpoint."""
        return [
            Route("/ws/HealthcareService", self._search),
            Route("/ws/metadata", self._metadata),
            Route("/ws", self._search),
        ]


@asynccontextmanager
async def served(
    app: ASGIApp, *, port: int = 0, newest_tls: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED, **options: Any
) -> AsyncIterator[int]:
    """Serve *app* on *port*, or a free one, which is given, until the block ends. The options are uvicorn's."""
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, lifespan="off", **options)
    config.load()
    if config.ssl is not None:
        config.ssl.maximum_version = newest_tls  # uvicorn has no option for it
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has nothing to wait for
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def scripted_ror(search: Handler) -> AsyncIterator[Ror]:
    """Serve a scripted ROR on a free port until the block ends."""
    ror = Ror(search)
    app = Starlette(routes=[Route("/token", ror.token, methods=["POST"]), *ror.fhir_routes()])
    async with served(app) as port:
        ror.base_url, ror.token_url = f"http://127.0.0.1:{port}/ws", f"http://127.0.0.1:{port}/token"
        yield ror
