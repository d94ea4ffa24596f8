"""What a result says, status by status, in the few words that a screen has room for."""

from typing import Any

from orientation_result import CapacityIndicator, Offer, OrientationResult, Place, Status

# Codes of the French nomenclatures (NOS). Their words come along as `display`, for people; programs compare codes.
PHONES = {"1", "2"}  # TRE_R200-CanalCommunication: mobile, landline
BED = "01"  # TRE_R329-NatureCapacite
AVAILABLE = "02"  # TRE_R330-TypeStatutCapacite
NOW = "01"  # TRE_R331-TemporaliteCapacite


def summary(name: str, result: OrientationResult) -> dict[str, Any]:
    """Sum up a result."""
    head = {"request": name, "requestId": result.request_id, "attempt": result.attempt, "status": result.status}
    if result.warnings:  # answered all the same, but look at the request: such as at a code that is not known
        head["warnings"] = {warning.pointer: warning.detail for warning in result.warnings}
    match result.status:
        case Status.MATCHED if result.bundle:
            # A FHIR R4 Bundle, as the request asked: for your FHIR library, such as fhir.resources.
            return head | _searched(result) | {"bundle": _kinds(result.bundle)}
        case Status.MATCHED:
            return head | _searched(result) | {"offers": [_offer(one) for one in result.offers]}
        case Status.NO_MATCH:
            # The ROR was asked and has nothing that we may see: widen the circle, or ask for less.
            return head | _searched(result)
        case Status.REJECTED:
            # Our own mistake: the same request will be rejected again. The pointers say where to mend it.
            return head | _problem(result)
        case Status.FAILED:
            # Not our mistake. To ask again, publish the request under a new id.
            return head | _problem(result) | {"retryable": bool(result.problem and result.problem.retryable)}
        case Status.EXPIRED:
            # Its deadline passed first, so nobody waits for it any more.
            return head | _problem(result)


def _searched(result: OrientationResult) -> dict[str, Any]:
    if result.search is None:
        return {}
    rounds = result.search.rounds
    return {
        "total": result.search.total,
        "complete": result.search.complete,
        "radiusKm": rounds[-1].radius_km if rounds else None,
    }


def _problem(result: OrientationResult) -> dict[str, Any]:
    if result.problem is None:
        return {}
    return {
        "problem": f"{result.problem.title}: {result.problem.detail}",
        "errors": {error.pointer: error.detail for error in result.problem.errors},
    }


def _offer(offer: Offer) -> dict[str, Any]:
    place = _place(offer)
    return {
        "name": offer.name or offer.reference,
        "distanceKm": offer.distance_km,
        "place": _address(place),
        "phone": _phone(offer),
        "freeBeds": _free_beds(place),
        "met": {one.criterion: one.found for one in offer.match if one.outcome == "met"},
        "notVisible": [one.criterion for one in offer.match if one.outcome == "notVisible"],
    }


def _place(offer: Offer) -> Place | None:
    """Give the place that the evidence names as its source, else the first."""
    sources = {evidence.source for evidence in offer.match}
    return next((place for place in offer.places if place.reference in sources), next(iter(offer.places), None))


def _address(place: Place | None) -> str | None:
    if place is None or place.address is None:
        return None
    address = place.address
    return ", ".join([*address.lines, f"{address.postal_code or ''} {address.city or ''}".strip()])


def _phone(offer: Offer) -> str | None:
    telecoms = [telecom for contact in offer.contacts for telecom in contact.telecoms]
    return next((one.value for one in telecoms if one.channel and one.channel.code in PHONES), None)


def _free_beds(place: Place | None) -> list[dict[str, Any]] | None:
    """Give the free beds by whom they are for. None means that we may not see them, never that there are none."""
    indicators = place.capacities if place else []
    free = [one for one in indicators if _codes(one) == (BED, AVAILABLE, NOW)]
    if not free:
        return None
    return [
        {"number": one.number, "for": one.gender.display if one.gender else None, "updated": one.updated}
        for one in free
    ]


def _codes(one: CapacityIndicator) -> tuple[str | None, ...]:
    return tuple(coded.code if coded else None for coded in (one.kind, one.status, one.horizon))


def _kinds(bundle: dict[str, Any]) -> dict[str, int]:
    """Count a Bundle's resources by their kind."""
    kinds = [entry["resource"]["resourceType"] for entry in bundle.get("entry", [])]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}
