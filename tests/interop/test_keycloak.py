"""Tokens of a real OpenID provider: by secret, and by certificate (RFC 8705), over https with a CA of its own."""

import asyncio
import base64
import hashlib
import json
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.requests import Request
from starlette.responses import Response

from rorbridge.orientation.directory import DirectoryUnavailableError
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.errors import RorAccessError
from rorbridge.settings import RorSettings
from tests.interop.certificates import PASSWORD, Authority, Pair
from tests.interop.keycloak import BRIEF_CLIENT, BRIEF_S, MTLS_CLIENT, SECRET, SECRET_CLIENT, Keycloak
from tests.interop.servers import HEADERS
from tests.support.fhir import page, service
from tests.support.http import Ror, scripted_ror


def settings(keycloak: Keycloak, ror: Ror, **more: object) -> RorSettings:
    """Give the client's settings for a ROR whose tokens are Keycloak's."""
    return RorSettings.model_validate(
        {
            **HEADERS,
            "base_url": ror.base_url,
            "token_url": keycloak.token_url,
            "client_id": SECRET_CLIENT,
            "ca_bundle": keycloak.authority.bundle,
        }
        | ({} if "client_cert" in more else {"client_secret": SECRET})
        | more
    )


def asking(keycloak: Keycloak, seen: list[dict[str, Any]]) -> AbstractAsyncContextManager[Ror]:
    """Run a ROR that asks Keycloak about each token that it is given, and notes what it is told."""

    async def answer(request: Request) -> Response:
        _, _, token = request.headers["authorization"].partition(" ")
        seen.append(await asyncio.to_thread(told_about, keycloak, token))
        if not seen[-1]["active"]:
            return Response(status_code=401)
        return Response(page(service(), total=1), media_type="application/fhir+json")

    return scripted_ror(answer)


def told_about(keycloak: Keycloak, token: str) -> dict[str, Any]:
    """Give what Keycloak says about a token (RFC 7662)."""
    form = {"token": token, "client_id": SECRET_CLIENT, "client_secret": SECRET}
    told: dict[str, Any] = post(keycloak, f"{keycloak.token_url}/introspect", form).json()
    return told


def post(keycloak: Keycloak, url: str, form: dict[str, str], pair: Pair | None = None) -> httpx.Response:
    """Send a form as any client would, with a certificate or without."""
    trusting = ssl.create_default_context(cafile=str(keycloak.authority.bundle))
    if pair:
        trusting.load_cert_chain(pair.certificate, pair.key)
    with httpx.Client(verify=trusting) as http:
        return http.post(url, data=form)


def by_certificate(keycloak: Keycloak, pair: Pair | None) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": MTLS_CLIENT}
    return post(keycloak, keycloak.token_url, form, pair)


# By secret


async def test_a_search_carries_a_token_that_the_provider_knows(keycloak: Keycloak) -> None:
    seen: list[dict[str, Any]] = []
    async with asking(keycloak, seen) as ror, RorDirectory(settings(keycloak, ror)) as directory:
        await directory.check()
        await directory.check()
    assert [one["active"] for one in seen] == [True, True]
    assert {one["client_id"] for one in seen} == {SECRET_CLIENT}
    assert len({one["jti"] for one in seen}) == 1


async def test_a_token_is_renewed_before_the_provider_lets_it_go(keycloak: Keycloak) -> None:
    seen: list[dict[str, Any]] = []
    async with (
        asking(keycloak, seen) as ror,
        RorDirectory(settings(keycloak, ror, client_id=BRIEF_CLIENT)) as directory,
    ):
        await directory.check()
        await asyncio.sleep(BRIEF_S * 0.85)
        await directory.check()
    assert [one["active"] for one in seen] == [True, True]
    assert len({one["jti"] for one in seen}) == 2


async def test_a_wrong_secret_is_an_access_error(keycloak: Keycloak) -> None:
    async with (
        asking(keycloak, []) as ror,
        RorDirectory(settings(keycloak, ror, client_secret="no secret of ours")) as directory,
    ):
        with pytest.raises(RorAccessError, match=SECRET_CLIENT) as caught:
            await directory.check()
    assert "no secret of ours" not in str(caught.value)


async def test_a_provider_of_an_unknown_authority_gets_no_secret(keycloak: Keycloak, tmp_path: Path) -> None:
    other = Authority(tmp_path, "an authority that signed nothing here").bundle
    async with asking(keycloak, []) as ror, RorDirectory(settings(keycloak, ror, ca_bundle=other)) as directory:
        with pytest.raises(DirectoryUnavailableError):
            await directory.check()


# By certificate: the realm itself


def test_the_realm_gives_a_token_to_who_has_the_certificate_and_binds_it_to_that(keycloak: Keycloak) -> None:
    pair = keycloak.authority.client()
    answer = by_certificate(keycloak, pair)
    assert answer.status_code == 200, answer.text
    assert _claims(answer.json()["access_token"])["cnf"] == {"x5t#S256": _thumbprint(pair)}


def test_the_realm_gives_none_without_it_nor_for_another_name_or_authority(keycloak: Keycloak, tmp_path: Path) -> None:
    stranger = Authority(tmp_path).client()
    for pair in (None, keycloak.authority.client("somebody-else"), stranger):
        try:
            answer = by_certificate(keycloak, pair)
        except httpx.TransportError:
            assert pair is stranger  # whose certificate may be refused before there is any HTTP
        else:
            assert answer.status_code == 401
            assert answer.json()["error"] == "invalid_client"


# By certificate: the client


def _open(authority: Authority) -> dict[str, object]:
    pair = authority.client()
    return {"client_cert": pair.certificate, "client_key": pair.key}


def _locked(authority: Authority) -> dict[str, object]:
    pair, _ = authority.client_with_password()
    return {"client_cert": pair.certificate, "client_key": pair.key, "client_key_password": PASSWORD}


def _pkcs12(authority: Authority) -> dict[str, object]:
    _, bundle = authority.client_with_password()
    return {"client_cert": bundle, "client_key_password": PASSWORD}


@pytest.mark.parametrize("certificate", [_open, _locked, _pkcs12])
async def test_a_search_carries_a_token_that_was_got_by_certificate(
    keycloak: Keycloak, certificate: Callable[[Authority], dict[str, object]]
) -> None:
    seen: list[dict[str, Any]] = []
    async with asking(keycloak, seen) as ror:
        ours = settings(keycloak, ror, client_id=MTLS_CLIENT, **certificate(keycloak.authority))
        async with RorDirectory(ours) as directory:
            await directory.check()
    [one] = seen
    assert one["active"]
    assert one["client_id"] == MTLS_CLIENT
    assert one["cnf"]["x5t#S256"]


async def test_a_certificate_of_another_name_is_an_access_error(keycloak: Keycloak) -> None:
    pair = keycloak.authority.client("somebody-else")
    ours = {"client_id": MTLS_CLIENT, "client_cert": pair.certificate, "client_key": pair.key}
    async with asking(keycloak, []) as ror, RorDirectory(settings(keycloak, ror, **ours)) as directory:
        with pytest.raises(RorAccessError):
            await directory.check()


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


def _thumbprint(pair: Pair) -> str:
    """Give the SHA-256 of a certificate as RFC 8705 3.1 has it."""
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
