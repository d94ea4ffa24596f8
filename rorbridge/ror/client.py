"""The ROR over HTTP: searches with all their pages."""

import asyncio
import ssl
import time
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from rorbridge.orientation.directory import DirectoryError, Found, Question
from rorbridge.orientation.fhir import Searchset
from rorbridge.ror import bundle, query
from rorbridge.ror.auth import TokenSource
from rorbridge.ror.errors import (
    PageExpiredError,
    RorAccessError,
    RorAnswerError,
    RorRefusedError,
    RorUnavailableError,
)
from rorbridge.ror.profile import RorProfile
from rorbridge.ror.retryafter import retry_after_s
from rorbridge.settings import RorSettings

MOST_MATCHES: Final = 10_000
"""Where the ROR cuts any search (ROR-API 3.4)."""

_MOST_PAGES: Final = 100
"""A chain of next links longer than this goes nowhere: 10,000 matches are 50 pages."""

_GONE: Final = {404, 410}

_METADATA_PAUSE_S: Final = 60.0
"""Seconds until /metadata is asked for again when it could not be had; searches go on meanwhile."""


class RorDirectory:
    """The ROR as a Directory. Used as an async context manager; one a process."""

    def __init__(self, settings: RorSettings) -> None:
        self._base_url = httpx.URL(str(settings.base_url).rstrip("/"))
        verify = ssl.create_default_context(cafile=str(settings.ca_bundle) if settings.ca_bundle else None)
        limits = httpx.Limits(max_connections=settings.max_concurrency)
        # The aiohttp transport under httpx's interface: about four times the throughput of httpx's own pool.
        self._http = httpx.AsyncClient(
            transport=AiohttpTransport(verify=verify, limits=limits), timeout=settings.timeout, follow_redirects=False
        )
        self._tokens = TokenSource(self._http, str(settings.token_url), settings.client_id, settings.client_secret)
        profile = RorProfile(
            settings.user_profile_code, settings.user_profile_system, settings.role_code, settings.role_system
        )
        self._headers = {
            **profile.headers(),
            "Accept": "application/fhir+json",
            "Accept-Encoding": "gzip",
        }
        self._clock = time.monotonic
        self._metadata_lock = asyncio.Lock()
        self._metadata_at = 0.0
        self._parameters: frozenset[str] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def search(self, question: Question) -> Found:
        """Search HealthcareService with all pages; a page that expired starts the search again, once."""
        asked = query.build(question, await self._offered())
        first = self._base_url.copy_with(path=f"{self._base_url.path}/HealthcareService", params=asked.parameters)
        try:
            return await self._all_pages(first, asked.verified_only, keep_raw=question.keep_raw)
        except PageExpiredError:
            try:
                return await self._all_pages(first, asked.verified_only, keep_raw=question.keep_raw)
            except PageExpiredError:
                raise RorUnavailableError("its pages expire faster than they can be read") from None

    async def check(self) -> None:
        """Search for one id that no offer has: token, headers, rights and the server's search in the least of calls."""
        nothing = {"_id": "rorbridge-check"}
        url = self._base_url.copy_with(path=f"{self._base_url.path}/HealthcareService", params=nothing)
        bundle.add_page(await self._get(url, first_page=True), Searchset())

    async def _offered(self) -> frozenset[str] | None:
        """Give the search parameters that /metadata offers, read once; None where the server does not tell.

        Trouble with the token or the server itself is raised: the search would meet it as well.
        """
        if self._parameters is None and self._clock() >= self._metadata_at:
            async with self._metadata_lock:
                if self._parameters is None and self._clock() >= self._metadata_at:
                    self._metadata_at = self._clock() + _METADATA_PAUSE_S
                    with suppress(RorRefusedError, RorAnswerError):
                        url = self._base_url.copy_with(path=f"{self._base_url.path}/metadata")
                        self._parameters = bundle.searchable(await self._get(url, first_page=True)) or None
        return self._parameters

    async def _all_pages(self, first: httpx.URL, verified_only: tuple[str, ...], *, keep_raw: bool) -> Found:
        found = Searchset()
        url = first
        for _ in range(_MOST_PAGES):
            page = await self._get(url, first_page=url == first)
            following = bundle.add_page(page, found, keep_raw=keep_raw)
            if following is None:
                complete = (found.total or len(found.services)) < MOST_MATCHES
                return Found(found, complete, verified_only)
            url = self._ours(following)
        raise RorAnswerError(f"its pages do not end after {_MOST_PAGES}")

    def _ours(self, link: str) -> httpx.URL:
        """Take a next link as it is, but to the host that we call: links may show another one (ROR-API 3.4)."""
        try:
            url = self._base_url.join(link)
        except httpx.InvalidURL as error:
            raise RorAnswerError(f"a next link is no URL: {error}") from None
        return url.copy_with(scheme=self._base_url.scheme, host=self._base_url.host, port=self._base_url.port)

    async def _get(self, url: httpx.URL, *, first_page: bool) -> bytes:
        """Get a page; a token that is no longer taken is renewed once."""
        response = await self._call(url)
        if response.status_code == 401:
            response = await self._call(url)
        if response.status_code == 200:
            return response.content
        if response.status_code in _GONE and not first_page:
            raise PageExpiredError
        raise _error(response)

    async def _call(self, url: httpx.URL) -> httpx.Response:
        """Make one call. A token that is refused is not used again."""
        token = await self._tokens.token()
        headers = {**self._headers, "Authorization": f"Bearer {token}"}
        try:
            response = await self._http.get(url, headers=headers)
        except (httpx.HTTPError, aiohttp.ClientError) as error:
            raise RorUnavailableError(f"no answer to a search ({type(error).__name__})") from None
        if response.status_code == 401:
            self._tokens.refused(token)
        return response


def _error(response: httpx.Response) -> DirectoryError:
    """Give the typed error of an answer that is not 200; gateways answer with pages that are no FHIR."""
    status = response.status_code
    issues = bundle.outcome(response.content)
    if status in {401, 403}:
        return RorAccessError("; ".join(issues) or f"HTTP {status} without a reason")
    if status == 429 or status >= 500:
        return RorUnavailableError("; ".join((f"HTTP {status}", *issues)), retry_after_s(response))
    return RorRefusedError(status, issues)
