"""Exactly one answer, whatever happens: the short forms. ``make chaos MINUTES=20`` is the long one."""

import asyncio
import json
import random
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IncompatibleBrokerVersion, MessageSizeTooLargeError, ProducerFenced
from starlette.requests import Request
from starlette.responses import Response

from rorbridge.bus.delivery import ExactlyOnce, NoTransactionsError, committed, ensure_transactions
from rorbridge.bus.localbroker import ApacheKafka
from rorbridge.bus.outgoing import Outgoing
from rorbridge.settings import KafkaSettings
from tests.chaos.harness import Chaos
from tests.chaos.outage import outage
from tests.chaos.stream import read_to_end
from tests.support.fhir import EMPTY
from tests.support.http import scripted_ror
from tests.support.kafka import Broker, Record, Topics, new_topics, publish, read
from tests.support.processes import running_service
from tests.support.requests import headers, valid
from tests.support.ror import ror_environment

pytestmark = pytest.mark.real_kafka


def around(number: int) -> dict[str, object]:
    """Give a need like no other."""
    where = {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 1 + number / 10}
    return {"need": {"activity": ["013"]}, "where": where}


async def test_a_minute_of_kills_freezes_and_faults_loses_nothing_and_repeats_nothing() -> None:
    chaos = Chaos(minutes=1, seed=7)
    found, _ = await chaos.run()
    assert found.is_clean, (chaos.folder, found)
    assert found.requests > 300
    assert chaos.events["kill -9"] >= 2
    assert not chaos.leftovers()


async def test_the_next_owner_fences_the_former_one(broker: Broker, topics: Topics) -> None:
    partition = TopicPartition(topics.requests, 0)
    settings = topics.kafka(broker)
    record = Outgoing(topics.results, b"k", b"{}", ())
    former, following = ExactlyOnce(settings, partition, {}), ExactlyOnce(settings, partition, {})
    try:
        assert await former.open() == (None, "")
        await former.release([record], 5, "")
        assert await following.open() == (5, "")
        with pytest.raises(ProducerFenced):
            await former.release([record], 6, "")
        await following.release([record], 7, "rorbridge:1:x")
        assert await committed(settings, partition) == (7, "rorbridge:1:x")
    finally:
        await former.close()
        await following.close()
    assert len(await read_to_end(broker.bootstrap_servers, topics.results, "read_committed")) == 2


async def test_what_a_dead_process_has_begun_is_seen_by_no_reader(broker: Broker, topics: Topics) -> None:
    partition = TopicPartition(topics.requests, 1)
    settings = topics.kafka(broker)
    former, following = ExactlyOnce(settings, partition, {}), ExactlyOnce(settings, partition, {})
    await former.open()
    await former._producer.begin_transaction()
    await former._producer.send_and_wait(topics.results, b"half", key=b"k")
    assert await following.open() == (None, "")
    await following.release([Outgoing(topics.results, b"k", b"whole", ())], 1, "")
    await former.close()
    await following.close()
    seen = await read_to_end(broker.bootstrap_servers, topics.results, "read_committed")
    assert [one.value for one in seen] == [b"whole"]


async def test_a_record_that_the_topic_finds_too_large_is_cut_further(broker: Broker, topics: Topics) -> None:
    dice = random.Random(1)

    def sized(size: int) -> Outgoing:
        return Outgoing(topics.results, b"k", dice.randbytes(size), (), lambda less: (sized(less),))

    # The topic takes 1 MiB, but we believe in more, as where we may not read its settings.
    limits = {topics.results: 5_000_000}
    for _ in range(3):
        delivery = ExactlyOnce(topics.kafka(broker), TopicPartition(topics.requests, 0), limits)
        assert await delivery.open() == (None, "")
        with pytest.raises(MessageSizeTooLargeError):
            await delivery.release([sized(3_000_000), Outgoing(topics.results, b"k", b"small", ())], 1, "")
        await delivery.close()
    delivery = ExactlyOnce(topics.kafka(broker), TopicPartition(topics.requests, 0), limits)
    await delivery.open()
    await delivery.release([sized(3_000_000), Outgoing(topics.results, b"k", b"small", ())], 1, "")
    await delivery.close()
    seen = await read_to_end(broker.bootstrap_servers, topics.results, "read_committed")
    assert len(seen) == 2
    assert 300_000 < max(len(one.value or b"") for one in seen) < limits[topics.results] == 625_000


async def test_metadata_of_others_is_ignored_with_a_warning(broker: Broker, topics: Topics, tmp_path: Path) -> None:
    delivery = ExactlyOnce(topics.kafka(broker), TopicPartition(topics.requests, 0), {})
    await delivery.open()
    await delivery.release([], 0, "written by a lag exporter")
    await delivery.close()

    async def search(request: Request) -> Response:
        return Response(EMPTY, media_type="application/fhir+json")

    async with scripted_ror(search) as ror:
        await publish(broker, topics.requests, valid(10, seed=1))
        with running_service(topics.settings(broker) | ror_environment(ror), tmp_path / "log") as service:
            await read(broker, [topics.results], until=lambda found: len(found) >= 10)
            assert service.terminate() == 0
    assert '"metadata-ignored"' in (tmp_path / "log").read_text()
    assert len(await read_to_end(broker.bootstrap_servers, topics.results, "read_committed")) == 10


async def test_a_slow_request_holds_up_no_other_of_its_partition(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    async def search(request: Request) -> Response:
        await asyncio.sleep(10 if "0998" in str(request.url) else 0.05)
        return Response(EMPTY, media_type="application/fhir+json")

    async with scripted_ror(search) as ror:
        with running_service(topics.settings(broker) | ror_environment(ror), tmp_path / "log") as service:
            await service.ready()
            producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers)
            await producer.start()
            for number in range(500):
                code = "0998" if number % 100 == 50 else "013"
                # Each is another need, so that none is answered by the call of another.
                content = around(number) | {"need": {"activity": [code]}}
                id_ = f"{code}-{number}"
                await producer.send(
                    topics.requests, json.dumps(content).encode(), key=id_.encode(), partition=0, headers=headers(id_)
                )
                await asyncio.sleep(0.02)
            await producer.stop()
            await read(broker, [topics.results], until=lambda found: len(found) >= 500, timeout_s=60)
            assert service.terminate() == 0
    requests = await read_to_end(broker.bootstrap_servers, topics.requests, "read_committed")
    asked = {one.key: one.timestamp for one in requests}
    results = await read_to_end(broker.bootstrap_servers, topics.results, "read_committed")
    assert len(results) == 500
    took = {one.key or b"": one.timestamp - asked[one.key] for one in results}
    others = [ms for key, ms in took.items() if not key.startswith(b"0998")]
    assert min(ms for key, ms in took.items() if key.startswith(b"0998")) >= 9_900
    # Whoever waited for a slow one would take nearly as long. How quick the others are is no matter for a test: it
    # depends on what else the machine does.
    assert max(others) < 5_000


async def test_an_outage_of_the_ror_burns_no_request(broker: Broker, topics: Topics, tmp_path: Path) -> None:
    found = await outage(broker, topics, tmp_path / "log", seconds=25, per_second=20)
    assert len(found.statuses) == found.requests
    assert found.dead_letters == 0
    assert set(found.statuses.values()) == {"expired", "no-match"}
    assert sum(one == "no-match" for one in found.statuses.values()) >= found.requests / 2
    assert max(found.late_s) < 2.0
    assert found.assignments == 1
    assert found.told_ready == {503}


async def test_at_least_once_repeats_at_most_and_with_the_same_id(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    async def search(request: Request) -> Response:
        await asyncio.sleep(0.1)
        return Response(EMPTY, media_type="application/fhir+json")

    # Each is another need: equal ones are answered together, and what is released together may be repeated together.
    sent = [replace(one, value=json.dumps(around(n)).encode()) for n, one in enumerate(valid(300, seed=5))]
    await publish(broker, topics.requests, sent)
    async with scripted_ror(search) as ror:
        settings = topics.settings(broker) | ror_environment(ror) | {"RORBRIDGE_KAFKA__DELIVERY": "at-least-once"}
        with running_service(settings, tmp_path / "first") as first:
            await read(broker, [topics.results], until=lambda found: len(found) >= 60)
            first.process.send_signal(signal.SIGKILL)
            first.process.wait()
        with running_service(settings, tmp_path / "second") as second:

            def ids(found: list[Record]) -> set[bytes]:
                return {dict(one.headers)["ce_id"] for one in found}

            await read(broker, [topics.results], until=lambda found: len(ids(found)) >= 300, timeout_s=60)
            assert second.terminate() == 0
    results = await read_to_end(broker.bootstrap_servers, topics.results, "read_committed")
    assert len(ids(results)) == 300
    assert len(results) < 300 + 40, "the answered offsets are kept in this mode as well"


async def test_kafka_that_comes_late_and_goes_early_neither_ends_nor_holds_up_the_service(tmp_path: Path) -> None:
    async def search(request: Request) -> Response:
        return Response(EMPTY, media_type="application/fhir+json")

    with ApacheKafka() as own:
        broker = Broker(own.bootstrap_servers, is_real=True)
        topics = await new_topics(broker)
        await asyncio.to_thread(own.stop)
        async with scripted_ror(search) as ror:
            with running_service(topics.settings(broker) | ror_environment(ror), tmp_path / "log") as service:
                await asyncio.sleep(3)
                assert service.process.poll() is None
                await asyncio.to_thread(own.start)
                await publish(broker, topics.requests, valid(20, seed=1))
                await read(broker, [topics.results], until=lambda found: len(found) >= 20)
                await asyncio.to_thread(own.kill)
                assert await asyncio.to_thread(service.terminate) == 0


async def test_a_broker_without_transactions_is_named_with_the_setting_to_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The refusal is made up: no broker without transactions can be had that aiokafka talks to otherwise."""

    async def refuses(producer: AIOKafkaProducer) -> None:
        raise IncompatibleBrokerVersion("InitProducerId")

    monkeypatch.setattr(AIOKafkaProducer, "start", refuses)
    with pytest.raises(NoTransactionsError, match="RORBRIDGE_KAFKA__DELIVERY=at-least-once"):
        await ensure_transactions(KafkaSettings(bootstrap_servers="127.0.0.1:1"))
