"""Health endpoints: ``/livez`` says that the process runs, ``/readyz`` that it answers requests, or why not."""

import json
from collections.abc import Callable

from faststream.asgi import AsgiResponse, get
from faststream.asgi.types import ASGIApp, Scope

_JSON = {"content-type": "application/json"}


def livez() -> ASGIApp:
    """Give the endpoint that answers 200 while the event loop turns."""

    @get
    async def endpoint(scope: Scope) -> AsgiResponse:  # noqa: ARG001 - the interface of the endpoint
        return AsgiResponse(b'{"status":"alive"}', status_code=200, headers=_JSON)

    return endpoint


def readyz(not_ready: Callable[[], str | None]) -> ASGIApp:
    """Give the endpoint that answers 503 with the reason while *not_ready* gives one."""

    @get
    async def endpoint(scope: Scope) -> AsgiResponse:  # noqa: ARG001 - the interface of the endpoint
        reason = not_ready()
        body = {"status": "not ready", "waitingFor": reason} if reason else {"status": "ready"}
        return AsgiResponse(json.dumps(body).encode(), status_code=503 if reason else 200, headers=_JSON)

    return endpoint
