"""What is asked: so many requests, how they differ, and what the ROR answers after how long."""

import json
import random
from dataclasses import dataclass
from typing import Final

from tests.bench.answers import ACTIVITY, PARIS, RADIUS_KM
from tests.support.requests import Sent, headers

_NEEDS: Final = 500
"""Different needs of the realistic mix."""
_ZIPF: Final = 1.0
"""The n-th most frequent need is asked for 1/n as often as the first."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of load."""

    name: str
    requests: int
    """Pre-loaded, or sent within the time that the rate gives."""
    offers: int = 20
    plain: bool = False
    """Whether offers with name, distance and place are all that is asked for and answered, as peers do it."""
    latency_ms: float = 0
    repeated: bool = False
    """Whether needs repeat as in a realistic mix (Zipf), or each is like no other."""
    rate: float | None = None
    """Requests a second; None when all are there before it begins."""
    warm_up: int = 200
    """Requests at the beginning that count in nothing."""
    concurrency: int = 64
    """Calls to the ROR at the same time that each process may make."""
    partitions: int = 12
    """Of the topics of requests and results."""

    @property
    def page(self) -> str:
        """Give the name of what the ROR answers."""
        return f"plain-{self.offers}" if self.plain else str(self.offers)

    def sent(self, more: int = 0) -> list[Sent]:
        """Give the requests, and so many more of the same kind; their ids are their numbers."""
        count = self.requests + more
        dice = random.Random(self.requests)
        weights = [1 / (rank + 1) ** _ZIPF for rank in range(_NEEDS)]
        needs = dice.choices(range(_NEEDS), weights, k=count) if self.repeated else range(count)
        return [_request(number, need, plain=self.plain) for number, need in enumerate(needs)]


def _request(number: int, need: int, *, plain: bool) -> Sent:
    where = {
        "near": {"latitude": PARIS.latitude, "longitude": PARIS.longitude},
        "radiusKm": RADIUS_KM + need / 1_000_000,  # another question with the same answer
    }
    answer = {"limit": 200, "closed": "keep", **({"include": []} if plain else {})}
    content = {"need": {"activity": [ACTIVITY]}, "where": where, "answer": answer}
    id_ = str(number)
    return Sent(id_, id_.encode(), json.dumps(content).encode(), headers(id_), frozenset({"matched"}))
