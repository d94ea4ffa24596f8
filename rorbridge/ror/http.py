"""HTTP to the ROR: one call, its body bounded, its failures in words that say what to do."""

import asyncio
import ssl
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from rorbridge.ror.errors import RorAnswerError, RorUnavailableError
from rorbridge.telemetry import metrics

MOST_BYTES: Final = 33_554_432
"""Bytes of one answer, unpacked: a page of 200 offers with all that belongs to them takes about 5 MB."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_TROUBLE: Final = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError)
"""What may come out of the HTTP libraries for what a server does; the transport lets some of aiohttp's own through, and
aiohttp raises ValueError for a header that it finds strange."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its whole body."""

    status: int
    headers: httpx.Headers
    body: bytes


def client(context: ssl.SSLContext, timeout_s: float, connections: int) -> httpx.AsyncClient:
    """Make the HTTP client: connections are kept alive, redirects are not followed, cookies are not kept."""

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=connections, ssl=context, keepalive_timeout=30)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    # The aiohttp transport under httpx's interface: about four times the throughput of httpx's own pool.
    return httpx.AsyncClient(
        transport=AiohttpTransport(verify=context, client=session),
        timeout=timeout_s,
        follow_redirects=False,
        headers={"Accept-Encoding": "gzip", "User-Agent": "rorbridge"},
    )


async def call(http: httpx.AsyncClient, request: httpx.Request, name: str) -> Answer:
    """Make one call, counted under *name*. Raises RorUnavailableError, and RorAnswerError for a body without end."""
    started = time.perf_counter()
    code = "cancelled"
    try:
        response = await http.send(request, stream=True)
        code = str(response.status_code)
        try:
            body = await _body(response)
        finally:
            await response.aclose()
    except RorAnswerError:
        code = "unreadable"
        raise
    except _TROUBLE as error:
        code = type(error).__name__
        raise RorUnavailableError(f"no answer from {request.url.host}: {why(error)}") from None
    finally:
        metrics.ROR_CALLS.labels(name, code).inc()
        metrics.ROR_CALL_SECONDS.labels(name).observe(time.perf_counter() - started)
    return Answer(response.status_code, response.headers, body)


async def _body(response: httpx.Response) -> bytes:
    """Read a body up to MOST_BYTES, packed and unpacked: a few KB may unpack to a thousand times as much."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise RorAnswerError(f"its body comes as {encoding[:20]!r}, which was not asked for")
    unpack = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    parts: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        try:
            part = unpack.decompress(chunk, MOST_BYTES + 1 - size) if unpack else chunk
        except zlib.error as error:
            raise RorAnswerError(f"its body is no gzip: {error}") from None
        size += len(part)
        if size > MOST_BYTES:
            raise RorAnswerError(f"its body is larger than {MOST_BYTES >> 20} MiB")
        parts.append(part)
    if unpack and not unpack.eof:
        raise RorAnswerError("its body is cut off")
    return b"".join(parts)


def why(error: BaseException) -> str:
    """Say what went wrong with a connection, and what to look at; names no secret, no query and no body."""
    chain = list(_chain(error))
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not to be trusted ({one.verify_message}); is RORBRIDGE_ROR__CA_BUNDLE the chain "
                "of IGC-Santé (or of the proxy between), and is this machine's clock right?"
            )
    for one in chain:
        if isinstance(one, ssl.SSLError):
            return f"TLS failed ({one.reason or type(one).__name__})"
    for one in chain:
        if isinstance(one, aiohttp.ClientConnectorError):
            return f"cannot connect ({one.os_error.strerror or type(one.os_error).__name__})"
    if any(isinstance(one, httpx.TimeoutException | TimeoutError) for one in chain):
        return "it took too long"
    return f"the connection broke ({type(chain[-1]).__name__})"


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        if isinstance(at, aiohttp.ClientConnectorError):
            found.append(at.os_error)
        at = at.__cause__ or at.__context__
    return found


class Budget:
    """Seconds that the calls of one search may take together; waiting for a turn of ours is not counted."""

    def __init__(self, seconds: float) -> None:
        self.left_s = seconds

    @asynccontextmanager
    async def spent(self) -> AsyncIterator[None]:
        """Count what happens inside. Raises TimeoutError when the budget is used up."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.left_s):
                yield
        finally:
            self.left_s -= time.monotonic() - started
