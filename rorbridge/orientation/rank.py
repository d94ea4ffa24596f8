"""In which order offers are given: nearest first, most available first or fair, and equals always fair.

Fair means shuffled by the request's id: the same request gives the same order, and over many requests no offer
stands before its equals more often than any other.
"""

import hashlib
from collections.abc import Iterable

from rorbridge.events.request import Order
from rorbridge.orientation.capacity import NEVER, free
from rorbridge.orientation.match import Verdict

_NEARLY_EQUAL_KM = 0.1
"""Distances closer than this are equal: a finer difference says nothing about the way there."""


def rank(kept: Iterable[Verdict], order: Order, request_id: str) -> list[Verdict]:
    """Order kept candidates; those without a distance come last."""

    def fair(verdict: Verdict) -> bytes:
        return hashlib.blake2b(f"{request_id}\n{verdict.candidate.service.id}".encode(), digest_size=16).digest()

    def key(verdict: Verdict) -> tuple[float, float, bytes]:
        match order:
            case "distance":
                return _step(verdict.distance_km), 0.0, fair(verdict)
            case "availability":
                number, updated = free(verdict.place.location) if verdict.place else (0, NEVER)
                return -number, -(updated - NEVER).total_seconds(), fair(verdict)
            case "fair":
                return 0.0, 0.0, fair(verdict)

    return sorted(kept, key=key)


def _step(distance_km: float | None) -> float:
    return float("inf") if distance_km is None else round(distance_km / _NEARLY_EQUAL_KM)
