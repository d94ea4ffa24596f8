"""``make bench``: the cases, each several times, their medians as a table and all runs as JSON."""

import argparse
import asyncio
import json
import logging
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rorbridge.bus.localbroker import ApacheKafka
from tests.bench.answers import cut, plain, searchset
from tests.bench.cases import CASES, Case
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


def _print(rows: Sequence[Measured]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("work", "subject", "req/s", "CPU ms", "req/CPU s", "p50", "p95", "p99", "MiB", "calls", "bytes"):
        table.add_column(name, justify="left" if name in {"work", "subject"} else "right")
    for one in rows:
        times = ["" if value is None else f"{value:.0f}" for value in (one.p50_ms, one.p95_ms, one.p99_ms)]
        table.add_row(
            *(one.work, one.subject, f"{one.requests_per_s:,.0f}", f"{one.cpu_ms:.3f}", f"{one.per_cpu_s:,.0f}"),
            *(*times, f"{one.peak_mib:.0f}", f"{one.ror_calls:,}", f"{one.result_bytes:,.0f}"),
        )
    Console(width=160 if not sys.stdout.isatty() else None).print(table)


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says of topics that are being made
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose names hold this")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="where all runs are written to")
    options = parser.parse_args()
    chosen = [one for one in CASES if options.only in one.name]
    with tempfile.TemporaryDirectory(prefix="rorbridge-bench-") as temporary:
        measured = asyncio.run(_run(chosen, options.runs, Path(temporary)))
    machine = {"python": platform.python_version(), "machine": platform.platform()}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"on": machine, "runs": [asdict(one) for one in measured]}, indent=1))
    _print(medians(measured))
