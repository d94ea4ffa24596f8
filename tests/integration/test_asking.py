"""Requests as our own commands publish them, and what they take for their answers."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer

from rorbridge.bus import ask
from rorbridge.bus.received import Received
from rorbridge.cli import stage
from rorbridge.events import envelope
from rorbridge.events.examples import Example, examples
from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.result import RESULT_TYPE, OrientationResult, Status, encode
from tests.support.kafka import Broker, Topics


async def answer(producer: AIOKafkaProducer, topic: str, id_: str, status: Status) -> None:
    data = encode(OrientationResult(request_id=id_, status=status))
    request = envelope.RequestEvent(id_, "urn:test", REQUEST_TYPE, None, None, b"")
    headers = envelope.write(type_=RESULT_TYPE, request=request, time=datetime.now(UTC))
    await producer.send_and_wait(topic, data, headers=headers, partition=0)


@pytest.mark.real_kafka
async def test_the_demo_takes_no_aborted_result_and_none_of_others_for_its_answer(
    broker: Broker, topics: Topics
) -> None:
    example, shown = examples()[0], []
    id_ = f"demo-{example.name}"

    def show(request: Example, received: Received) -> None:
        shown.append((request, received.result.status))

    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id=topics.group)
    await producer.start()
    try:
        await producer.begin_transaction()
        await answer(producer, topics.results, id_, Status.FAILED)
        await producer.abort_transaction()
        async with producer.transaction():
            await answer(producer, topics.results, "of others", Status.NO_MATCH)
            await answer(producer, topics.results, id_, Status.MATCHED)
    finally:
        await producer.stop()
    async with asyncio.timeout(60):
        assert await stage.put(topics.kafka(broker), [example], show) == []
    assert shown == [(example, Status.MATCHED)]


@pytest.mark.kafka
async def test_a_request_is_not_doubled_by_a_send_that_is_tried_again(
    broker: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, object] = {}

    class Producer(AIOKafkaProducer):
        def __init__(self, **given: object) -> None:
            options.update(given)
            super().__init__(**given)  # type: ignore[no-untyped-call]  # aiokafka is partly annotated

    monkeypatch.setattr(ask, "AIOKafkaProducer", Producer)
    await ask.publish(topics.kafka(broker), "r-1", b"{}", None)
    assert options["enable_idempotence"] is True
