"""``docs/performance.md`` and ``docs/sizing.md``: tables made from the runs that are kept beside them.

``make performance-page`` keeps the runs of ``make bench`` and ``make bench-peers`` and writes the tables anew; a test
holds the pages to what is kept.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench import cases
from tests.bench.measure import Measured
from tests.bench.subject import AT_LEAST_ONCE, CACHED, EXACTLY_ONCE, FLOOR, LANE, Subject
from tests.bench.table import markdown, medians
from tests.bench.work import Work

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (ROOT / "docs" / "performance.md", ROOT / "docs" / "sizing.md")
KEPT: Final = ROOT / "docs" / "performance.json"
_PLANNED: Final = 0.6
"""Of a core, for an instance."""
_BUILT: Final = ("bench.json", "bench-peers.json")


@dataclass(frozen=True, slots=True)
class Target:
    """Something to reach, and what was seen."""

    what: str
    least: str
    seen: str
    is_met: bool


class Rows:
    """Medians by subject and load."""

    def __init__(self, runs: Sequence[Measured]) -> None:
        self.all = medians(runs)

    def of(self, subject: str, work: Work) -> Measured:
        """Give a row. Raises LookupError."""
        return next(one for one in self.all if (one.subject, one.work) == (subject, work.name))

    def peers(self, work: Work, *, cached: bool) -> list[Measured]:
        """Give the rows of all peers under a load."""
        ours = {one.name for one in (FLOOR, LANE, EXACTLY_ONCE, AT_LEAST_ONCE, CACHED)}
        return [
            one
            for one in self.all
            if one.work == work.name and one.subject not in ours and ("cache" in one.subject) == cached
        ]


def targets(runs: Sequence[Measured]) -> Iterator[Target]:
    """Compare what runs showed with what the bridge is to reach."""
    rows = Rows(runs)

    def row(subject: Subject, work: Work) -> Measured:
        return rows.of(subject.name, work)

    share = row(LANE, cases.SMALL).requests_per_s / row(FLOOR, cases.SMALL).requests_per_s
    yield Target("lane alone, exactly once: requests/s of the floor's", "35 %", f"{share:.0%}", share >= 0.35)
    for peer in rows.peers(cases.PLAIN, cached=False):
        yield _times(
            f"plain, cold: requests a CPU second of {peer.subject}'s", 0.5, row(EXACTLY_ONCE, cases.PLAIN), peer
        )
    for cached, least in ((False, 2.0), (True, 1.0)):
        for peer in rows.peers(cases.PLAIN_MIX, cached=cached):
            what = f"plain, 500 needs, our cache 30 s: requests a CPU second of {peer.subject}'s"
            yield _times(what, least, row(CACHED, cases.PLAIN_MIX), peer)
    saved = 1 - row(CACHED, cases.PLAIN_MIX).ror_calls
    yield Target("plain, 500 needs, our cache 30 s: calls to the ROR that are saved", "told", f"{saved:.1%}", saved > 0)
    for work in (cases.CEILING, cases.PLAIN_CEILING):
        ceiling = work.concurrency / (work.latency_ms / 1000)
        reached = row(EXACTLY_ONCE, work).sustained_per_s / ceiling
        what = f"{work.name}: of the ceiling, {ceiling:.0f} requests/s, sustained"
        yield Target(what, "95 %", f"{reached:.1%}", reached >= 0.95)
    for work in (cases.STEADY, cases.STEADY_FEW):
        added = (row(EXACTLY_ONCE, work).p99_ms or math.inf) - work.latency_ms
        yield Target(f"{work.name}: p99 beyond the ROR's time", "under 40 ms", f"{added:.0f} ms", added < 40)
    one, twenty, many = (row(EXACTLY_ONCE, work).cpu_ms for work in (cases.ONE, cases.COLD, cases.MANY))
    first, further = (twenty - one) / 19, (many - twenty) / 180
    told = f"{first:.2f} ms, then {further:.2f} ms"
    yield Target("CPU of one more offer, from 1 to 20 and from 20 to 200", "not more", told, further <= first * 1.05)
    alone, four = row(EXACTLY_ONCE, cases.COLD), row(cases.instances(4), cases.COLD)
    ratio = four.requests_per_s / alone.requests_per_s
    yield Target("4 instances on two cores, no latency: requests/s of one's", "1.0 x", f"{ratio:.2f} x", ratio >= 1)
    bound, bounds = row(EXACTLY_ONCE, cases.BOUND), row(cases.instances(4), cases.BOUND)
    ratio = bounds.requests_per_s / bound.requests_per_s
    yield Target("4 instances, 200 ms: requests/s of one's", "4 x (3.8)", f"{ratio:.2f} x", ratio >= 3.8)


def _times(what: str, least: float, ours: Measured, peer: Measured) -> Target:
    times = ours.per_cpu_s / peer.per_cpu_s
    return Target(what, f"{least:g} x", f"{times:.2f} x", times >= least)


def read(text: str) -> list[Measured]:
    """Read runs as the bench wrote them."""
    return [Measured(**one) for one in json.loads(text)["runs"]]


def page(text: str, runs: Sequence[Measured]) -> str:
    """Give a page with fresh tables in it."""
    reached = [[one.what, one.least, one.seen, "yes" if one.is_met else "**no**"] for one in targets(runs)]
    tables = {
        "targets": _table(["target", "at least", "seen", ""], reached),
        "measured": markdown(medians(runs)),
        "cost": _table(["offers", "CPU ms", "requests/s of a core", "result KiB", "peak MiB, 64 calls"], _cost(runs)),
        "demand": _table(
            ["", "requests/s", "instances", "calls at 200 ms", "calls at 1 s", "results, MiB/s"], _demand(runs)
        ),
    }
    for name, table in tables.items():
        start, end = f"<!-- {name}: made by tests/bench/page.py -->\n", f"<!-- end of {name} -->"
        before, found, rest = text.partition(start)
        if found:
            text = f"{before}{start}\n{table}\n\n{end}{rest.partition(end)[2]}"
    return text


def _cost(runs: Sequence[Measured]) -> Iterator[list[str]]:
    rows = Rows(runs)
    for work in (cases.ONE, cases.COLD, cases.MANY):
        one = rows.of(EXACTLY_ONCE.name, work)
        figures = (one.cpu_ms, one.per_cpu_s, one.result_bytes / 1024, one.peak_mib)
        yield [str(work.offers), *(f"{figure:,.1f}" if figure < 100 else f"{figure:,.0f}" for figure in figures)]


def _demand(runs: Sequence[Measured]) -> Iterator[list[str]]:
    cold = Rows(runs).of(EXACTLY_ONCE.name, cases.COLD)
    for name, rate in (("a region", 1), ("the country", 10), ("a hundred times that", 1_000)):
        instances = math.ceil(rate / (_PLANNED * cold.per_cpu_s))
        calls = [math.ceil(rate * latency_s) for latency_s in (0.2, 1)]
        yield [
            name,
            f"{rate:,}",
            str(instances),
            *(f"{one:,}" for one in calls),
            f"{rate * cold.result_bytes / 2**20:.1f}",
        ]


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def _keep() -> None:
    """Keep the runs that were made last."""
    files: list[dict[str, Any]] = [json.loads((ROOT / "build" / name).read_text()) for name in _BUILT]
    if files[0]["on"] != files[1]["on"]:
        raise ValueError("the two benches ran on different machines")
    runs = [one for file in files for one in file["runs"]]
    lines = ",\n".join(json.dumps(one) for one in runs)
    KEPT.write_text(f'{{"on": {json.dumps(files[0]["on"])}, "runs": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    _keep()
    for file in PAGES:
        file.write_text(page(file.read_text(), read(KEPT.read_text())))
