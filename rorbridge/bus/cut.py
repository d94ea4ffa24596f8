"""Results that are too large for the broker, cut to the offers that fit."""

from dataclasses import replace
from typing import Any

from rorbridge.events.problem import problem
from rorbridge.events.result import OrientationResult, Status, encode


def cut(result: OrientationResult, size: int) -> OrientationResult:
    """Give *result* in a form of at most *size* bytes, with as many of its offers as fit, the best first.

    It says how many were left out; without room for one, it is a failed result. Only that may exceed *size*.
    """
    least, most = 0, offers_in(result)  # the offers that fit, and those that do not
    while most - least > 1:
        middle = (least + most) // 2
        if len(encode(_first(result, middle))) <= size:
            least = middle
        else:
            most = middle
    if least:
        return _first(result, least)
    return _without_offers(result, size)


def offers_in(result: OrientationResult) -> int:
    """Count the offers of a result in either format."""
    return len(_matches(result.bundle)) if result.bundle else len(result.offers)


def _first(result: OrientationResult, count: int) -> OrientationResult:
    search = replace(result.search, complete=False, cut=offers_in(result) - count) if result.search else None
    if not result.bundle:
        return replace(result, offers=result.offers[:count], search=search)
    # An offer's resources follow it, unless they stand with one before it: what comes before the next offer is whole.
    end = _matches(result.bundle)[count]
    return replace(result, bundle={**result.bundle, "entry": result.bundle["entry"][:end]}, search=search)


def _matches(bundle: dict[str, Any]) -> list[int]:
    """Give where the offers stand among the entries of a Bundle."""
    return [at for at, entry in enumerate(bundle["entry"]) if entry["search"]["mode"] == "match"]


def _without_offers(result: OrientationResult, size: int) -> OrientationResult:
    detail = (
        f"not one offer fits into {size} bytes; ask for less of each (answer.include), or have the results topic take "
        "larger messages (max.message.bytes)"
    )
    found = problem("result-too-large", "The result is larger than the broker takes", detail)
    return replace(result, status=Status.FAILED, offers=(), bundle=None, problem=found)
