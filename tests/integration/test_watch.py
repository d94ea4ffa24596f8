"""``rorbridge watch``: the results as they come, through what happens to a topic and to Kafka."""

import asyncio
import json
import re
import signal
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Thread

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from rorbridge.bus.localbroker import ApacheKafka
from rorbridge.bus.topics import create
from rorbridge.events import envelope
from rorbridge.events.examples import examples
from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.result import RESULT_TYPE, OrientationResult, Status, encode
from rorbridge.settings import KafkaSettings
from tests.support.commands import COMMAND, on_terminal, rorbridge, surroundings
from tests.support.kafka import Broker, Topics
from tests.support.stage import Stage

PATIENCE_S = 60.0


@dataclass
class Watch:
    """A running ``rorbridge watch`` on pipes."""

    process: "subprocess.Popen[str]"
    results: list[str] = field(default_factory=list)
    """The ids of the requests whose results it has shown."""
    notes: str = ""

    async def until(self, seen: str) -> None:
        """Wait until a result or a note is there."""
        deadline = time.monotonic() + PATIENCE_S
        while seen not in self.results and seen not in self.notes:
            assert time.monotonic() < deadline, (seen, self)
            assert self.process.poll() is None, self
            await asyncio.sleep(0.05)

    def read_results(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.results.append(json.loads(line)["requestId"])

    def read_notes(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.notes += line


@contextmanager
def watching(settings: dict[str, str], *arguments: str, unread: bool = False) -> Iterator[Watch]:
    command = [*COMMAND, "watch", *arguments]
    with subprocess.Popen(
        command, env=surroundings(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        watch = Watch(process)
        readers = [Thread(target=one) for one in (watch.read_notes, *([] if unread else [watch.read_results]))]
        for one in readers:
            one.start()
        try:
            yield watch
        finally:
            process.kill()
            for one in readers:
                one.join()


@dataclass
class Publisher:
    """Publishes results as the service does."""

    producer: AIOKafkaProducer
    topic: str

    async def result(self, id_: str, status: Status = Status.NO_MATCH, **place: int) -> None:
        data = encode(OrientationResult(request_id=id_, status=status))
        request = envelope.RequestEvent(id_, "urn:test", REQUEST_TYPE, None, None, b"")
        headers = envelope.write(type_=RESULT_TYPE, request=request, time=datetime.now(UTC))
        await self.producer.send_and_wait(self.topic, data, headers=headers, **place)


@asynccontextmanager
async def publishing(bootstrap_servers: str, topic: str, **options: str) -> AsyncIterator[Publisher]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, **options)
    await producer.start()
    try:
        yield Publisher(producer, topic)
    finally:
        await producer.stop()


@pytest.mark.kafka
def test_a_terminal_gets_a_line_a_result_that_fits_it(stage: Stage) -> None:
    settings = stage.settings
    near_a_point = next(one for one in examples() if "near-a-point" in one.name)
    asked = rorbridge("send", "-", "--wait", "--json", settings=settings, text=near_a_point.data.decode())
    result = json.loads(asked.stdout)
    for columns in (80, 160):
        watch = ["watch", "--from-beginning", "--status", "matched"]
        shown = on_terminal(*watch, settings=settings, columns=columns, when=result["requestId"]).screen
        text = re.sub(r"\x1b\[[0-9;?]*[a-z]", "", shown)
        [line] = [line for line in text.splitlines() if result["requestId"] in line]
        assert len(line) <= columns
        told = re.match(rf"\d\d:\d\d:\d\d  matched +(\d+) +\d+ ms  {result['requestId']}  ([\d.]+) km", line)
        assert told
        assert int(told[1]) == result["search"]["total"]
        assert float(told[2]) == pytest.approx(result["offers"][0]["distanceKm"], abs=0.06)
    assert result["offers"][0]["name"] in line


@pytest.mark.kafka
async def test_what_is_asked_for_is_shown_and_what_is_no_result_is_named(broker: Broker, topics: Topics) -> None:
    settings = topics.settings(broker)
    hours_ago = int((time.time() - 7_200) * 1_000)
    async with publishing(broker.bootstrap_servers, topics.results) as publisher:
        await publisher.result("old", timestamp_ms=hours_ago)
        await publisher.result("failed", Status.FAILED)
        await publisher.producer.send_and_wait(topics.results, b"hello")
        await publisher.producer.send_and_wait(topics.results, None, key=b"case-1")
        await publisher.producer.send_and_wait(topics.results, b"{}", headers=[("ce_type", b"another.v1")])
        await publisher.result("expired", Status.EXPIRED)
    recent = rorbridge(
        "watch", "--since", "1h", "--status", "failed", "--status", "no-match", "-n", "1", settings=settings
    )
    assert [json.loads(line)["requestId"] for line in recent.stdout.splitlines()] == ["failed"]
    with watching(settings, "--from-beginning") as watch:
        for said in (
            "old",
            "failed",
            "it has no value",
            "its ce_type is another.v1",
            "not a result: Invalid JSON",
            "expired",
        ):
            await watch.until(said)
        assert set(watch.results) == {"old", "failed", "expired"}
        assert re.search(rf"^rorbridge: {topics.results}/\d/\d+ is not a result", watch.notes)


@pytest.mark.real_kafka
async def test_only_what_is_committed_is_shown_and_only_from_now_on(broker: Broker, topics: Topics) -> None:
    async with publishing(broker.bootstrap_servers, topics.results) as plain:
        await plain.result("before")
        with watching(topics.settings(broker)) as watch:
            while not watch.results:  # it says nothing until something comes, so some come until it does
                await plain.result("after")
                await asyncio.sleep(0.2)
            id_ = uuid.uuid4().hex
            async with publishing(broker.bootstrap_servers, topics.results, transactional_id=id_) as publisher:
                await publisher.producer.begin_transaction()
                await publisher.result("aborted")
                await publisher.producer.abort_transaction()
                async with publisher.producer.transaction():
                    await publisher.result("committed", partition=1)
            await watch.until("committed")
            await plain.result("last")
            await watch.until("last")
            assert set(watch.results) == {"after", "committed", "last"}
            assert watch.notes == ""


@pytest.mark.kafka
async def test_a_reader_that_is_gone_is_seen_though_all_that_comes_is_left_out(broker: Broker, topics: Topics) -> None:
    with watching(topics.settings(broker), "--from-beginning", "--status", "matched", unread=True) as watch:
        async with asyncio.timeout(PATIENCE_S), publishing(broker.bootstrap_servers, topics.results) as publisher:
            await publisher.result("first", Status.MATCHED)
            assert watch.process.stdout
            assert "first" in await asyncio.to_thread(watch.process.stdout.readline)
            watch.process.stdout.close()
            while watch.process.poll() is None:  # never so long that nothing comes that it would look up
                await publisher.result("no match")
    assert watch.process.returncode == 141


@pytest.mark.real_kafka
async def test_a_topic_that_comes_later_and_grows_is_read_whole_and_once(broker: Broker) -> None:
    topic = f"results-{uuid.uuid4().hex[:8]}"
    settings = {
        "RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "RORBRIDGE_KAFKA__RESULTS_TOPIC": topic,
    }
    with watching(settings) as watch:
        await watch.until(f"has no topic {topic}")
        await create(KafkaSettings(bootstrap_servers=broker.bootstrap_servers), {topic: 1})
        async with publishing(broker.bootstrap_servers, topic) as publisher:
            await publisher.result("first")
        await watch.until("first")
        await watch.until("going on")
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
        await admin.start()
        await admin.create_partitions({topic: NewPartitions(3)})
        async with publishing(broker.bootstrap_servers, topic) as publisher:
            await publisher.result("second", partition=2)
            await publisher.result("third", partition=0)
        await watch.until("second")
        await watch.until("third")
        assert sorted(watch.results) == ["first", "second", "third"]
        await admin.delete_topics([topic])
        await admin.close()


@pytest.mark.real_kafka
async def test_an_outage_of_kafka_is_told_and_outlived_and_a_ctrl_c_within_it_is_heard() -> None:
    with ApacheKafka() as kafka:
        await create(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers), {"ror.orientation.results": 1})
        settings = {"RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers}
        async with publishing(kafka.bootstrap_servers, "ror.orientation.results") as publisher:
            await publisher.result("first")
            with watching(settings, "--from-beginning") as watch:
                await watch.until("first")
                kafka.signal(signal.SIGSTOP)
                await watch.until("does not answer; waiting for it")
                kafka.signal(signal.SIGCONT)
                await watch.until("going on")
                await publisher.result("second")
                await watch.until("second")
                assert watch.results == ["first", "second"]
                assert len(watch.notes.splitlines()) == 2
                kafka.signal(signal.SIGSTOP)
                watch.process.send_signal(signal.SIGINT)
                assert await asyncio.to_thread(watch.process.wait, PATIENCE_S) == 130
                kafka.signal(signal.SIGCONT)
