"""Access tokens of the ROR: OAuth2 client credentials with a client secret (ROR-API 4.2, access profile 0)."""

import asyncio
import time
from collections.abc import Callable

import httpx
import msgspec
from pydantic import SecretStr

from rorbridge.ror.errors import RorAccessError, RorUnavailableError

_RENEW_AT = 0.8
"""A token is renewed when this share of its life is over, so that none expires on its way."""


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 60.0


class TokenSource:
    """Gives access tokens; one request to the token endpoint serves all who wait for it."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        token_url: str,
        client_id: str,
        client_secret: SecretStr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    async def token(self) -> str:
        """Give a valid token. Raises RorAccessError or RorUnavailableError."""
        if self._token is None or self._clock() >= self._renew_at:
            async with self._lock:
                if self._token is None or self._clock() >= self._renew_at:
                    await self._fetch()
        assert self._token is not None  # noqa: S101 - _fetch sets it or raises
        return self._token

    def refused(self, token: str) -> None:
        """Tell that the ROR did not take *token*; the next call fetches another, unless one is there already."""
        if self._token == token:
            self._token = None

    async def _fetch(self) -> None:
        asked_at = self._clock()
        try:
            response = await self._http.post(
                self._token_url,
                data={
                    "grant_type": "client_credentials",
                    "client_id": self._client_id,
                    "client_secret": self._client_secret.get_secret_value(),
                },
            )
        except httpx.HTTPError as error:
            raise RorUnavailableError(f"the token endpoint cannot be reached ({type(error).__name__})") from None
        if response.status_code in {400, 401, 403}:
            raise RorAccessError(
                f"the token endpoint refused client_id {self._client_id!r} or its secret (HTTP {response.status_code})"
            )
        if response.status_code != 200:
            raise RorUnavailableError(f"the token endpoint answered HTTP {response.status_code}")
        try:
            found = msgspec.json.decode(response.content, type=_Token)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise RorUnavailableError("the token endpoint's answer holds no access_token") from None
        self._token = found.access_token
        self._renew_at = asked_at + found.expires_in * _RENEW_AT
