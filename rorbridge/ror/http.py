"""HTTP to the ROR: one call, its body bounded, its failures in words that say what to do."""

import ssl
import time
import zlib
from dataclasses import dataclass
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from rorbridge.ror import trouble
from rorbridge.ror.errors import RorAccessError, RorAnswerError, RorUnavailableError
from rorbridge.telemetry import metrics, traces
from rorbridge.telemetry.traces import Span

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
    """Unpacked; at most MOST_BYTES."""


def client(context: ssl.SSLContext, timeout_s: float, connections: int) -> httpx.AsyncClient:
    """Make the HTTP client: connections are kept alive, redirects are not followed.

    *timeout_s* seconds bound each wait of a call, not the whole of it; *connections* how many are open at once.
    Cookies are kept by httpx alone, host by host: a balancer may need one to find a search's further pages.
    """

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


async def call(http: httpx.AsyncClient, request: httpx.Request, name: str, hint: str = "") -> Answer:
    """Make one call, counted under *name*; *hint* is said when the connection broke without a reason.

    Raises RorAccessError when our certificate is refused, RorAnswerError for a body that cannot be taken, else
    RorUnavailableError.
    """
    with traces.call(f"{request.method} {name}", lambda: _attributes(request, name)) as span:
        return await _call(http, request, name, hint, span)


def _attributes(request: httpx.Request, name: str) -> dict[str, str | int]:
    """Describe a call for its span, without the query: it says what is needed. Nor the path of a link of the ROR's."""
    url = request.url
    found: dict[str, str | int] = {
        "http.request.method": request.method,
        "server.address": url.host,
        "server.port": url.port or (443 if url.scheme == "https" else 80),
        "url.scheme": url.scheme,
        "rorbridge.call": name,
    }
    if name != "page":
        found["url.full"] = str(url.copy_with(query=None, fragment=None, userinfo=b""))
    return found


async def _call(http: httpx.AsyncClient, request: httpx.Request, name: str, hint: str, span: Span) -> Answer:
    started = time.perf_counter()
    code = "cancelled"
    try:
        response = await http.send(request, stream=True)
        code = str(response.status_code)
        span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= 400:
            traces.failed(span, code)
        try:
            body = await _body(response)
        finally:
            await response.aclose()
    except RorAnswerError:
        code = "unreadable"
        raise
    except _TROUBLE as error:
        code = type(trouble.chain(error)[-1]).__name__
        if refusal := trouble.refused_certificate(error):
            raise RorAccessError(f"{request.url.host}: {refusal}") from None
        raise RorUnavailableError(f"no answer from {request.url.host}: {trouble.why(error, hint)}") from None
    finally:
        if not code.isdigit():
            traces.failed(span, code)
        metrics.ROR_CALLS.labels(name, code).inc()
        metrics.ROR_CALL_SECONDS.labels(name).observe(time.perf_counter() - started)
    return Answer(response.status_code, response.headers, body)


async def _body(response: httpx.Response) -> bytes:
    """Read a body up to MOST_BYTES, packed and unpacked: a few KB may unpack to a thousand times as much."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise RorAnswerError("its body comes in an encoding that was not asked for")
    unpack = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    parts: list[bytes] = []
    came = size = 0
    async for chunk in response.aiter_raw():
        came += len(chunk)
        try:
            part = unpack.decompress(chunk, MOST_BYTES + 1 - size) if unpack else chunk
        except zlib.error as error:
            raise RorAnswerError(f"its body is no gzip: {error}") from None
        size += len(part)
        if max(came, size) > MOST_BYTES:
            raise RorAnswerError(f"its body is larger than {MOST_BYTES >> 20} MiB")
        parts.append(part)
    if unpack and not unpack.eof:
        raise RorAnswerError("its body is cut off")
    return b"".join(parts)
