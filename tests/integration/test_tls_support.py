"""The test support for TLS itself: it must refuse whom it should, or the tests on it prove nothing."""

import ssl
from pathlib import Path

import aiohttp
import httpx
import pytest
from httpx_aiohttp import AiohttpTransport
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.support.tls import Authority, Identity, mtls_ror, tls_gate

PASSWORD = b"the password of the key"


async def nothing(request: Request) -> Response:
    return JSONResponse({"resourceType": "Bundle"})


def http(folder: Path, authority: Authority, client: Identity | None = None) -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=str(authority.write(folder)))
    if client is not None:
        context.load_cert_chain(*client.write_pem(folder, PASSWORD), PASSWORD)
    return httpx.AsyncClient(transport=AiohttpTransport(verify=context))


async def test_the_token_endpoint_takes_the_certificates_that_it_knows(tmp_path: Path) -> None:
    ours, others = Authority("ours"), Authority("others")
    server = ours.issue("ror", client=False)
    async with mtls_ror(nothing, server=server, clients=ours, known={"us"}) as ror:
        async with http(tmp_path, ours, ours.issue("us", client=True)) as client:
            known = await client.post(ror.token_url, data={"client_id": "us"})
        async with http(tmp_path, ours, ours.issue("somebody", client=True)) as client:
            unknown = await client.post(ror.token_url, data={"client_id": "us"})
        for refused in (None, others.issue("us", client=True), ours.issue("us", client=True, days=-1)):
            async with http(tmp_path, ours, refused) as client:
                with pytest.raises((httpx.HTTPError, aiohttp.ClientError)):
                    await client.post(ror.token_url, data={"client_id": "us"})
                assert (await client.get(ror.base_url)).status_code == 200
    assert known.json()["access_token"] == "token-1"
    assert (unknown.status_code, unknown.json()["error"]) == (401, "invalid_client")
    assert ror.token_requests == [b"client_id=us", b"client_id=us"]


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_the_gate_says_why_it_refuses(tmp_path: Path, newest: ssl.TLSVersion) -> None:
    ours, others = Authority("ours"), Authority("others")
    refused = {
        "CERTIFICATE_REQUIRED" if newest == ssl.TLSVersion.TLSv1_3 else "HANDSHAKE_FAILURE": None,
        "UNKNOWN_CA": others.issue("us", client=True),
        "CERTIFICATE_EXPIRED": ours.issue("us", client=True, days=-1),
    }
    async with tls_gate(ours.issue("ror", client=False), clients=ours, newest=newest) as url:
        for alert, identity in refused.items():
            async with http(tmp_path, ours, identity) as client:
                with pytest.raises(httpx.HTTPError, match=f"ALERT_{alert}"):
                    await client.post(url, data={"client_id": "us"})
        async with http(tmp_path, ours, ours.issue("us", client=True)) as client:
            answer = await client.post(url, data={"client_id": "us"})
    assert answer.json()["access_token"] == "token-1"
