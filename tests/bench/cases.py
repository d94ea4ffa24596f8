"""The cases of the bench."""

from dataclasses import dataclass, replace
from typing import Final

from tests.bench.subject import AT_LEAST_ONCE, CACHED, EXACTLY_ONCE, FLOOR, LANE, Subject
from tests.bench.work import Work


@dataclass(frozen=True, slots=True)
class Case:
    """A subject under a load."""

    subject: Subject
    work: Work

    @property
    def name(self) -> str:
        """Give what ``--only`` looks in."""
        return f"{self.work.name} | {self.subject.name}"


_SMALL: Final = Work("no ROR", 20_000, warm_up=2_000)
_COLD: Final = Work("cold, 20 offers, no latency", 3_000)
_PLAIN: Final = Work("plain, cold, 20 offers, no latency", 3_000, plain=True)
_PLAIN_MIX: Final = Work("plain, 500 needs (Zipf), 20 offers, 50 ms", 10_000, latency_ms=50, plain=True, repeated=True)
_MIX: Final = Work("500 needs (Zipf), 20 offers, 50 ms", 6_000, latency_ms=50, repeated=True)
_FULL: Final = Work("cold, 20 offers, 200 ms", 4_000, latency_ms=200, warm_up=400)
_STEADY: Final = Work("cold, 20 offers, 200 ms, 190 requests/s", 4_000, latency_ms=200, rate=190, warm_up=400)

CASES: Final = [
    Case(FLOOR, _SMALL),
    Case(LANE, _SMALL),
    *(
        Case(EXACTLY_ONCE, replace(_COLD, name=f"cold, {offers} offers, no latency", offers=offers, requests=count))
        for offers, count in ((1, 5_000), (20, 3_000), (200, 800))
    ),
    Case(AT_LEAST_ONCE, _COLD),
    Case(EXACTLY_ONCE, _PLAIN),
    Case(CACHED, _PLAIN_MIX),
    Case(EXACTLY_ONCE, _MIX),
    Case(CACHED, _MIX),
    Case(EXACTLY_ONCE, _FULL),
    Case(EXACTLY_ONCE, _STEADY),
    *(
        Case(replace(EXACTLY_ONCE, name=f"{number} instances, exactly once", instances=number), work)
        for number in (2, 3, 4)
        for work in (_COLD, _FULL)
    ),
]
