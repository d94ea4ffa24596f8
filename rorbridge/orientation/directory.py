"""The port to the directory of offers: what the domain asks of the ROR, and how that may fail."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from rorbridge.events.need import Need
from rorbridge.events.result import Problem
from rorbridge.events.where import Where
from rorbridge.orientation.fhir import Searchset
from rorbridge.orientation.reuse import Reuse


@dataclass(frozen=True, slots=True)
class Question:
    """One search: what is needed, where, and how far around."""

    need: Need
    where: Where | None
    """None where the need itself names its offers."""
    radius_km: float | None
    """None where no circle is asked for."""
    keep_raw: bool = False
    """Whether the resources are wanted as they came, too; they hold on to whole pages."""
    people: bool = True
    """Whether it is wanted who works for the offers."""
    will_do: "Callable[[Found], bool]" = field(default=lambda _: True, compare=False, repr=False)
    """Tells whether an answer that was kept will do, of which only what others were sent may be left."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. Others may hold the same: nobody changes what it says."""

    searchset: Searchset | None
    """What the directory answered; None once that was let go of, and only what others were sent of it is left."""
    complete: bool
    """False when the directory cut its answer."""
    as_of: datetime
    """When the directory gave it."""
    verified_only: tuple[str, ...] = ()
    """Criteria on which the directory offers no search, so that its answer is wider than the need."""
    source: Literal["ror", "shared", "cache"] = "ror"
    """A call for this question alone, one shared with an equal question, or the answer to one of a moment ago."""
    reuse: Reuse = field(default_factory=Reuse, compare=False, repr=False)
    """What was worked out from the searchset so far."""

    @property
    def whole(self) -> Searchset:
        """The searchset. Raises LookupError when it was let go of, which a question's ``will_do`` looks out for."""
        if self.searchset is None:
            raise LookupError("the directory's answer was let go of")
        return self.searchset


class DirectoryError(Exception):
    """The directory did not answer this question; carries the problem to publish."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.title}: {problem.detail}")
        self.problem = problem


class DirectoryUnavailableError(DirectoryError):
    """The directory could not be asked: it is away, throttles or refuses us. Not the question's fault."""

    def __init__(self, problem: Problem, *, retry_after_s: float | None = None, is_too_slow: bool = False) -> None:
        super().__init__(problem)
        self.retry_after_s = retry_after_s
        """Seconds that the directory asks us to hold off; None when it does not ask."""
        self.is_too_slow = is_too_slow
        """Whether the question took longer than its budget, so that trying often would take too long."""


Gate = Callable[[], Awaitable[None]]
"""Waits until the directory may be called, which is at once unless it is away or asked us to hold off."""


async def at_once() -> None:
    """Wait for nothing: the gate of who asks without a circuit."""


class Directory(Protocol):
    """A directory of offers."""

    async def search(self, question: Question, gate: Gate = at_once) -> Found:
        """Find the offers that may answer *question*, passing the gate before each call. Raises DirectoryError."""
        ...

    async def check(self) -> None:
        """Put a question that any directory must be able to answer.

        Raises DirectoryUnavailableError while the directory is away.
        """
        ...
