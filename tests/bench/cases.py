"""The cases of the bench."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tests.bench.peers import UnavailableError, benthos, camel
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


SMALL: Final = Work("no ROR", 30_000, warm_up=3_000)

ONE: Final = Work("cold, 1 offer", 3_000, offers=1)
COLD: Final = Work("cold, 20 offers", 1_200, warm_up=100)
MANY: Final = Work("cold, 200 offers", 160, offers=200, warm_up=20)

MIX: Final = Work("500 needs (Zipf), 20 offers, 50 ms", 4_000, latency_ms=50, repeated=True, warm_up=500)

CEILING: Final = Work("cold, 1 offer, 200 ms", 6_800, offers=1, latency_ms=200, warm_up=400)
STEADY: Final = replace(CEILING, name="cold, 1 offer, 200 ms, 192 requests/s", requests=2_600, rate=192, warm_up=800)
STEADY_FEW: Final = replace(STEADY, name=f"{STEADY.name}, 3 partitions", partitions=3)
STEADY_FLOOR: Final = replace(SMALL, name="no ROR, 192 requests/s", requests=2_600, rate=192, warm_up=800)
PLAIN_CEILING: Final = replace(CEILING, name="plain, cold, 20 offers, 200 ms", offers=20, plain=True, requests=1_500)

BOUND: Final = Work(
    "cold, 1 offer, 200 ms, 16 calls at once", 900, offers=1, latency_ms=200, concurrency=16, warm_up=100
)

PLAIN: Final = Work("plain, cold, 20 offers", 2_500, plain=True)
PLAIN_MIX: Final = Work(
    "plain, 500 needs (Zipf), 20 offers, 50 ms", 8_000, latency_ms=50, plain=True, repeated=True, warm_up=4_000
)


def instances(number: int) -> Subject:
    """Give the bridge as several processes of one group."""
    return replace(EXACTLY_ONCE, name=f"bridge, {number} instances", instances=number)


CASES: Final = [
    Case(FLOOR, SMALL),
    Case(LANE, SMALL),
    *(Case(EXACTLY_ONCE, work) for work in (ONE, COLD, MANY)),
    Case(AT_LEAST_ONCE, COLD),
    Case(EXACTLY_ONCE, MIX),
    Case(CACHED, MIX),
    *(Case(EXACTLY_ONCE, work) for work in (CEILING, PLAIN_CEILING, STEADY, STEADY_FEW)),
    Case(FLOOR, STEADY_FLOOR),
    *(Case(instances(number), COLD) for number in (2, 4)),
    Case(EXACTLY_ONCE, BOUND),
    *(Case(instances(number), replace(BOUND, requests=number * BOUND.requests)) for number in (2, 4)),
]
"""What the bridge costs by itself: ``make bench``."""


def peer_cases() -> Iterator[Case]:
    """Give the bridge beside its peers, each as its documentation sets it up, and with its own cache on.

    Builds them; one that cannot be built is told on standard error, with why.
    """
    for subject, work in ((EXACTLY_ONCE, PLAIN), (AT_LEAST_ONCE, PLAIN), (CACHED, PLAIN_MIX)):
        yield Case(subject, work)
    for peer in (camel, benthos):
        try:
            as_documented, cached = peer.subjects()
        except UnavailableError as error:
            sys.stderr.write(f"left out: {error}\n")
            continue
        yield Case(as_documented, PLAIN)
        yield Case(as_documented, PLAIN_MIX)
        yield Case(cached, PLAIN_MIX)
