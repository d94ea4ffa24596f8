"""A steady stream of requests, each with what is expected of it, and the account at the end."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from rorbridge.bus.delivery import committed
from rorbridge.events.envelope import correlation_id
from rorbridge.settings import KafkaSettings
from tests.support.kafka import PARTITIONS, Record, Topics
from tests.support.requests import headers

POISON = "0999"
"""An activity code for which the ROR is made to fail, always."""


_COMMIT_S = 0.5
"""From an answer to its record."""
_CLOCK_S = 0.05
"""By how much a record's timestamp may be early: it is in milliseconds, and taken before the record is sent."""


@dataclass
class Stream:
    """Publishes requests at a pace until it is stopped; remembers them in their order."""

    bootstrap_servers: str
    topic: str
    per_second: float
    dice: random.Random
    sent: dict[str, bytes | None] = field(default_factory=dict)
    """Key by request id, in the order sent."""
    deadlines: dict[str, datetime] = field(default_factory=dict)
    no_events: int = 0
    poisoned: set[str] = field(default_factory=set)
    healthy: list[tuple[float, float]] = field(default_factory=list)
    """When a new look-alike answered all, the poisoned as well, until it was told of its faults; seconds since 1970."""
    rejected: set[str] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap_servers, enable_idempotence=True)
        await producer.start()
        waiting: set[asyncio.Future[object]] = set()
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while not stop.is_set():
                value, key, head = self._next()
                waiting.add(await producer.send(self.topic, value, key=key, headers=head))
                waiting = {one for one in waiting if not one.done()}
                due = max(due + 1 / self.per_second, loop.time() - 1)
                await asyncio.sleep(max(due - loop.time(), 0))
            if waiting:
                await asyncio.wait(waiting)
        finally:
            await producer.stop()

    def _next(self) -> tuple[bytes, bytes | None, list[tuple[str, bytes]]]:
        id_ = f"r-{len(self.sent)}"
        key = self.dice.choice([None, f"case-{self.dice.randrange(300)}".encode()])
        content: dict[str, object] = {
            "need": {"activity": ["013"]},
            "where": {
                # Three decimals, so that no coordinate holds the digits of POISON.
                "near": {
                    "latitude": round(self.dice.uniform(43, 50), 3),
                    "longitude": round(self.dice.uniform(0, 6), 3),
                },
                "radiusKm": 20,
            },
            "answer": {"limit": 2, "include": []},
        }
        match self.dice.randrange(100):
            case 0:
                self.no_events += 1
                return b"no event", key, []
            case 1:
                content["patient"] = "Dupont"
                self.rejected.add(id_)
            case 2:
                content["need"] = {"activity": [POISON]}
                self.poisoned.add(id_)
            case number if number < 13:
                deadline = datetime.now(UTC) + timedelta(seconds=self.dice.uniform(2, 10))
                content["deadline"] = deadline.isoformat()
                self.deadlines[id_] = deadline
            case _:
                pass
        self.sent[id_] = key
        return json.dumps(content).encode(), key, headers(id_)


@dataclass(frozen=True)
class Account:
    """What became of a stream."""

    requests: int
    lost: list[str]
    repeated: list[str]
    disordered: list[str]
    uncommitted: int
    """Results that were written and aborted, so that only readers of uncommitted records see them."""
    statuses: dict[str, int]
    dead_letters: int
    wrong: list[str]
    """What else is not as it must be."""

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.repeated or self.disordered or self.wrong)


async def read_to_end(bootstrap_servers: str, topic: str, isolation: str) -> list[Record]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers, isolation_level=isolation, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, one) for one in range(PARTITIONS)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[Record] = []
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += records
    finally:
        await consumer.stop()
    return found


async def settled(settings: KafkaSettings, partitions: int, timeout_s: float) -> list[str]:
    """Wait until every request is answered; give what is still open when the time is over."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers)
    await consumer.start()
    try:
        topic = [TopicPartition(settings.requests_topic, one) for one in range(partitions)]
        while True:
            ends = await consumer.end_offsets(topic)
            still_open = []
            for one in topic:
                position, metadata = await committed(settings, one)
                if (position or 0) < ends[one] or metadata:
                    still_open.append(f"partition {one.partition}: at {position} of {ends[one]}, set {metadata!r}")
            if not still_open or asyncio.get_running_loop().time() > deadline:
                return still_open
            await asyncio.sleep(1)
    finally:
        await consumer.stop()


async def account(stream: Stream, topics: Topics, still_open: Iterable[str]) -> Account:
    """Compare what was sent with what readers see."""
    results = await read_to_end(stream.bootstrap_servers, topics.results, "read_committed")
    everything = await read_to_end(stream.bootstrap_servers, topics.results, "read_uncommitted")
    letters = await read_to_end(stream.bootstrap_servers, topics.dead_letters, "read_committed")
    seen = Counter(correlation_id(one.headers) or "?" for one in results)
    status = {correlation_id(one.headers) or "?": json.loads(one.value or b"{}")["status"] for one in results}
    answered_at = {correlation_id(one.headers) or "?": one.timestamp / 1000 for one in results}
    expected_letters = Counter(id_ for id_, one in status.items() if one in {"rejected", "failed"})
    told_letters = Counter(dict(one.headers).get("ce_id", b"").decode() for one in letters)
    no_events = told_letters.pop("", 0)
    wrong = [*still_open]
    wrong += [f"{id_} is {status[id_]}" for id_ in stream.rejected if status.get(id_) != "rejected"]
    for id_ in stream.poisoned:
        well = any(begin <= answered_at.get(id_, 0) <= end + _COMMIT_S for begin, end in stream.healthy)
        if status.get(id_) not in {"failed", None} and not well:
            wrong.append(f"{id_} is {status[id_]}")
    failed = [id_ for id_, one in status.items() if one == "failed" and id_ not in stream.poisoned]
    wrong += [f"{id_} failed by an outage" for id_ in failed]
    if no_events != stream.no_events:
        wrong.append(f"{no_events} dead letters of what is no event, {stream.no_events} expected")
    wrong += [f"{told_letters[id_]} dead letters of {id_}" for id_ in told_letters if told_letters[id_] != 1]
    wrong += [f"a dead letter of {id_}, which is {status.get(id_)}" for id_ in told_letters - expected_letters]
    wrong += [f"no dead letter of {id_}, which is {status[id_]}" for id_ in expected_letters - told_letters]
    for id_ in (one for one, told in status.items() if told == "expired"):
        deadline = stream.deadlines.get(id_)
        if deadline is None or answered_at[id_] < deadline.timestamp() - _CLOCK_S:
            wrong.append(f"{id_} expired before its deadline, {deadline}")
    wrong += [f"a result for {id_}, which nobody asked" for id_ in seen if id_ not in stream.sent]
    return Account(
        requests=len(stream.sent) + stream.no_events,
        lost=[id_ for id_ in stream.sent if not seen[id_]],
        repeated=[id_ for id_, count in seen.items() if count > 1],
        disordered=_disordered(stream, results),
        uncommitted=len(everything) - len(results),
        statuses=dict(Counter(status.values())),
        dead_letters=len(letters),
        wrong=wrong,
    )


def _disordered(stream: Stream, results: list[Record]) -> list[str]:
    """Give the keys whose results stand in another order than their requests."""
    answered: dict[bytes, list[str]] = {}
    for one in sorted(results, key=lambda record: (record.partition, record.offset)):
        if one.key is not None:
            answered.setdefault(one.key, []).append(correlation_id(one.headers) or "?")
    asked: dict[bytes, list[str]] = {}
    for id_, key in stream.sent.items():
        if key is not None:
            asked.setdefault(key, []).append(id_)
    return [key.decode() for key, ids in answered.items() if ids != [one for one in asked[key] if one in set(ids)]]
