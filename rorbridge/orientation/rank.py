"""In which order offers are given: nearest first, most available first or fair, and equals always fair.

Fair means shuffled by the request's id: the same request gives the same order, and over many requests no offer
stands before its equals more often than any other.
"""

import hashlib
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from rorbridge.events.request import Order
from rorbridge.orientation.capacity import NEVER, free
from rorbridge.orientation.match import Verdict

_NEARLY_EQUAL_KM = 0.1
"""Distances closer than this are equal: a finer difference says nothing about the way there."""


Merit = tuple[float, float]
"""What decides about the place of an offer; the least is best."""


def merit(verdict: Verdict, order: Order) -> Merit:
    """Give the merit of a kept candidate; those without a distance come last."""
    match order:
        case "distance":
            return _step(verdict.distance_km), 0.0
        case "availability":
            number, updated = free(verdict.place.location) if verdict.place else (0, NEVER)
            return -number, -(updated - NEVER).total_seconds()
        case "fair":
            return 0.0, 0.0


def tiers(kept: Iterable[tuple[Merit, str]]) -> tuple[list[str], ...]:
    """Sort the ids of kept candidates into tiers of equals, best first."""
    in_order = groupby(sorted(kept, key=itemgetter(0)), itemgetter(0))
    return tuple([id_ for _, id_ in equals] for _, equals in in_order)


def rank(tiers: Iterable[list[str]], request_id: str, limit: int) -> list[str]:
    """Give the ids of the first *limit* offers, equals in the order that the request's id gives them."""

    def fair(id_: str) -> bytes:
        return hashlib.blake2b(f"{request_id}\n{id_}".encode(), digest_size=16).digest()

    first: list[str] = []
    for equals in tiers:
        first += sorted(equals, key=fair) if len(equals) > 1 else equals
        if len(first) >= limit:
            break
    return first[:limit]


def _step(distance_km: float | None) -> float:
    return float("inf") if distance_km is None else round(distance_km / _NEARLY_EQUAL_KM)
