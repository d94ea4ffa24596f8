"""The cases of the bench."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tests.bench.peers import UnavailableError, bento, camel
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


_SMALL: Final = Work("no ROR", 30_000, warm_up=3_000)

_ONE: Final = Work("cold, 1 offer", 5_000, offers=1)
_COLD: Final = Work("cold, 20 offers", 2_500)
_MANY: Final = Work("cold, 200 offers", 400, offers=200, warm_up=40)

_MIX: Final = Work("500 needs (Zipf), 20 offers, 50 ms", 8_000, latency_ms=50, repeated=True)

_CEILING: Final = Work("cold, 1 offer, 200 ms", 4_500, offers=1, latency_ms=200, warm_up=500)
_STEADY: Final = replace(_CEILING, name="cold, 1 offer, 200 ms, 192 requests/s", requests=3_000, rate=192)
_PLAIN_CEILING: Final = replace(_CEILING, name="plain, cold, 20 offers, 200 ms", offers=20, plain=True)
_PLAIN_STEADY: Final = replace(_STEADY, name="plain, cold, 20 offers, 200 ms, 192 requests/s", offers=20, plain=True)

_BOUND: Final = Work("cold, 1 offer, 200 ms, 16 calls at once", 1_200, offers=1, latency_ms=200, concurrency=16)

_PLAIN: Final = Work("plain, cold, 20 offers", 4_000, plain=True, warm_up=1_000)
_PLAIN_MIX: Final = replace(_MIX, name="plain, 500 needs (Zipf), 20 offers, 50 ms", plain=True, warm_up=1_000)


def _instances(number: int) -> Subject:
    return replace(EXACTLY_ONCE, name=f"bridge, {number} instances", instances=number)


CASES: Final = [
    Case(FLOOR, _SMALL),
    Case(LANE, _SMALL),
    *(Case(EXACTLY_ONCE, work) for work in (_ONE, _COLD, _MANY)),
    Case(AT_LEAST_ONCE, _COLD),
    Case(EXACTLY_ONCE, _MIX),
    Case(CACHED, _MIX),
    *(Case(EXACTLY_ONCE, work) for work in (_CEILING, _STEADY, _PLAIN_CEILING, _PLAIN_STEADY)),
    *(Case(_instances(number), _COLD) for number in (2, 3, 4)),
    Case(EXACTLY_ONCE, _BOUND),
    *(Case(_instances(number), replace(_BOUND, requests=number * _BOUND.requests)) for number in (2, 3, 4)),
]
"""What the bridge costs by itself: ``make bench``."""


def peer_cases() -> Iterator[Case]:
    """Give the bridge beside its peers, each as its documentation sets it up, and with its own cache on.

    Builds them; one that cannot be built is told on standard error, with why.
    """
    for subject, work in ((EXACTLY_ONCE, _PLAIN), (AT_LEAST_ONCE, _PLAIN), (EXACTLY_ONCE, _PLAIN_MIX)):
        yield Case(subject, work)
    yield Case(CACHED, _PLAIN_MIX)
    for peer in (camel, bento):
        try:
            as_documented, cached = peer.subjects()
        except UnavailableError as error:
            sys.stderr.write(f"left out: {error}\n")
            continue
        yield Case(as_documented, _PLAIN)
        yield Case(as_documented, _PLAIN_MIX)
        yield Case(cached, _PLAIN_MIX)
