"""From what went wrong to the problem (RFC 9457) that a result carries."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from rorbridge.events.request import OrientationRequest
from rorbridge.events.result import Problem, ProblemError

_MOST_ERRORS = 50
_LONGEST_NAME = 200
_URN = "urn:rorbridge:problem:"


class InvalidRequestError(ValueError):
    """A request that does not keep the contract; carries the problem to publish."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def parse_request(data: bytes) -> OrientationRequest:
    """Read a request from JSON. Raises InvalidRequestError with every error in it."""
    try:
        return OrientationRequest.model_validate_json(data)
    except ValidationError as error:
        raise InvalidRequestError(_invalid(error, data)) from None


def problem(kind: str, title: str, detail: str, *, retryable: bool = False) -> Problem:
    """Build a problem of one kind, such as ``ror-unavailable``; *retryable* if the same request may succeed later."""
    return Problem(type=_URN + kind, title=title, detail=detail, retryable=retryable)


def unsupported_type(found: str, expected: str) -> Problem:
    """Build the problem of an event whose type is *found*, where *expected* is the one that is answered."""
    return problem(
        "unsupported-type", "This event is no orientation request", f"its type is {found!r}, not {expected!r}"
    )


def _invalid(error: ValidationError, data: bytes) -> Problem:
    try:
        content: Any = json.loads(data)
    except (ValueError, RecursionError):
        content = None
    errors: list[ProblemError] = []
    for one in error.errors(include_input=False, include_url=False, include_context=False):
        found = ProblemError(pointer=_pointer(one["loc"], content), detail=one["msg"])
        # A broken item also makes its list "too short": one message a place is enough.
        if one["type"] != "too_short" or not any(e.pointer.startswith(found.pointer + "/") for e in errors):
            errors.append(found)
    shown = tuple(errors[:_MOST_ERRORS])
    first = f"{shown[0].pointer or 'the request'}: {shown[0].detail}"
    return Problem(
        type=_URN + "invalid-request",
        title="The request is not valid",
        detail=first if len(errors) == 1 else f"{len(errors)} errors; the first is at {first}",
        errors=shown,
    )


def _pointer(location: Sequence[int | str], content: Any) -> str:
    """Turn pydantic's location into a JSON Pointer (RFC 6901) into what was sent.

    A field whose name is longer than any of ours should be is told by what holds it.

    Locations also name branches of unions; only steps that exist in the content count, and a last one that is
    missing from it.
    """
    steps: list[str] = []
    for index, step in enumerate(location):
        if isinstance(step, str) and len(step) > _LONGEST_NAME:
            break
        is_last = index == len(location) - 1
        if isinstance(content, dict) and isinstance(step, str):
            if step in content:
                content = content[step]
            elif not is_last:
                continue
        elif isinstance(content, list) and isinstance(step, int) and step < len(content):
            content = content[step]
        else:
            continue
        steps.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{step}" for step in steps)
