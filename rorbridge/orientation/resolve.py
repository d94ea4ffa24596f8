"""The use case: a request becomes its result."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from rorbridge.events.offer import Offer
from rorbridge.events.problem import problem
from rorbridge.events.request import OrientationRequest
from rorbridge.events.result import OrientationResult, Problem, Round, Search, Status, Timing
from rorbridge.orientation.assemble import Assembler
from rorbridge.orientation.candidate import Candidate, join
from rorbridge.orientation.circuit import Circuit, Parking
from rorbridge.orientation.directory import Directory, DirectoryError, Found, Question
from rorbridge.orientation.fhirbundle import bundle
from rorbridge.orientation.match import CAPACITY, Verdict, Wanted, verify, wanted
from rorbridge.orientation.nomenclature import Nomenclature, warnings
from rorbridge.orientation.opening import PARIS
from rorbridge.orientation.policy import Audience, may_know, may_know_people, redact
from rorbridge.orientation.rank import Merit, merit, rank, tiers
from rorbridge.orientation.reuse import Prepared, Ready
from rorbridge.orientation.turns import Turns

_WIDEN = 2.0
"""By what the radius grows from round to round."""
_SLICE = 200
"""Offers that are verified at one go; then whatever else is due has its turn."""
_MOST_ROUNDS = 12
"""Searches of one request: 0.25 km widened to 500. What begins smaller grows faster."""


class _Round(NamedTuple):
    """One search of a request."""

    request: OrientationRequest
    radius_km: float | None
    today: date
    """In Paris."""
    alike: Hashable
    """All that decides about what is made of an answer."""


def _not_told(waits: bool) -> None:
    """Tell nobody that a request waits."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """Answers requests from a directory, for one audience."""

    directory: Directory
    nomenclature: Nomenclature
    audience: Audience
    access_profile: int
    """Under which access profile (0 to 5) the directory answers."""
    turns: Turns = field(default_factory=Turns)
    """In which answers are worked out; the directory decodes in the same."""
    circuit: Circuit = field(init=False)
    """Through which the directory is asked; health and metrics look at it."""
    assembler: Assembler = field(init=False)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The clock; what it gives has a time zone."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "circuit", Circuit(self.directory.check))  # frozen, but this is its making
        object.__setattr__(self, "assembler", Assembler(self.nomenclature.display))

    async def resolve(
        self,
        request_id: str,
        request: OrientationRequest,
        received_at: datetime,
        redactions: Counter[str],
        parking: Parking = _not_told,
    ) -> OrientationResult:
        """Answer a request; what is held back from the audience is counted by rule in *redactions*.

        While the directory is away the request waits, which *parking* is told, up to its deadline. Raises nothing but a
        bug or a cancellation.
        """
        started = self.now()
        left_s = (request.deadline - started).total_seconds() if request.deadline else None
        try:
            # A timeout of 0 would still let the search begin.
            if left_s is not None and left_s <= 0:
                raise TimeoutError
            async with asyncio.timeout(left_s):
                result = await self.circuit.ask(lambda: self._search(request_id, request, redactions), parking)
        except DirectoryError as error:
            result = OrientationResult(request_id=request_id, status=Status.FAILED, problem=error.problem)
        except TimeoutError:
            expired = _expired(request.deadline)
            result = OrientationResult(request_id=request_id, status=Status.EXPIRED, problem=expired)
        finished = self.now()
        took_ms = round((finished - started).total_seconds() * 1000, 1)
        return replace(result, timing=Timing(received_at=received_at, answered_at=finished, resolve_ms=took_ms))

    async def _search(
        self, request_id: str, request: OrientationRequest, redactions: Counter[str]
    ) -> OrientationResult:
        """Search in wider and wider circles until there are enough offers."""
        redactions.clear()  # of a try before this one
        rounds: list[Round] = []
        for radius_km in radii(request):
            round_ = self._round(request, radius_km)
            found = await self.directory.search(self._question(request_id, round_), self.circuit.passed)
            if found.searchset is not None and self._today() != round_.today:  # that took until another day
                round_ = self._round(request, radius_km)
            prepared = await self._prepared(found, round_)
            redactions.update(prepared.held_back)
            rounds.append(prepared.told)
            if prepared.total >= request.answer.at_least:
                break
        async with self.turns.own(ahead=True):
            offers, as_bundle = self._answer(request_id, round_, found, prepared, redactions)
        return OrientationResult(
            request_id=request_id,
            status=Status.MATCHED if prepared.total else Status.NO_MATCH,
            offers=offers,
            bundle=as_bundle,
            warnings=warnings(request, self.nomenclature),
            search=Search(
                rounds=tuple(rounds),
                total=prepared.total,
                complete=found.complete,
                verified_only=found.verified_only,
                source=found.source,
                as_of=found.as_of,
            ),
        )

    def _today(self) -> date:
        return self.now().astimezone(PARIS).date()

    def _round(self, request: OrientationRequest, radius_km: float | None) -> _Round:
        today = self._today()
        return _Round(request, radius_km, today, self._alike(request, radius_km, today))

    def _question(self, request_id: str, round_: _Round) -> Question:
        request = round_.request
        as_bundle = request.answer.format == "fhir-bundle"
        people = as_bundle or "practitioners" in request.answer.include or request.need.practitioner is not None

        def will_do(found: Found) -> bool:
            if found.searchset is not None:
                return True
            if as_bundle or (prepared := found.reuse.get(round_.alike)) is None:
                return False  # a Bundle is made of what the directory answered
            if len(prepared.ready) == prepared.total:
                return True
            return all(id_ in prepared.ready for id_ in rank(prepared.tiers, request_id, request.answer.limit))

        where, radius_km = request.where, round_.radius_km
        return Question(request.need, where, radius_km, keep_raw=as_bundle, people=people, will_do=will_do)

    async def _prepared(self, found: Found, round_: _Round) -> Prepared:
        """Verify and rank what was found, unless that was done for another request that asks alike."""
        if (prepared := found.reuse.get(round_.alike)) is not None:
            return prepared
        async with self.turns.own(ahead=True):
            if (prepared := found.reuse.get(round_.alike)) is None:  # nor meanwhile
                request, radius_km, today, alike = round_
                asked = wanted(request, radius_km, profile=self.access_profile, today=today)
                prepared = await self._verify(found, asked)
                found.reuse.keep(alike, prepared)
        return prepared

    def _alike(self, request: OrientationRequest, radius_km: float | None, today: date) -> Hashable:
        """Give all that decides about what a request gets from an answer, but for its id and how many it wants.

        Need and place as they are written, since evidence repeats them: 9:00 in Paris is 8:00 UTC in other words.
        """
        where, answer = request.where, request.answer
        return (
            request.need.model_dump_json(exclude_defaults=True),
            where.model_dump_json(exclude={"radius_km", "max_radius_km"}, exclude_defaults=True) if where else None,
            radius_km,
            today,
            answer.closed,
            answer.unverified,
            answer.order,
            frozenset(answer.include),
            self.access_profile,
            self.audience,
        )

    async def _verify(self, found: Found, asked: Wanted) -> Prepared:
        """Verify what was found; give what meets the need and may be known, and the round's account."""
        request = asked.request
        kept: list[tuple[Merit, str]] = []
        verdicts: dict[str, Verdict] = {}
        known = 0
        left_out: Counter[str] = Counter()
        unverified: Counter[str] = Counter()
        held_back: Counter[str] = Counter()
        for number, candidate in enumerate(join(found.whole), 1):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            if not self._may_know(candidate, request, held_back):
                continue
            known += 1
            verdict = verify(candidate, asked)
            if verdict.left_out:
                left_out[verdict.left_out] += 1
            elif dropped := _dropped(verdict, request):
                unverified[dropped] += 1
            else:
                kept.append((merit(verdict, request.answer.order), candidate.service.id))
                verdicts[candidate.service.id] = verdict
        told = Round(
            radius_km=asked.radius_km,
            found=known,
            kept=len(kept),
            left_out=dict(left_out) or None,
            unverified=dict(unverified) or None,
            broken=len(found.whole.broken),
        )
        return Prepared(told, tiers(kept), verdicts, held_back)

    def _may_know(self, candidate: Candidate, request: OrientationRequest, redactions: Counter[str]) -> bool:
        """Tell whether the audience may know that this offer answers this request; not even by a count otherwise."""
        if request.need.practitioner and not may_know_people(self.audience, candidate.field):
            redactions["practitioner"] += 1  # the offer alone would tell who works there
            return False
        return may_know(self.audience, redactions, sensitive=candidate.sensitive)

    def _answer(
        self,
        request_id: str,
        round_: _Round,
        found: Found,
        prepared: Prepared,
        redactions: Counter[str],
    ) -> tuple[tuple[Offer, ...], dict[str, Any] | None]:
        """Give what is sent of the kept offers, in the format asked for, after the audience's policy."""
        request = round_.request
        first = rank(prepared.tiers, request_id, request.answer.limit)
        if request.answer.format == "fhir-bundle":
            verdicts = [prepared.verdicts[id_] for id_ in first]
            return (), bundle(verdicts, prepared.total, found.whole, self.audience, redactions)
        made = {id_: self._ready(prepared.verdicts[id_], request) for id_ in first if id_ not in prepared.ready}
        ready = [made[id_] if id_ in made else prepared.ready[id_] for id_ in first]
        found.reuse.keep_ready(round_.alike, made)
        for one in ready:
            redactions.update(one.held_back)
        return tuple(one.offer for one in ready), None

    def _ready(self, verdict: Verdict, request: OrientationRequest) -> Ready:
        held_back: Counter[str] = Counter()
        assembled = self.assembler.assemble(verdict, request.answer.include)
        return Ready(redact(assembled, self.audience, held_back), held_back)


def _expired(deadline: datetime | None) -> Problem:
    return problem(
        "expired", "The deadline passed first", f"it was {deadline.isoformat() if deadline else 'not named'}"
    )


def _dropped(verdict: Verdict, request: OrientationRequest) -> str | None:
    """Give the criterion for which an offer is dropped because it cannot be seen whether it is met."""
    match request.answer.unverified:
        case "keep":
            return None
        case "drop":
            return next(iter(verdict.unverified), None)
        case None:
            return CAPACITY if CAPACITY in verdict.unverified else None


def radii(request: OrientationRequest) -> Iterator[float | None]:
    """Go through the radii to search, in km: doubled from the first to the widest; one None without a circle."""
    radius = request.where.radius_km if request.where else None
    widest = request.where.max_radius_km if request.where else None
    yield radius
    if radius and widest:
        factor = max(_WIDEN, (widest / radius) ** (1 / (_MOST_ROUNDS - 1)))
        for _ in range(_MOST_ROUNDS - 1):
            if radius >= widest:
                return
            radius = min(radius * factor, widest)
            yield radius
