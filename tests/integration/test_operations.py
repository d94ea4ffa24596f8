"""What an operator asks a running service: /livez, /readyz and /metrics; and the figures of its lanes on real Kafka."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from rorbridge import __version__
from rorbridge.bus.bridge import Bridge
from rorbridge.bus.delivery import ExactlyOnce
from rorbridge.bus.outgoing import Outgoing
from rorbridge.bus.record import Record
from rorbridge.lookalike.server import ServerAddress
from rorbridge.orientation.circuit import Parking
from rorbridge.telemetry import metrics
from tests.integration.test_lane import many, until
from tests.support.kafka import Broker, Topics
from tests.support.metrics import described, measured, scraped
from tests.support.processes import free_port, running_service
from tests.support.ror import ror_environment

NOWHERE = ror_environment(ServerAddress("http://127.0.0.1:1/ws", "http://127.0.0.1:1/token"))


async def test_a_service_without_kafka_is_alive_and_not_ready_and_shows_every_metric_of_the_table(
    tmp_path: Path,
) -> None:
    kafka = f"127.0.0.1:{free_port()}"
    settings = NOWHERE | {"RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": kafka, "RORBRIDGE_KAFKA__WINDOW": "70"}
    with running_service(settings, tmp_path / "log") as service:
        async with httpx.AsyncClient(base_url=service.url) as http:

            async def told_of_kafka() -> dict[str, str] | None:
                try:
                    answer = await http.get("/readyz")
                except httpx.TransportError:
                    return None
                assert answer.status_code == 503
                assert set(answer.json()) == {"status", "reasons"}
                [reason] = answer.json()["reasons"]
                return reason if kafka in reason["text"] else None

            async with asyncio.timeout(60):
                while not (reason := await told_of_kafka()):  # noqa: ASYNC110 - it is another process
                    await asyncio.sleep(0.05)
            assert set(reason) == {"part", "since", "text"}
            assert reason["part"] == "kafka"
            assert timedelta() <= datetime.now(UTC) - datetime.fromisoformat(reason["since"]) < timedelta(minutes=1)
            assert (await http.get("/livez")).json() == {"status": "alive", "reasons": []}
            assert [(await http.head(path)).status_code for path in ("/livez", "/readyz", "/metrics")] == [
                200,
                503,
                200,
            ]
            assert [(one.status_code, one.text) for one in (await http.get("/"), await http.get("/health"))] == [
                (404, "There is /livez, /readyz, /metrics, /asyncapi.\n")
            ] * 2
            plain = await http.get("/metrics")
            open_ = await http.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
        assert await asyncio.to_thread(service.terminate) == 0
    assert plain.headers["content-type"].startswith("text/plain")
    found = scraped(plain.text)
    families = {line.split()[2] for line in plain.text.splitlines() if line.startswith("# TYPE ")}
    ours = {one for one in families if one.startswith("rorbridge_") and not one.endswith("_created")}
    assert ours == {one.name for one in described()}
    assert {"process_resident_memory_bytes", "python_gc_collections_total"} <= set(found)
    assert found["rorbridge_ready"] == {(): 0.0}
    assert found["rorbridge_window_size"] == {(): 70.0}
    assert found["rorbridge_lanes"] == {(): 0.0}
    assert found["rorbridge_build_info"] == {(("delivery", "exactly-once"), ("version", __version__)): 1.0}
    assert {dict(labels)["reason"] for labels in found["rorbridge_dead_letters_total"]} == {
        "not-an-event",
        "unreadable",
        "rejected",
        "failed",
    }
    assert {dict(labels)["status"] for labels in found["rorbridge_results_total"]} == {
        "matched",
        "no-match",
        "rejected",
        "failed",
        "expired",
    }
    assert open_.headers["content-type"].startswith("application/openmetrics-text")
    assert "rorbridge_lanes" in openmetrics(open_.text)


def openmetrics(text: str) -> set[str]:
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # it has no annotations
    return {one.name for one in families}


class Held:
    """Answers that come when they are let go; the offsets in *parks* wait for the ROR meanwhile."""

    def __init__(self, parks: set[int]) -> None:
        self.parks = parks
        self.let_go: set[int] = set()
        self.changed = asyncio.Condition()

    async def answer(self, record: Record, parking: Parking) -> tuple[Outgoing, ...]:
        parking(record.offset in self.parks)
        async with self.changed:
            await self.changed.wait_for(lambda: record.offset in self.let_go)
        parking(False)
        return ()

    def unreadable(self, record: Record, error: Exception) -> tuple[Outgoing, ...]:
        raise AssertionError(record)

    async def let(self, offsets: Sequence[int]) -> None:
        async with self.changed:
            self.let_go |= set(offsets)
            self.changed.notify_all()


def gauges(partition: int = 0) -> dict[str, float | None]:
    names = ("window_records", "parked_records", "span_records", "lag_records")
    return {name: REGISTRY.get_sample_value(f"rorbridge_{name}", {"partition": str(partition)}) for name in names}


def read(window: int, parked: int, span: int, lag: int) -> dict[str, float | None]:
    return {"window_records": window, "parked_records": parked, "span_records": span, "lag_records": lag}


@pytest.mark.real_kafka
async def test_the_gauges_of_a_lane_follow_it_and_leave_with_it(broker: Broker, topics: Topics) -> None:
    await many(broker, topics, 20, None)
    held = Held(parks={1, 2, 3})
    settings = topics.kafka(broker).model_copy(update={"window": 10})
    bridge = Bridge(settings, held, lambda: None)
    metrics.LANES.set_function(bridge.readings)
    commits, answered = measured("rorbridge_commit_seconds_count"), measured("rorbridge_commit_records_sum")
    bridge.start()
    try:
        # 13 are taken: 3 wait for the ROR, so that 10 more have room; 7 are left to Kafka.
        await until(lambda: gauges() == read(window=10, parked=3, span=0, lag=20))
        assert REGISTRY.get_sample_value("rorbridge_lanes") == 3
        assert gauges(1) == read(0, 0, 0, 0)
        await many(broker, topics, 5, None)
        await until(lambda: gauges()["lag_records"] == 25)  # though the lane is full, and fetches nothing
        await held.let([5, 7])
        await until(lambda: gauges() == read(window=10, parked=3, span=8, lag=25))
        await held.let(range(25))
        await until(lambda: gauges() == read(0, 0, 0, 0))
        assert measured("rorbridge_commit_records_sum") - answered == 25
        assert 2 <= measured("rorbridge_commit_seconds_count") - commits <= 25
    finally:
        await held.let(range(25))
        await bridge.stop()
    assert REGISTRY.get_sample_value("rorbridge_lanes") == 0
    assert gauges() == dict.fromkeys(gauges())
    metrics.LANES.set_function(tuple)


@pytest.mark.real_kafka
async def test_marks_of_transactions_are_no_lag(broker: Broker, topics: Topics) -> None:
    held = Held(parks=set())
    await held.let(range(100))
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id=topics.group)
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait(topics.requests, b"{}", partition=0)
    await producer.stop()
    bridge = Bridge(topics.kafka(broker), held, lambda: None)
    metrics.LANES.set_function(bridge.readings)
    answered = measured("rorbridge_commit_records_sum")
    bridge.start()
    try:
        await until(lambda: measured("rorbridge_commit_records_sum") - answered == 1)
        await until(lambda: gauges() == read(0, 0, 0, 0))
    finally:
        await bridge.stop()
        metrics.LANES.set_function(tuple)


@pytest.mark.real_kafka
async def test_a_lane_that_is_fenced_or_fails_is_counted_by_why(broker: Broker, topics: Topics) -> None:
    before = {reason: measured("rorbridge_lane_restarts_total", reason=reason) for reason in ("fenced", "error")}
    held = Held(parks=set())
    bridge = Bridge(topics.kafka(broker), held, lambda: None)
    bridge.start()
    try:
        await until(lambda: not bridge.not_ready)
        other = ExactlyOnce(topics.kafka(broker), TopicPartition(topics.requests, 0), {})
        await other.open()
        await many(broker, topics, 1, None)
        await held.let([0])
        await until(lambda: measured("rorbridge_lane_restarts_total", reason="fenced") > before["fenced"])
        [reason] = bridge.not_ready
        assert reason.part == "lanes"
        assert "partition 0" in reason.text
        await other.close()
    finally:
        await bridge.stop()
    assert measured("rorbridge_lane_restarts_total", reason="error") == before["error"]
