"""Publishing: until the broker has it, and smaller where it is too large. The producer is a stand-in for its errors."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from rorbridge.bus import publisher
from rorbridge.bus.outgoing import Outgoing
from rorbridge.bus.publisher import Publisher


class Producer:
    """Takes values up to a size, after some time-outs. A real broker's time-outs take 40 seconds each."""

    def __init__(self, largest: int, timeouts: int = 0) -> None:
        self.largest, self.timeouts = largest, timeouts
        self.taken: list[bytes] = []
        self.calls = 0

    async def send(
        self, topic: str, value: bytes, key: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> "asyncio.Future[object]":
        self.calls += 1
        if len(value) > self.largest:
            raise MessageSizeTooLargeError
        sent: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self.timeouts:
            self.timeouts -= 1
            sent.set_exception(KafkaTimeoutError())
        else:
            self.taken.append(value)
            sent.set_result(object())
        return sent


def outgoing(value: bytes, smaller: Outgoing | None = None) -> Outgoing:
    return Outgoing("t", b"k", value, (), smaller)


async def test_what_is_too_large_is_replaced_at_once_by_its_smaller_form() -> None:
    producer = Producer(largest=10)
    records = [outgoing(b"x" * 11, outgoing(b"small")), outgoing(b"fits")]
    await Publisher(producer).publish(records)  # type: ignore[arg-type]  # all of it that is used
    assert sorted(producer.taken) == [b"fits", b"small"]


async def test_what_times_out_is_sent_again_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "_FIRST_PAUSE_S", 0.001)
    producer = Producer(largest=10, timeouts=3)
    await Publisher(producer).publish([outgoing(b"one"), outgoing(b"two")])  # type: ignore[arg-type]
    assert sorted(producer.taken) == [b"one", b"two"]


async def test_what_can_never_be_taken_does_not_spin() -> None:
    producer = Producer(largest=10)
    endless = asyncio.create_task(Publisher(producer).publish([outgoing(b"x" * 11)]))  # type: ignore[arg-type]
    await asyncio.sleep(0.3)
    endless.cancel()
    assert producer.calls < 50
