"""``python -m tests.chaos``: a long chaos run and its table."""

import argparse
import asyncio
import logging
import random
import sys
from datetime import UTC, datetime

from rorbridge.bus.localbroker import kafka_version
from tests.chaos.harness import Chaos
from tests.chaos.sabotage import PARTS
from tests.chaos.stream import Account


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    options.add_argument("--minutes", type=float, default=20)
    options.add_argument("--seed", type=int, default=random.randrange(10_000))
    options.add_argument("--per-second", type=float, default=25)
    options.add_argument("--sabotage", choices=PARTS, help="take this part of the lane out; the run must then fail")
    options.add_argument("--only", default="", help="let happen only what has this in its name, such as freeze")
    given = options.parse_args()
    chaos = Chaos(given.minutes, given.seed, given.per_second, given.sabotage, given.only)
    print(f"logs: {chaos.folder}", file=sys.stderr)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of this process; that brokers go is the point of it
    found, _ = asyncio.run(chaos.run())
    found.wrong.extend(f"left behind: {one}" for one in chaos.leftovers())
    print(table(chaos, found))
    for problem in (found.lost, found.repeated, found.disordered, found.wrong):
        for one in problem[:10]:
            print(f"  {one}", file=sys.stderr)
    return 0 if found.is_clean else 1


def table(chaos: Chaos, found: Account) -> str:
    """Give the account in Markdown."""
    rows: list[tuple[str, object]] = [
        ("date", datetime.now(UTC).date().isoformat()),
        ("Apache Kafka", kafka_version()),
        ("minutes, seed", f"{chaos.minutes:g}, {chaos.seed}"),
        ("requests", found.requests),
        ("**lost**", len(found.lost)),
        ("**repeated (committed)**", len(found.repeated)),
        ("**out of order within a key**", len(found.disordered)),
        ("other errors", len(found.wrong)),
        ("written and aborted, seen by no read_committed reader", found.uncommitted),
        *sorted(found.statuses.items()),
        ("dead letters", found.dead_letters),
        *sorted(chaos.events.items()),
    ]
    if chaos.only:
        rows.insert(0, ("only what has in its name", chaos.only))
    if chaos.sabotage:
        rows.insert(0, ("taken out on purpose", chaos.sabotage))
    return "\n".join(["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows)])


if __name__ == "__main__":
    sys.exit(main())
