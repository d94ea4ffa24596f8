"""Access tokens of the ROR: OAuth2 client credentials, by secret or by certificate (ROR-API 4.2, RFC 8705)."""

import asyncio
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import msgspec
from structlog.stdlib import get_logger

from rorbridge.orientation.directory import DirectoryUnavailableError
from rorbridge.ror.errors import RorAccessError, RorUnavailableError
from rorbridge.ror.http import Answer, call, client
from rorbridge.ror.retryafter import hold_off_s
from rorbridge.ror.tls import Tls
from rorbridge.settings import RorSettings
from rorbridge.telemetry import traces

log = get_logger(__name__)

_RENEW_AT = 0.8
"""A token is renewed when this share of its life is over, so that none expires on its way."""
_RETRY_RENEWAL_S = 5.0
"""Seconds until a renewal that failed is tried again, while the former token is still good."""
_LONGEST_LIFE_S = 86_400.0
_UNKNOWN_LIFE_S = 60.0
_FIT_FOR_A_HEADER = frozenset(map(chr, range(0x21, 0x7F)))


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float | str = ""
    """Seconds; some servers send them as a text."""


class _Refusal(msgspec.Struct):
    error: str = ""


class TokenSource:
    """Gives access tokens; one request to the token endpoint serves all who wait for it."""

    def __init__(self, settings: RorSettings, tls: Tls, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._tls = tls
        self._clock = clock
        self._version = tls.version
        self._http = self._client()
        self._token: str | None = None
        self._renew_at = self._expires_at = 0.0
        self._fetching: asyncio.Task[str] | None = None

    def _client(self) -> httpx.AsyncClient:
        return client(self._tls.with_certificate, self._settings.timeout, connections=1)

    async def aclose(self) -> None:
        """Close the connection to the token endpoint."""
        if self._fetching:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        await self._http.aclose()

    async def token(self) -> str:
        """Give a valid token. Raises RorAccessError or RorUnavailableError."""
        if self._token is not None and self._clock() < self._renew_at:
            return self._token
        if self._fetching is None or self._fetching.done():
            # Of its own: it serves all who wait, and must not end with the deadline of the one who came first.
            self._fetching = asyncio.create_task(self._renew(), name="fetch a token")
            self._fetching.add_done_callback(_seen)
        else:
            traces.event("waits for a token")
        return await asyncio.shield(self._fetching)

    def refused(self, token: str) -> None:
        """Tell that the ROR did not take *token*; the next call fetches another, unless one is there already."""
        if self._token == token:
            self._token = None

    async def _renew(self) -> str:
        """Fetch a token; while the former one is still good, one that cannot be had is no trouble yet."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._fetch()
        except TimeoutError:
            told = f"the token endpoint gave no answer within {self._settings.timeout:g} s"
            failure: DirectoryUnavailableError = RorUnavailableError(told)
        except DirectoryUnavailableError as error:
            failure = error
        if self._token is not None and self._clock() < self._expires_at:
            log.warning("token-renewal-failed", error=failure.problem.detail, retry_in_s=_RETRY_RENEWAL_S)
            self._renew_at = min(self._clock() + _RETRY_RENEWAL_S, self._expires_at)
            return self._token
        raise failure

    async def _fetch(self) -> str:
        self._tls.refresh()
        if self._tls.version != self._version:
            former, self._http, self._version = self._http, self._client(), self._tls.version
            await former.aclose()
        if self._tls.identity and (refusal := self._tls.identity.refusal(datetime.now(UTC))):
            raise RorAccessError(refusal)
        asked_at = self._clock()
        # Servers often hang up where TLS has an alert to say it with.
        hint = "; it may not take our client certificate" if self._tls.identity else ""
        answer = await call(self._http, self._request(), "token", hint)
        if answer.status in {400, 401, 403}:
            raise RorAccessError(self._refusal(answer))
        if answer.status != 200:
            told = f"the token endpoint answered HTTP {answer.status}"
            raise RorUnavailableError(told, hold_off_s(answer.status, answer.headers))
        try:
            found = msgspec.json.decode(answer.body, type=_Token)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise RorUnavailableError("the token endpoint's answer holds no access_token") from None
        if not found.access_token or not _FIT_FOR_A_HEADER.issuperset(found.access_token):
            raise RorUnavailableError("the token endpoint's access_token does not fit into a header")
        self._token = found.access_token
        life_s = _life_s(found.expires_in)
        self._renew_at, self._expires_at = asked_at + life_s * _RENEW_AT, asked_at + life_s
        return found.access_token

    def _request(self) -> httpx.Request:
        form = {"grant_type": "client_credentials", "client_id": self._settings.client_id}
        if self._settings.client_secret:
            form["client_secret"] = self._settings.client_secret.get_secret_value()
        return self._http.build_request("POST", str(self._settings.token_url), data=form)

    def _refusal(self, answer: Answer) -> str:
        """Say that we were refused, with the code of RFC 6749 5.2 where there is one; never the description."""
        try:
            code = msgspec.json.decode(answer.body, type=_Refusal).error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            code = ""
        known = {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope"}
        shown = "certificate" if self._tls.identity else "secret"
        told = f", {code}" if code in known else ""
        return (
            f"the token endpoint refused client_id {self._settings.client_id!r} or its {shown} "
            f"(HTTP {answer.status}{told})"
        )


def _seen(fetching: "asyncio.Task[str]") -> None:
    """Take note of a failure that nobody waits for any more."""
    if not fetching.cancelled():
        fetching.exception()


def _life_s(told: float | str) -> float:
    """Give for how long a token lives, whatever the server told."""
    try:
        seconds = float(told)
    except ValueError:
        return _UNKNOWN_LIFE_S
    return min(max(seconds, 0.0), _LONGEST_LIFE_S) if not math.isnan(seconds) else _UNKNOWN_LIFE_S
