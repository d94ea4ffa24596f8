"""What /readyz and /livez say, by part and since when; what died is no secret."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from rorbridge.bus.bridge import Bridge
from rorbridge.bus.lane import Lane
from rorbridge.bus.outgoing import Outgoing
from rorbridge.bus.session import Answers
from rorbridge.orientation.circuit import Circuit
from rorbridge.ror.errors import RorUnavailableError
from rorbridge.settings import KafkaSettings
from rorbridge.telemetry import health
from rorbridge.telemetry.health import Reason

SECRET = "the body of a request"
SINCE = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


async def asked(endpoint: Any, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(endpoint), base_url="http://us") as http:
        return await http.request(method, "/")


@pytest.mark.parametrize(
    ("make", "well", "ill"), [(health.readyz, "ready", "not ready"), (health.livez, "alive", "dead")]
)
async def test_each_reason_is_told_with_its_part_and_since_when(
    make: Callable[[Callable[[], Sequence[Reason]]], Any], well: str, ill: str
) -> None:
    reasons = [Reason("lanes", "fenced", SINCE), Reason("ror", "HTTP 503", SINCE)]
    answer = await asked(make(lambda: reasons))
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "status": ill,
        "reasons": [
            {"part": "lanes", "since": "2026-11-25T03:00:00+00:00", "text": "fenced"},
            {"part": "ror", "since": "2026-11-25T03:00:00+00:00", "text": "HTTP 503"},
        ],
    }
    assert (await asked(make(lambda: reasons), "HEAD")).status_code == 503
    assert (await asked(make(list), "HEAD")).status_code == 200
    answer = await asked(make(list))
    assert (answer.status_code, answer.json()) == (200, {"status": well, "reasons": []})


def test_a_reason_in_other_words_is_as_old_as_the_first_one_of_its_part() -> None:
    first = Reason("kafka", "refused", SINCE)
    assert first.now("kafka", "timed out") == Reason("kafka", "timed out", SINCE)
    other = first.now("lanes", "partitions")
    assert other.since > SINCE + timedelta(hours=1)


class Broken:
    """A delivery that cannot even be closed."""

    async def open(self) -> tuple[int | None, str]:
        raise KafkaError("away")

    async def release(self, records: Sequence[Outgoing], position: int, metadata: str) -> None:
        raise AssertionError

    async def close(self) -> None:
        raise RuntimeError(SECRET)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_a_lane_that_died_is_neither_ready_nor_alive() -> None:
    lane = Lane(
        cast(AIOKafkaConsumer, None),
        TopicPartition("requests", 2),
        answers=cast(Answers, None),
        delivery=Broken,
        size=1,
    )
    lane.open()
    await until(lambda: lane.dead)
    assert lane.dead is not None
    assert lane.dead == lane.not_ready
    assert (lane.dead.part, lane.dead.text) == (
        "lanes",
        "the lane of partition 2 died: RuntimeError",
    )
    await lane.close(1.0)


async def test_a_bridge_whose_task_died_says_so_and_ends_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(_bridge: Bridge) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Bridge, "_connect", dies)
    crashed = asyncio.Event()
    bridge = Bridge(KafkaSettings(bootstrap_servers="x"), cast(Answers, None), crashed.set)
    assert not bridge.dead
    bridge.start()
    async with asyncio.timeout(10):
        await crashed.wait()
    assert [(one.part, one.text) for one in bridge.dead] == [
        ("kafka", "the task that keeps the connection died: RuntimeError")
    ]
    await bridge.stop()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KafkaError("refused"), "KafkaError('refused')"),
        (ConnectionRefusedError(111, "refused"), "ConnectionRefusedError(111, 'refused')"),
        (ValueError(SECRET), "ValueError"),
    ],
)
async def test_what_is_tried_again_is_told_in_words_only_where_they_are_of_kafka_or_the_network(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    async def fails(_bridge: Bridge) -> None:
        raise error

    monkeypatch.setattr(Bridge, "_open_consumer", fails)
    bridge = Bridge(KafkaSettings(bootstrap_servers="x"), cast(Answers, None), lambda: None)
    bridge.start()
    await until(lambda: "Kafka at" in bridge.not_ready[0].text)
    assert bridge.not_ready[0].text == f"Kafka at x: {told}"
    await bridge.stop()

    class Failing(Broken):
        async def open(self) -> tuple[int | None, str]:
            raise error

        async def close(self) -> None:
            pass

    partition = TopicPartition("requests", 2)
    lane = Lane(cast(AIOKafkaConsumer, None), partition, answers=cast(Answers, None), delivery=Failing, size=1)
    lane.open()
    await until(lambda: lane.not_ready and lane.not_ready.text.endswith(told))
    assert lane.not_ready is not None
    assert lane.not_ready.text == f"the lane of partition 2: {told}"
    await lane.close(1.0)


async def test_a_bridge_that_is_stopped_has_not_died(monkeypatch: pytest.MonkeyPatch) -> None:
    async def waits(_bridge: Bridge) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(Bridge, "_connect", waits)
    crashed = asyncio.Event()
    bridge = Bridge(KafkaSettings(bootstrap_servers="x"), cast(Answers, None), crashed.set)
    bridge.start()
    await asyncio.sleep(0)
    await bridge.stop()
    assert not bridge.dead
    assert not crashed.is_set()


async def test_a_circuit_is_stuck_only_when_nothing_looks_for_the_end_of_the_outage() -> None:
    async def away() -> None:
        raise RorUnavailableError("HTTP 503")

    async def ask() -> None:
        raise RorUnavailableError("HTTP 503")

    circuit = Circuit(away)
    asking = asyncio.create_task(circuit.ask(ask, lambda waits: None))
    await until(lambda: circuit.problem)
    assert datetime.now(UTC) - circuit.since < timedelta(seconds=10)
    assert not circuit.is_stuck
    assert circuit._probing is not None
    circuit._probing.cancel()  # there is no known way for it to end; a bug would be one
    await asyncio.wait([circuit._probing])
    assert circuit.is_stuck
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
