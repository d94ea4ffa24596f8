"""The ROR as a Directory: searches with all their pages, within the limits that we keep towards it."""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, NamedTuple, Self

import httpx
from aiolimiter import AsyncLimiter

from rorbridge.events.problem import problem
from rorbridge.orientation.directory import DirectoryError, DirectoryUnavailableError, Found, Gate, Question, at_once
from rorbridge.orientation.fhir import Searchset
from rorbridge.orientation.reuse import Reuse
from rorbridge.orientation.turns import Turns
from rorbridge.ror import bundle, query
from rorbridge.ror.auth import TokenSource
from rorbridge.ror.budget import Budget
from rorbridge.ror.errors import (
    PageExpiredError,
    RorAccessError,
    RorAnswerError,
    RorRefusedError,
    RorUnavailableError,
)
from rorbridge.ror.http import Answer, call, client
from rorbridge.ror.profile import RorProfile
from rorbridge.ror.query import Query
from rorbridge.ror.retryafter import hold_off_s
from rorbridge.ror.sharing import Room, Sharing
from rorbridge.ror.tls import Identity, Tls
from rorbridge.settings import RorSettings
from rorbridge.telemetry import metrics, traces
from rorbridge.telemetry.traces import SpanContext

MOST_MATCHES: Final = 10_000
"""Where the ROR cuts any search (ROR-API 3.4)."""

MOST_SEARCH_BYTES: Final = 268_435_456
"""Bytes of one search, all pages together; what would come after is left out, and the answer is not complete."""

_MOST_PAGES: Final = 100
"""A chain of next links longer than this goes nowhere: 10,000 matches are 50 pages."""

_GONE: Final = {404, 410}

_METADATA_PAUSE_S: Final = 60.0
"""Seconds until /metadata is asked for again when it does not tell; searches go on meanwhile."""
_ASIDE_S: Final = 10.0
"""Seconds for a call that is no search's: a check, or /metadata."""


class _Asked(NamedTuple):
    """What a search found, and in which span it was asked for."""

    found: Found
    asker: SpanContext


class RorDirectory:
    """The ROR as a Directory. Used as an async context manager; one a process."""

    def __init__(self, settings: RorSettings) -> None:
        """Read certificates. Raises CertificateError."""
        self._settings = settings
        self.turns = Turns()
        """In which answers are decoded."""
        self._base_url = httpx.URL(str(settings.base_url).rstrip("/"))
        self._tls = Tls(settings)
        self._http = client(self._tls.public, settings.timeout, settings.max_concurrency)
        self._tokens = TokenSource(settings, self._tls)
        profile = RorProfile(
            settings.user_profile_code, settings.user_profile_system, settings.role_code, settings.role_system
        )
        self._headers = {**profile.headers(), "Accept": "application/fhir+json"}
        # A search keeps its place until it has all its pages: were only calls counted, a search could wait between two
        # of them until its pages expire. It has one call under way at a time, so that it hardly ever waits for a call.
        self._places = asyncio.Semaphore(settings.max_concurrency)
        # What is no search's (a check, /metadata) needs no place, since all may be held by searches that the circuit
        # stops. The next call that ends makes room for it, before any other.
        self._calls = asyncio.Semaphore(settings.max_concurrency)
        # One call in each interval: a larger bucket would let a burst through at the start of each second.
        self._pace = AsyncLimiter(1, 1 / settings.max_rate) if settings.max_rate else None
        self._sharing: Sharing[_Asked] = Sharing()
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
        await self._tokens.aclose()

    @property
    def identity(self) -> Identity | None:
        """The client certificate in use; None with a secret."""
        return self._tls.identity

    async def token(self) -> None:
        """Make sure that there is a valid token. Raises RorAccessError or RorUnavailableError."""
        try:
            async with Budget(_ASIDE_S).spent():
                await self._tokens.token()
        except TimeoutError:
            raise RorUnavailableError(f"no token within {_ASIDE_S:g} s") from None

    async def search(self, question: Question, gate: Gate = at_once) -> Found:
        """Search HealthcareService with all pages, sharing the answer with equal searches.

        A page that expired starts the search again, once. Raises DirectoryError, as ``errors`` has it, and
        DirectoryUnavailableError when it took longer than the setting ``timeout``. Source: ROR-API 3.1 to 3.4.
        """
        with traces.span("search") as span:
            asked = query.build(question, await self.offered())
            # All that decides about the answer, since the profile is the process's; and about how old it may be.
            key = (tuple(asked.parameters), question.keep_raw, bool(question.need.capacity))
            ttl_s = self._settings.capacity_cache_ttl if question.need.capacity else self._settings.cache_ttl

            async def ask(room: Room[_Asked]) -> tuple[_Asked, int]:
                found, size = await self._in_turn(asked, gate, keep_raw=question.keep_raw)
                asker = traces.current()

                def keep_ready(ready: Reuse, size: int) -> None:
                    room.keep_part(_Asked(replace(found, searchset=None, reuse=ready), asker), size)

                return _Asked(replace(found, reuse=Reuse(room.grow, keep_ready)), asker), size

            (found, asker), source = await self._sharing.get(
                key, ttl_s, ask, lambda asked: question.will_do(asked.found)
            )
            metrics.SEARCHES.labels(source).inc()
            if span.is_recording():
                span.set_attribute("rorbridge.search.source", source)
                if found.searchset:
                    span.set_attribute("rorbridge.search.found", len(found.searchset.services))
                span.set_attribute("rorbridge.search.complete", found.complete)
                if source != "ror":
                    span.add_link(asker)  # whose calls brought the answer
            return replace(found, source=source, verified_only=asked.verified_only)

    async def check(self) -> None:
        """Make the least of searches that needs all that ours need: token, headers, rights, place index, includes."""
        self._tls.refresh()  # an authority that was added may be what is missing
        url = self._base_url.copy_with(path=f"{self._base_url.path}/HealthcareService", params=query.CHECK)
        bundle.add_page(await self._aside(url, "check"), Searchset())

    async def _aside(self, url: httpx.URL, name: str) -> bytes:
        """Make a call that is no search's."""
        try:
            return await self._get(url, Budget(_ASIDE_S), name)
        except TimeoutError:
            raise RorUnavailableError(f"no answer to the {name} within {_ASIDE_S:g} s") from None

    async def _in_turn(self, asked: Query, gate: Gate, *, keep_raw: bool) -> tuple[Found, int]:
        async with self._places:
            traces.event("place")
            budget = Budget(self._settings.timeout)
            try:
                try:
                    return await self._all_pages(asked, budget, gate, keep_raw=keep_raw)
                except PageExpiredError:
                    return await self._all_pages(asked, budget, gate, keep_raw=keep_raw)
            except PageExpiredError:
                raise RorUnavailableError("its pages expire faster than they can be read") from None
            except TimeoutError:
                detail = f"no full answer within {self._settings.timeout:g} s"
                raise DirectoryUnavailableError(
                    problem("ror-too-slow", "The ROR took too long", detail, retryable=True), is_too_slow=True
                ) from None

    async def offered(self) -> frozenset[str] | None:
        """Give the search parameters that /metadata offers, read once; None where the server does not tell.

        Trouble with the token or the server itself is raised: the search would meet it as well.
        """
        if self._parameters is None and self._clock() >= self._metadata_at:
            async with self._metadata_lock:
                if self._parameters is None and self._clock() >= self._metadata_at:
                    with suppress(RorRefusedError, RorAnswerError):
                        url = self._base_url.copy_with(path=f"{self._base_url.path}/metadata")
                        self._parameters = bundle.searchable(await self._aside(url, "metadata")) or None
                    self._metadata_at = self._clock() + _METADATA_PAUSE_S  # it answered, and may not tell
        return self._parameters

    async def _all_pages(self, asked: Query, budget: Budget, gate: Gate, *, keep_raw: bool) -> tuple[Found, int]:
        found = Searchset()
        as_of = datetime.now(UTC)
        url = self._base_url.copy_with(path=f"{self._base_url.path}/HealthcareService", params=asked.parameters)
        size = 0
        for number in range(_MOST_PAGES):
            await gate()
            page = await self._get(url, budget, "page" if number else "search")
            size += len(page)
            async with self.turns.own(ahead=False):
                following = bundle.add_page(page, found, keep_raw=keep_raw)
            if following is None or size > MOST_SEARCH_BYTES:
                metrics.BROKEN_ENTRIES.inc(len(found.broken))
                complete = following is None and (found.total or len(found.services)) < MOST_MATCHES
                return Found(found, complete, as_of), size
            url = self._ours(following)
        raise RorAnswerError(f"its pages do not end after {_MOST_PAGES}")

    def _ours(self, link: str) -> httpx.URL:
        """Take a next link as it is, but to the host that we call: links may show another one (ROR-API 3.4).

        So the token goes nowhere else, whatever an answer says, and nothing else goes in its place.
        """
        ours = self._base_url
        try:
            url = ours.join(link)
            if url.scheme in {"http", "https"}:
                return url.copy_with(scheme=ours.scheme, host=ours.host, port=ours.port, userinfo=b"")
        except (httpx.InvalidURL, ValueError):
            pass
        raise RorAnswerError("a next link is no URL of HTTP")

    async def _get(self, url: httpx.URL, budget: Budget, name: str) -> bytes:
        """Get a page; a token that is no longer taken is renewed once."""
        answer = await self._call(url, budget, name)
        if answer.status == 401:
            answer = await self._call(url, budget, name)
        if answer.status == 200:
            return answer.body
        if answer.status in _GONE and name == "page":
            raise PageExpiredError
        raise _error(answer)

    async def _call(self, url: httpx.URL, budget: Budget, name: str) -> Answer:
        """Make one call. A token that is refused is not used again."""
        if self._pace:
            await self._pace.acquire()
        async with self._calls, budget.spent():
            token = await self._tokens.token()
            headers = {**self._headers, "Authorization": f"Bearer {token}"}
            answer = await call(self._http, self._http.build_request("GET", url, headers=headers), name)
        if answer.status == 401:
            self._tokens.refused(token)
        return answer


def _error(answer: Answer) -> DirectoryError:
    """Give the typed error of an answer that is not 200; gateways answer with pages that are no FHIR.

    Only a refused question is told in the server's own words. The others reach logs and /readyz.
    """
    status = answer.status
    issues = bundle.outcome(answer.body)
    # A 4xx without an OperationOutcome is not the ROR's word: so gateways speak while what is behind them is away.
    if issues and 400 <= status < 500 and status not in {401, 403, 429}:
        return RorRefusedError(status, tuple(f"{one.code}: {one.diagnostics}" for one in issues))
    told = ", ".join((f"HTTP {status}", *dict.fromkeys(one.code for one in issues)))
    if status in {401, 403}:
        return RorAccessError(f"a search was answered {told}")
    if status == 429 or status >= 500:
        return RorUnavailableError(f"a search was answered {told}", hold_off_s(status, answer.headers))
    # Not the question's fault, whatever it was: the address is not the ROR's, or a gateway wants something of us.
    hint = "; redirects are not followed, is RORBRIDGE_ROR__BASE_URL right?" if status // 100 == 3 else ""
    return RorAnswerError(f"{told} in place of a searchset{hint}")
