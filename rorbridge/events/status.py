"""How a request can end; apart from the result itself, so that the command line knows the words and loads nothing."""

from enum import StrEnum


class Status(StrEnum):
    """How a request ended."""

    MATCHED = "matched"
    """At least one offer meets the need."""
    NO_MATCH = "no-match"
    """The ROR was asked; no offer that we may see meets the need."""
    REJECTED = "rejected"
    """The request is not valid; the problem says where."""
    FAILED = "failed"
    """The ROR could not answer this one; the problem says why and whether it is worth repeating."""
    EXPIRED = "expired"
    """The deadline passed first."""
