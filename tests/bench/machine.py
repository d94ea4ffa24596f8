"""What processes cost, as the kernel counts it."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a process since its start, all threads together."""

    cpu_s: float
    peak_mib: float


def cost(pid: int) -> Cost:
    """Read what a process has cost so far; 10 ms are the finest that the kernel tells."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return Cost((int(fields[11]) + int(fields[12])) / _TICKS, int(peak.split()[1]) / 1024)
