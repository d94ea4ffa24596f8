"""``make bench``: the cases, each several times, their medians as a table and all runs as JSON."""

import argparse
import asyncio
import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rorbridge.bus.localbroker import ApacheKafka
from tests.bench.cases import CASES, Case, peer_cases
from tests.bench.measure import Measured, measure
from tests.bench.subject import python
from tests.bench.table import markdown, medians
from tests.support.kafka import Broker


class BenchKafka(ApacheKafka):
    """Apache Kafka as a server runs; the tests' own is made to start quickly.

    With the whole compiler, and with pauses of its garbage collector as short as the settings of Kafka's own scripts
    promise (20 ms): the small collector of the tests stops the broker for 25 to 50 ms every two seconds, which is all
    that one then sees of the slowest requests. The parallel one costs less on two cores than G1.
    """

    def command(self) -> Sequence[str]:
        """Give the command that runs the server."""
        changed = {"-XX:TieredStopAtLevel=1": (), "-XX:+UseSerialGC": ("-XX:+UseParallelGC",)}
        return [option for one in super().command() for option in changed.get(one, (one,))]


async def _run(cases: Sequence[Case], runs: int, folder: Path) -> list[Measured]:
    found: list[Measured] = []
    with BenchKafka() as kafka:
        broker = Broker(kafka.bootstrap_servers, is_real=True)
        for run in range(runs):  # round by round, so that a slow minute of the machine falls on all
            for number, case in enumerate(cases):
                one = await measure(broker, case.subject, case.work, folder, folder / f"{number}.log")
                found.append(one)
                told = f"{one.requests_per_s:8.0f}/s {one.cpu_ms:7.3f} CPU ms"
                print(f"{run + 1}/{runs} {told}  {one.subject} | {one.work}", file=sys.stderr, flush=True)
    return found


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
        # In a process of its own, since the look-alike's data take a gigabyte.
        pages = {one.work.page for one in cases}
        subprocess.run(python("tests.bench.answers", temporary, *pages), check=True)
        measured = asyncio.run(_run(cases, options.runs, Path(temporary)))
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    file = options.json or Path("build") / ("bench-peers.json" if options.peers else "bench.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"on": machine, "runs": [asdict(one) for one in measured]}, indent=1))
    print(markdown(medians(measured)))
