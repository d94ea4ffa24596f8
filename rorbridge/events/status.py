"""How a request can end; apart from the result itself, so that the command line knows the words and loads nothing."""

from enum import StrEnum


class Status(StrEnum):
    """How a request ended.

    - ``matched``: at least one offer meets the need.
    - ``no-match``: the ROR was asked; no offer that we may see meets the need.
    - ``rejected``: the request is not valid; the problem says where.
    - ``failed``: the ROR could not answer this one; the problem says why and whether it is worth repeating.
    - ``expired``: the deadline passed first.
    """

    MATCHED = "matched"
    NO_MATCH = "no-match"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
