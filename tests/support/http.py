"""A scripted HTTP server on a real socket, in the place of the ROR."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

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
    metadata: Response = field(default_factory=lambda: Response(status_code=404))
    metadata_requests: int = 0

    async def _token(self, request: Request) -> Response:
        self.token_requests.append(await request.body())
        if self.tokens:
            return self.tokens.pop(0)
        self.issued += 1
        return JSONResponse({"access_token": f"token-{self.issued}", "expires_in": 300})

    async def _metadata(self, request: Request) -> Response:
        self.metadata_requests += 1
        return self.metadata

    async def _search(self, request: Request) -> Response:
        self.searches.append(request)
        return await self.search(request)


@asynccontextmanager
async def scripted_ror(search: Handler) -> AsyncIterator[Ror]:
    """Serve a scripted ROR on a free port until the block ends."""
    ror = Ror(search)
    app = Starlette(
        routes=[
            Route("/token", ror._token, methods=["POST"]),
            Route("/ws/HealthcareService", ror._search),
            Route("/ws/metadata", ror._metadata),
            Route("/ws", ror._search),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has nothing to wait for
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    ror.base_url, ror.token_url = f"http://127.0.0.1:{port}/ws", f"http://127.0.0.1:{port}/token"
    try:
        yield ror
    finally:
        server.should_exit = True
        await serving
