"""Writing HTTP answers: FHIR, gateway pages, compression."""

import asyncio
import zlib
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from rorbridge.lookalike.outcome import FhirError, operation_outcome

FHIR_JSON: Final = "application/fhir+json;charset=UTF-8"
_COMPRESSED_FROM: Final = 1024
_IN_A_THREAD_FROM: Final = 200_000
"""Bytes from which on compressing would keep other calls waiting; zlib lets go of the interpreter meanwhile."""
_FAST: Final = 1
_GZIP_WINDOW: Final = 31


async def fhir(request: Request, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with FHIR JSON, compressed when the client takes it and there is something to gain."""
    told = {**(headers or {}), "Content-Type": FHIR_JSON, "Vary": "Accept-Encoding"}
    if len(body) > _COMPRESSED_FROM and _takes_gzip(request):
        told["Content-Encoding"] = "gzip"
        if len(body) > _IN_A_THREAD_FROM:
            body = await asyncio.to_thread(_gzip, body)
        else:
            body = _gzip(body)
    return Response(body, status, told)


async def outcome(request: Request, error: FhirError, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with the OperationOutcome of *error*."""
    return await fhir(request, operation_outcome(error), error.status, headers)


def gateway(status: int, title: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer as the gateway before the FHIR server does: with a page for people (ROR-API 3.8)."""
    page = f"<html><head><title>{status} {title}</title></head><body><center><h1>{status} {title}</h1></center></body>"
    return HTMLResponse(f"{page}</html>\n", status, dict(headers or {}))


def _takes_gzip(request: Request) -> bool:
    for one in request.headers.get("accept-encoding", "").split(","):
        name, _, weight = one.partition(";")
        if name.strip().lower() in {"gzip", "*"}:
            return weight.replace(" ", "").lower() not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _gzip(body: bytes) -> bytes:
    compressor = zlib.compressobj(_FAST, wbits=_GZIP_WINDOW)
    return compressor.compress(body) + compressor.flush()
