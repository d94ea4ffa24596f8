"""The ROR away for a while, with requests arriving all the time: ``python -m tests.chaos.outage --minutes 5``."""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from aiokafka import AIOKafkaProducer
from starlette.requests import Request
from starlette.responses import Response

from rorbridge.bus.localbroker import ApacheKafka
from tests.chaos.stream import read_to_end
from tests.support.fhir import EMPTY
from tests.support.http import scripted_ror
from tests.support.kafka import Broker, Record, Topics, new_topics, read
from tests.support.processes import running_service
from tests.support.requests import headers
from tests.support.ror import ror_environment

_CONTENT = {
    "need": {"activity": ["013"]},
    "where": {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 10},
}


@dataclass(frozen=True)
class Outage:
    """What was seen of one."""

    requests: int
    statuses: dict[str, str]
    late_s: list[float]
    """How long after its deadline each expired result was written."""
    dead_letters: int
    assignments: int
    """How often the group handed out partitions; 1 when it was left in peace."""
    told_ready: set[int]
    """What /readyz said during the outage."""


async def outage(broker: Broker, topics: Topics, log: Path, *, seconds: float, per_second: float) -> Outage:
    """Take the ROR away for *seconds*, with requests all the time, every second one with a deadline."""
    away = True

    async def search(request: Request) -> Response:
        return Response(status_code=503) if away else Response(EMPTY, media_type="application/fhir+json")

    async with scripted_ror(search) as ror, httpx.AsyncClient() as http:
        with running_service(topics.settings(broker) | ror_environment(ror), log) as service:
            producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers)
            await producer.start()
            deadlines: dict[str, datetime] = {}
            told: set[int] = set()
            begin, count = time.monotonic(), 0
            while (at := time.monotonic() - begin) < seconds:
                id_ = f"r-{count}"
                content: Mapping[str, object] = _CONTENT
                if count % 2:
                    deadlines[id_] = datetime.now(UTC) + timedelta(seconds=min(3 + count % 40, max(seconds - at, 3)))
                    content = {**_CONTENT, "deadline": deadlines[id_].isoformat()}
                await producer.send(
                    topics.requests, json.dumps(content).encode(), key=id_.encode(), headers=headers(id_)
                )
                count += 1
                await asyncio.sleep(1 / per_second)
                if count % int(per_second * 5) == 0 and at > seconds / 2:
                    told.add((await http.get(f"{service.url}/readyz")).status_code)
            await producer.stop()
            await asyncio.sleep(4)
            away = False

            def all_there(found: list[Record]) -> bool:
                return len(found) >= count

            await read(broker, [topics.results], until=all_there, timeout_s=60)
            assert service.terminate() == 0
    results = await read_to_end(broker.bootstrap_servers, topics.results, "read_committed")
    letters = await read_to_end(broker.bootstrap_servers, topics.dead_letters, "read_committed")
    statuses: dict[str, str] = {}
    late: list[float] = []
    for one in results:
        id_ = (one.key or b"").decode()
        assert id_ not in statuses, "answered twice"
        statuses[id_] = json.loads(one.value or b"")["status"]
        if statuses[id_] == "expired":
            late.append(one.timestamp / 1000 - deadlines[id_].timestamp())
    return Outage(count, statuses, late, len(letters), _assignments(log), told)


def _assignments(log: Path) -> int:
    return log.read_text().count('"partitions-assigned"')


async def main(minutes: float, per_second: float) -> None:
    """Print what was seen of an outage of so many minutes."""
    with ApacheKafka() as kafka, tempfile.TemporaryDirectory() as folder:
        broker = Broker(kafka.bootstrap_servers, is_real=True)
        topics = await new_topics(broker)
        found = await outage(broker, topics, Path(folder) / "log", seconds=minutes * 60, per_second=per_second)
    by_status = ", ".join(f"{count} {status}" for status, count in sorted(Counter(found.statuses.values()).items()))
    print(
        f"{found.requests} requests, {found.requests - len(found.statuses)} without a result, {by_status}; "
        f"{found.dead_letters} dead letters; expired ones answered at most {max(found.late_s):.2f} s after their "
        f"deadline; partitions handed out {found.assignments} time(s); /readyz said {sorted(found.told_ready)}"
    )


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=5)
    options.add_argument("--per-second", type=float, default=20)
    given = options.parse_args()
    asyncio.run(main(given.minutes, given.per_second))
