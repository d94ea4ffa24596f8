"""What a run of the fuzzing came to: cases, results by status, memory and time."""

import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

MOST_GROWTH_MIB = 400
"""By what the second half of a run may need more than the first."""


def peak_mib() -> float:
    """Give the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass
class Account:
    """Counts cases; one a process."""

    cases: Counter[str] = field(default_factory=Counter)
    """By test."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Statuses of results, and dead letters of what was no event."""
    resident_mib: list[float] = field(default_factory=list)
    """After each part of the run."""
    started: float = field(default_factory=time.monotonic)

    def count(self, test: str, outcome: str) -> None:
        self.cases[test] += 1
        self.outcomes[outcome] += 1

    def part_done(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.resident_mib.append(pages * resource.getpagesize() / 1_048_576)

    @property
    def growth_mib(self) -> float:
        """Largest part of the second half less the largest of the first."""
        middle = len(self.resident_mib) // 2
        return max(self.resident_mib[middle:]) - max(self.resident_mib[:middle] or self.resident_mib)

    def table(self) -> str:
        """Give the account in Markdown."""
        rows: list[tuple[str, object]] = [
            ("**cases**", self.cases.total()),
            *sorted(self.cases.items()),
            *((f"answered: {outcome}", count) for outcome, count in sorted(self.outcomes.items())),
            ("peak memory", f"{peak_mib():.0f} MiB"),
            ("growth of memory in the second half", f"{self.growth_mib:.0f} MiB"),
            ("seconds", f"{time.monotonic() - self.started:.0f}"),
        ]
        return "\n".join(["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows)])


ACCOUNT = Account()
