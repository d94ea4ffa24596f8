"""The use case: a request becomes its result."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rorbridge.events.problem import problem
from rorbridge.events.request import OrientationRequest
from rorbridge.events.result import OrientationResult, Problem, Round, Search, Status, Timing
from rorbridge.orientation.assemble import assemble
from rorbridge.orientation.candidate import join
from rorbridge.orientation.directory import Directory, DirectoryError, Found, Question
from rorbridge.orientation.match import Verdict, sensitive, verify
from rorbridge.orientation.policy import Audience, may_know, redact
from rorbridge.orientation.rank import rank

_PARIS = ZoneInfo("Europe/Paris")
_WIDEN = 2.0
"""By what the radius grows from round to round."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """Answers requests from a directory, for one audience."""

    directory: Directory
    audience: Audience
    access_profile: int
    """Under which access profile (0 to 5) the directory answers."""
    time_budget_s: float
    """Seconds for a request that names no deadline."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def resolve(
        self, request_id: str, request: OrientationRequest, received_at: datetime, redactions: Counter[str]
    ) -> OrientationResult:
        """Answer a request; what is held back from the audience is counted by rule in *redactions*.

        Raises nothing but a bug or a cancellation.
        """
        started = self.now()
        left_s = (request.deadline - started).total_seconds() if request.deadline else math.inf
        try:
            if left_s <= 0:
                raise TimeoutError
            async with asyncio.timeout(min(left_s, self.time_budget_s)):
                result = await self._search(request_id, request, redactions)
        except TimeoutError:
            result = OrientationResult(request_id=request_id, status=Status.FAILED, problem=self._too_slow())
            if request.deadline and left_s <= self.time_budget_s:
                result = replace(result, status=Status.EXPIRED, problem=_expired(request.deadline))
        except DirectoryError as error:
            result = OrientationResult(request_id=request_id, status=Status.FAILED, problem=error.problem)
        finished = self.now()
        took_ms = round((finished - started).total_seconds() * 1000, 1)
        return replace(result, timing=Timing(received_at=received_at, answered_at=finished, resolve_ms=took_ms))

    async def _search(
        self, request_id: str, request: OrientationRequest, redactions: Counter[str]
    ) -> OrientationResult:
        """Search in wider and wider circles until there are enough offers."""
        rounds: list[Round] = []
        kept: list[Verdict] = []
        complete = True
        for radius_km in radii(request):
            found = await self.directory.search(Question(request.need, request.where, radius_km))
            complete = found.complete
            kept, told = self._verify(found, request, radius_km, redactions)
            rounds.append(told)
            if len(kept) >= request.answer.at_least:
                break
        first = rank(kept, request.answer.order, request_id)[: request.answer.limit]
        return OrientationResult(
            request_id=request_id,
            status=Status.MATCHED if kept else Status.NO_MATCH,
            offers=tuple(
                redact(assemble(verdict, request.answer.include), self.audience, redactions) for verdict in first
            ),
            search=Search(
                rounds=tuple(rounds),
                total=len(kept),
                complete=complete,
                source="ror",
                as_of=self.now(),
            ),
        )

    def _verify(
        self, found: Found, request: OrientationRequest, radius_km: float | None, redactions: Counter[str]
    ) -> tuple[list[Verdict], Round]:
        """Verify what was found; give what meets the need and may be known, and the round's account."""
        kept: list[Verdict] = []
        left_out: Counter[str] = Counter()
        today = self.now().astimezone(_PARIS).date()
        candidates = [
            one
            for one in join(found.searchset)
            if may_know(self.audience, redactions, sensitive=sensitive(one.service))
        ]
        for candidate in candidates:
            verdict = verify(
                candidate, request.need, request.where, radius_km, profile=self.access_profile, today=today
            )
            if verdict.left_out:
                left_out[verdict.left_out] += 1
            else:
                kept.append(verdict)
        return kept, Round(
            radius_km=radius_km,
            found=len(candidates),
            kept=len(kept),
            left_out=dict(left_out) or None,
            broken=len(found.searchset.broken),
        )

    def _too_slow(self) -> Problem:
        detail = f"no full answer within {self.time_budget_s:g} s"
        return problem("ror-too-slow", "The ROR took too long", detail, retryable=True)


def _expired(deadline: datetime) -> Problem:
    return problem("expired", "The deadline passed first", f"it was {deadline.isoformat()}")


def radii(request: OrientationRequest) -> Iterator[float | None]:
    """Go through the radii to search, in km: doubled from the first to the widest; one None without a circle."""
    radius = request.where.radius_km
    yield radius
    widest = request.where.max_radius_km
    while radius and widest and radius < widest:
        radius = min(radius * _WIDEN, widest)
        yield radius
