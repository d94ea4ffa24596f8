"""Records that the client cannot read hold up no command that reads their topic."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from aiokafka import AIOKafkaProducer

from rorbridge.bus.ask import ask
from rorbridge.bus.deadletter import STATUS
from rorbridge.bus.follow import follow
from rorbridge.bus.replay import Filter, letters
from rorbridge.cli.options import BEGINNING
from rorbridge.events.status import Status
from tests.integration.test_asking import answer
from tests.support.kafka import Broker, NotUtf8, Topics, let_any_name_be_sent, read
from tests.support.requests import headers

pytestmark = pytest.mark.real_kafka

TOLD = "cannot be read, so it is passed over: UnicodeDecodeError"
PATIENCE_S = 60


@pytest.fixture
async def producer(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AIOKafkaProducer]:
    let_any_name_be_sent(monkeypatch)
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers)
    await producer.start()
    yield producer
    await producer.stop()


async def put_among_others(producer: AIOKafkaProducer, topic: str) -> list[str]:
    """Put readable records with unreadable ones before, between and behind them; gives the ids of the readable."""
    for partition, ids in enumerate((["-", "a", "b", "-", "-", "c", "-"], ["d", "e"], ["f", "-", "g"])):
        for id_ in ids:
            of_ours = headers(id_) if id_ != "-" else [(NotUtf8("x"), b"1")]
            head = [(STATUS, b"failed"), *of_ours]
            await producer.send_and_wait(topic, b"{}", headers=head, partition=partition)  # a batch each
    return ["a", "b", "c", "d", "e", "f", "g"]


def places(topic: str) -> set[str]:
    return {f"{topic}/{place} {TOLD}" for place in ("0/0", "0/3", "0/4", "0/6", "2/1")}


async def test_replay_lists_all_letters_but_those(broker: Broker, topics: Topics, producer: AIOKafkaProducer) -> None:
    expected = await put_among_others(producer, topics.dead_letters)
    told: list[str] = []
    async with asyncio.timeout(PATIENCE_S):
        found = await letters(topics.kafka(broker), Filter(frozenset({"failed"})), told.append)
    assert sorted(one.id for one in found) == expected
    assert sorted(told) == sorted(places(topics.dead_letters)), "each is told once"


async def test_watch_shows_all_records_but_those(broker: Broker, topics: Topics, producer: AIOKafkaProducer) -> None:
    expected = await put_among_others(producer, topics.results)
    told: list[str] = []
    found: list[str] = []
    wanted = places(topics.results)
    async with (
        asyncio.timeout(PATIENCE_S),
        aclosing(follow(topics.kafka(broker), topics.results, BEGINNING, told.append)) as records,
    ):
        async for record in records:
            if record:
                found.append(dict(record.headers)["ce_id"].decode())
            if len(found) >= len(expected) and len(told) >= len(wanted):
                break
    assert sorted(found) == expected, "each is shown once"
    assert sorted(told) == sorted(wanted), "each is told once"


async def test_send_waits_for_its_answer_past_those(broker: Broker, topics: Topics, producer: AIOKafkaProducer) -> None:
    settings = topics.kafka(broker)
    told: list[str] = []
    asking = asyncio.create_task(ask(settings, "r-1", b"{}", None, timeout_s=PATIENCE_S, tell=told.append))
    await read(broker, [topics.requests], until=lambda found: len(found) >= 1)
    await producer.send_and_wait(topics.results, b"{}", headers=[(NotUtf8("x"), b"1")], partition=0)
    await answer(producer, topics.results, "r-1", Status.MATCHED)
    received = await asking
    assert received
    assert received.result.request_id == "r-1"
    assert told == [f"{topics.results}/0/0 {TOLD}"]
