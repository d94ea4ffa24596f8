"""The orientation result: the one answer to a request."""

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from rorbridge.events import wireformat
from rorbridge.events.contract import PUBLISHED, checked
from rorbridge.events.offer import Offer
from rorbridge.events.status import Status

__all__ = [
    "RESULT",
    "RESULT_TYPE",
    "OrientationResult",
    "Problem",
    "ProblemError",
    "RequestWarning",
    "Round",
    "Search",
    "Status",
    "Timing",
    "decode",
    "encode",
    "written",
]

RESULT_TYPE = "rorbridge.orientation.result.v1"
"""The CloudEvents type of a result."""


@checked(frozen=True, slots=True, kw_only=True)
class ProblemError:
    """One error of a request."""

    __pydantic_config__ = PUBLISHED

    pointer: str
    """JSON Pointer (RFC 6901) into the request's data; empty for the whole of it."""
    detail: str
    """What is wrong there, in words."""


@checked(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, as RFC 9457 has it."""

    __pydantic_config__ = PUBLISHED

    type: str
    """URN of the kind of problem, such as ``urn:rorbridge:problem:invalid-request``."""
    title: str
    """The kind of problem in words, the same for all of a kind."""
    detail: str
    """What went wrong with this request, in words."""
    errors: tuple[ProblemError, ...] = ()
    """Of a rejected request: every error, up to 50."""
    retryable: bool = False
    """Whether the same request may well succeed later."""


@checked(frozen=True, slots=True, kw_only=True)
class RequestWarning:
    """Something that the sender should look at; the request was answered all the same."""

    __pydantic_config__ = PUBLISHED

    pointer: str
    """JSON Pointer (RFC 6901) into the request's data."""
    detail: str
    """What to look at, in words."""


@checked(frozen=True, slots=True, kw_only=True)
class Round:
    """One search of the ROR."""

    __pydantic_config__ = PUBLISHED

    radius_km: float | None = None
    """Radius of the circle searched, in km; absent where no circle was asked for."""
    found: int = 0
    """Offers that the ROR returned and the audience may know of."""
    kept: int = 0
    """Offers among them that meet the need."""
    left_out: dict[str, int] | None = None
    """Why the others were left out: the criterion not met, or ``closed``, and how many."""
    unverified: dict[str, int] | None = None
    """Offers dropped because a criterion could not be seen on them, by that criterion."""
    broken: int = 0
    """Entries that could not be read."""


@checked(frozen=True, slots=True, kw_only=True)
class Search:
    """How the answer was found."""

    __pydantic_config__ = PUBLISHED

    rounds: tuple[Round, ...]
    """The searches made, each circle wider than the one before; the last one gave the offers."""
    total: int
    """Offers that meet the need; ``offers`` holds the first of them."""
    complete: bool
    """False when offers are missing: the ROR cut its answer, or ``cut`` were left out."""
    cut: int = 0
    """Offers left out of ``offers`` because the result would have been larger than the broker takes."""
    verified_only: tuple[str, ...] = ()
    """Criteria on which the ROR offers no search: it was not asked about them, they were verified on the data."""
    source: str
    """Where the offers come from: ``ror``; ``shared`` when one call to the ROR served equal searches at the same time;
    ``cache`` when an equal search was answered a moment before, see ``asOf``."""
    as_of: datetime
    """When the ROR was asked for what is in ``offers``."""


@checked(frozen=True, slots=True, kw_only=True)
class Timing:
    """Where the time went."""

    __pydantic_config__ = PUBLISHED

    received_at: datetime
    """When rorbridge took the request up."""
    answered_at: datetime
    """When it had the answer, before that was published."""
    resolve_ms: float
    """Milliseconds that resolving took."""


@checked(frozen=True, slots=True, kw_only=True)
class OrientationResult:
    """The one answer to a request."""

    __pydantic_config__ = PUBLISHED

    request_id: str
    """The ``ce_id`` of the request; of bare JSON its place in Kafka, ``topic/partition/offset``."""
    attempt: int = 1
    """Counts up when an operator has a request of the dead-letter topic answered again."""
    status: Status
    """How the request ended."""
    offers: tuple[Offer, ...] = ()
    """Offers that meet the need, in the order asked for; empty where ``bundle`` has them."""
    bundle: dict[str, Any] | None = None
    """The offers as a FHIR R4 searchset Bundle, where the request asked for that format."""
    warnings: tuple[RequestWarning, ...] = ()
    """What the sender should look at, such as codes that we do not know."""
    search: Search | None = None
    """How the answer was found; absent where there was none to find."""
    problem: Problem | None = None
    """What went wrong, of ``rejected``, ``failed`` and ``expired``."""
    timing: Timing | None = None
    """Where the time went."""


RESULT = TypeAdapter(OrientationResult)
"""Reads, writes and describes results."""
_OFFER = TypeAdapter(Offer)
_OFFERS = {"offers"}
_STATUS = b'"status":"'


def encode(result: OrientationResult) -> bytes:
    """Write a result as JSON, in UTF-8; what has no value is left out."""
    data = RESULT.dump_json(result, by_alias=True, exclude_none=True, exclude=_OFFERS)
    # The offers come after the status. Within texts the quotes would be escaped, so this is it.
    end = data.index(b'"', data.index(_STATUS) + len(_STATUS)) + 1
    return b"".join((data[:end], b',"offers":[', b",".join(map(written, result.offers)), b"]", data[end:]))


def written(offer: Offer) -> bytes:
    """Write an offer as JSON, as it stands in a result. It is written once: one offer answers many requests."""
    try:
        found: bytes = offer.written
    except AttributeError:
        found = _OFFER.dump_json(offer, by_alias=True, exclude_none=True)
        object.__setattr__(offer, "written", found)  # frozen, but this is no part of what it says
    return found


def decode(data: bytes) -> OrientationResult:
    """Read a result from JSON, plain or in the Confluent wire format. Raises ValueError."""
    return RESULT.validate_json(wireformat.split(data)[1])
