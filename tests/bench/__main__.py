"""``make bench``: the cases, each several times, their medians as a table and all runs as JSON."""

import argparse
import asyncio
import json
import logging
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from rorbridge.bus.localbroker import ApacheKafka
from tests.bench.answers import cut, plain, searchset
from tests.bench.cases import CASES, Case, peer_cases
from tests.bench.measure import Measured, measure
from tests.bench.work import Work
from tests.support.kafka import Broker


class BenchKafka(ApacheKafka):
    """Apache Kafka with the compiler that a server runs with; the tests' own is made to start quickly."""

    def command(self) -> Sequence[str]:
        """Give the command that runs the server."""
        return [one for one in super().command() if one != "-XX:TieredStopAtLevel=1"]


async def _answers(folder: Path, works: Sequence[Work]) -> None:
    page = await searchset()
    for one in works:
        (folder / f"{one.page}.json").write_bytes((plain if one.plain else cut)(page, one.offers))


async def _run(cases: Sequence[Case], runs: int, folder: Path) -> list[Measured]:
    found: list[Measured] = []
    await _answers(folder, [one.work for one in cases])
    with BenchKafka() as kafka:
        broker = Broker(kafka.bootstrap_servers, is_real=True)
        for run in range(runs):  # round by round, so that a slow minute of the machine falls on all
            for number, case in enumerate(cases):
                one = await measure(broker, case.subject, case.work, folder, folder / f"{number}.log")
                found.append(one)
                told = f"{one.requests_per_s:8.0f}/s {one.cpu_ms:7.3f} CPU ms"
                print(f"{run + 1}/{runs} {told}  {one.subject} | {one.work}", file=sys.stderr, flush=True)
    return found


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


def _columns(one: Measured) -> list[str]:
    """Give the figures of a row, in the order of _HEAD."""
    times = ["" if value is None else f"{value:.0f}" for value in (one.p50_ms, one.p95_ms, one.p99_ms)]
    return [
        *(one.work, one.subject, f"{one.requests_per_s:,.0f}", f"{one.cpu_ms:.2f}", f"{one.per_cpu_s:,.0f}", *times),
        *(f"{one.peak_mib:.0f}", f"{one.ror_calls:,}", f"{one.result_bytes / 1024:.1f}"),
    ]


_HEAD = (
    "load",
    "subject",
    "req/s",
    "CPU ms/req",
    "req/CPU s",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "peak MiB",
    "ROR calls",
    "KiB",
)


def _print(rows: Sequence[Measured]) -> None:
    """Print the rows as a Markdown table."""
    texts = [list(_HEAD), *map(_columns, rows)]
    widths = [max(len(one[number]) for one in texts) for number in range(len(_HEAD))]
    texts.insert(1, ["-" * width if number < 2 else "-" * (width - 1) + ":" for number, width in enumerate(widths)])
    for text in texts:
        cells = [
            one.ljust(width) if number < 2 else one.rjust(width)
            for number, (one, width) in enumerate(zip(text, widths, strict=True))
        ]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says of topics that are being made
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", action="store_true", help="the bridge beside its peers, which are built first")
    parser.add_argument("--only", default="", help="cases whose names hold this")
    parser.add_argument("--json", type=Path, help="where all runs are written to; by default in build/")
    options = parser.parse_args()
    cases = [one for one in (peer_cases() if options.peers else CASES) if options.only in one.name]
    with tempfile.TemporaryDirectory(prefix="rorbridge-bench-") as temporary:
        measured = asyncio.run(_run(cases, options.runs, Path(temporary)))
    machine = {"python": platform.python_version(), "machine": platform.platform(), "cores": os.cpu_count()}
    file = options.json or Path("build") / ("bench-peers.json" if options.peers else "bench.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"on": machine, "runs": [asdict(one) for one in measured]}, indent=1))
    _print(medians(measured))
