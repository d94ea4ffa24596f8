"""What runs showed, as a table: the median of each figure over the runs of each case."""

import statistics
from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from tests.bench.measure import Measured


def medians(found: Sequence[Measured]) -> list[Measured]:
    """Give the median of each figure over the runs of each case."""
    names = [one.name for one in fields(Measured) if one.name not in {"subject", "work"}]
    rows = []
    for subject, work in dict.fromkeys((one.subject, one.work) for one in found):
        of_case = [one for one in found if (one.subject, one.work) == (subject, work)]
        figures = {
            name: None
            if getattr(of_case[0], name) is None
            else statistics.median(getattr(one, name) for one in of_case)
            for name in names
        }
        rows.append(Measured(subject=subject, work=work, **figures))  # type: ignore[arg-type]  # by its own fields
    return rows


_NAMES: Final = 2
"""Columns of words; those after them hold figures."""


def _columns(one: Measured) -> list[str]:
    """Give the figures of a row, in the order of _HEAD."""
    times = ["" if value is None else f"{value:.0f}" for value in (one.p50_ms, one.p95_ms, one.p99_ms)]
    return [
        *(one.work, one.subject, f"{one.requests_per_s:,.0f}", f"{one.cpu_ms:.2f}", f"{one.per_cpu_s:,.0f}", *times),
        *(f"{one.peak_mib:.0f}", f"{one.ror_calls:.2f}", f"{one.result_bytes / 1024:.1f}"),
    ]


_HEAD: Final = (
    "load",
    "subject",
    "req/s",
    "CPU ms/req",
    "req/CPU s",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "peak MiB",
    "ROR calls/req",
    "KiB",
)


def markdown(rows: Sequence[Measured]) -> str:
    """Write rows as a Markdown table."""
    texts = [list(_HEAD), *map(_columns, rows)]
    widths = [max(len(one[number]) for one in texts) for number in range(len(_HEAD))]
    texts.insert(
        1, ["-" * width if number < _NAMES else "-" * (width - 1) + ":" for number, width in enumerate(widths)]
    )
    lines = []
    for text in texts:
        cells = (
            one.ljust(widths[number]) if number < _NAMES else one.rjust(widths[number])
            for number, one in enumerate(text)
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
