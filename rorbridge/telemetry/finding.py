"""What a preflight found: one line a step, in words that a person can act on."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a step ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One step of a preflight."""

    step: str
    state: State
    found: str
    mend: str | None = None
    """What to do about it."""
