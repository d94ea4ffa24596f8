"""``docs/performance.md``: its tables are made from the runs that are kept beside it, and say whether targets are met.

``make performance-page`` keeps the runs of ``make bench`` and ``make bench-peers`` and writes the tables anew; a test
holds the page to what is kept.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench import cases
from tests.bench.measure import Measured
from tests.bench.subject import AT_LEAST_ONCE, CACHED, EXACTLY_ONCE, FLOOR, LANE, Subject
from tests.bench.table import markdown, medians
from tests.bench.work import Work

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "performance.md"
KEPT: Final = ROOT / "docs" / "performance.json"
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
    for work in (cases.CEILING, cases.PLAIN_CEILING):
        ceiling = work.concurrency / (work.latency_ms / 1000)
        reached = row(EXACTLY_ONCE, work).requests_per_s / ceiling
        yield Target(
            f"{work.name}: of the ceiling, {ceiling:.0f} requests/s", "95 %", f"{reached:.1%}", reached >= 0.95
        )
    added = (row(EXACTLY_ONCE, cases.STEADY).p99_ms or float("inf")) - cases.STEADY.latency_ms
    yield Target(f"{cases.STEADY.name}: p99 that the bridge adds", "under 40 ms", f"{added:.0f} ms", added < 40)
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
    """Give the page with fresh tables in it."""
    rows = ["| target | at least | seen | |", "|---|---|---|---|"]
    rows += [
        f"| {one.what} | {one.least} | {one.seen} | {'yes' if one.is_met else '**no**'} |" for one in targets(runs)
    ]
    return _with(_with(text, "targets", "\n".join(rows)), "measured", markdown(medians(runs)))


def _with(text: str, name: str, table: str) -> str:
    start, end = f"<!-- {name}: made by tests/bench/page.py -->\n", f"<!-- end of {name} -->"
    before, _, rest = text.partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{PAGE.name} has no place for {name}")
    return f"{before}{start}\n{table}\n\n{end}{after}"


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
    PAGE.write_text(page(PAGE.read_text(), read(KEPT.read_text())))
