"""A lane's work between one opening of its delivery and the next: take records, answer them, release the answers.

Each record is answered as soon as it can be, no record waits for a slower neighbour but for one of its own key.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from structlog.stdlib import get_logger

from rorbridge.bus.delivery import Delivery
from rorbridge.bus.outgoing import Outgoing
from rorbridge.bus.record import Record, unread
from rorbridge.bus.window import Window
from rorbridge.orientation.circuit import Parking
from rorbridge.telemetry import metrics, traces

log = get_logger(__name__)

_POLL_MS = 500
_LINGER_S = 0.01
"""Seconds from one transaction to the next, in which finished answers wait for others to share it.

With less, the broker is still busy with the last one (CONCURRENT_TRANSACTIONS) and the client waits twice as long. When
the last one is longer ago nobody waits.
"""
_LONGEST_LINGER_S = 0.05
"""It is as long as the last transaction took, since fewer help a busy broker or processor; but no longer than this."""
_MOST_BYTES = 33_554_432
"""Bytes of requests, and of answers that wait for their turn, that a lane holds; one more fetch may come on top."""
_MOST_RECORDS = 500
"""Answers in one transaction, so that none lasts long, however many became free at once."""
_MOST_BATCH_BYTES = 8_388_608


class Answers(Protocol):
    """What records are answered with."""

    def answer(self, record: Record, parking: Parking) -> Awaitable[tuple[Outgoing, ...]]:
        """Give what to publish for *record*. Raises nothing but a cancellation."""
        ...

    def unreadable(self, record: Record, error: Exception) -> tuple[Outgoing, ...]:
        """Give what to publish for a record of which the client can read nothing but its place."""
        ...


class Session:
    """Works until it is told to close, or until delivering fails."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        *,
        answers: Answers,
        delivery: Delivery,
        window: Window,
        size: int,
    ) -> None:
        self._consumer = consumer
        self._partition = partition
        self._answers = answers
        self._delivery = delivery
        self._size = size
        self.window = window
        self._working: dict[int, asyncio.Task[None]] = {}
        self._parked: set[int] = set()
        """Offsets that wait for the ROR: they cost memory, not window."""
        self._behind: set[int] = set()
        """Those that wait for one before them of their key; the same holds for them."""
        self._read_to = 0
        """The next offset to read, as of the last time that any were asked for."""
        self._bytes = 0
        self._last_of_key: dict[bytes, asyncio.Task[None]] = {}
        self._finished: asyncio.Queue[tuple[Record, tuple[Outgoing, ...]]] = asyncio.Queue()
        self._careful = False
        """Whether records are read one by one, since one that cannot be read is near."""
        self._room = asyncio.Event()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work(self, closing: asyncio.Event) -> None:
        """Take and answer records; after *closing* finish what is in hand. Raises what delivering raised."""
        closed = asyncio.create_task(closing.wait())
        take = asyncio.create_task(self._take(), name=f"take {self._partition.partition}")
        release = asyncio.create_task(self._release(), name=f"release {self._partition.partition}")
        tasks: list[asyncio.Task[Any]] = [closed, take, release]
        try:
            ended: set[asyncio.Future[Any]]
            ended, _ = await asyncio.wait([*tasks, self._failure], return_when=asyncio.FIRST_COMPLETED)
            if ended == {closed}:
                await _end(take)
                drained = asyncio.create_task(self._drained(), name=f"drain {self._partition.partition}")
                tasks.append(drained)
                ended, _ = await asyncio.wait([drained, release, self._failure], return_when=asyncio.FIRST_COMPLETED)
            for one in ended:
                one.result()
        finally:
            await _end(*tasks, *self._working.values())

    async def _drained(self) -> None:
        while self._working:  # until what the window calls answered is committed, too
            self._room.clear()
            await self._room.wait()

    @property
    def _free(self) -> int:
        """How many records may be taken now."""
        if self._bytes >= _MOST_BYTES:
            return 0
        return min(self._size - self.in_flight, self.window.room)

    @property
    def in_flight(self) -> int:
        """How many records take room in the window."""
        return len(self._working) - len(self._parked) - len(self._behind)

    @property
    def parked(self) -> int:
        """How many records wait for the ROR."""
        return len(self._parked)

    @property
    def is_full(self) -> bool:
        """Whether no more records are asked for, so that nothing is heard of how many there are."""
        return self._free <= 0

    @property
    def reached(self) -> int:
        """The lowest offset that is not answered.

        With none in hand it is the next one to read: what lies between are no records, but marks of transactions.
        """
        position = self.window.position or 0
        return position if self.window.in_flight else max(position, self._read_to)

    async def _take(self) -> None:
        """Take records while there is room.

        A lane that is full does not ask: the client keeps at most one fetch of a partition, and the broker the rest.
        (It drops what it has fetched of a partition that is paused, so pausing would fetch the same again and again.)
        """
        while True:
            while self._free <= 0:
                self._room.clear()
                await self._room.wait()
            for record in await self._fetch():
                self.window.skip(record.offset)
                while not self.window.reaches(record.offset):
                    self._room.clear()
                    await self._room.wait()
                if self.window.take(record.offset):
                    self._start(record, self._answers.answer)

    async def _fetch(self) -> list[Record]:
        """Fetch records, as many as there is room for.

        A record that the client cannot read (a header's name that is not UTF-8) makes it raise for ever. It is found by
        reading one by one up to it, answered by its place alone, and passed over.
        """
        most = 1 if self._careful else self._free
        before = self._read_to = await self._consumer.position(self._partition)
        try:
            batch = await self._consumer.getmany(self._partition, timeout_ms=_POLL_MS, max_records=most)
        except ValueError as error:  # UnicodeDecodeError is one
            if self._careful:
                self._pass_over(before, error)
                before += 1
            # What it read before it raised is forgotten, so begin where we were.
            self._careful = not self._careful
            self._consumer.seek(self._partition, before)
            return []
        records = list(batch.get(self._partition, ()))
        self._careful = self._careful and bool(records)
        return records

    def _pass_over(self, offset: int, error: Exception) -> None:
        """Answer the record at *offset* without reading it."""
        log.error("record-unreadable", partition=self._partition.partition, offset=offset, error=type(error).__name__)
        record = unread(self._partition, offset)

        async def answer(_record: Record, _parking: Parking) -> tuple[Outgoing, ...]:
            return self._answers.unreadable(record, error)

        self.window.skip(offset)
        if self.window.take(offset):
            self._start(record, answer)

    def _start(self, record: Record, answer: Callable[[Record, Parking], Awaitable[tuple[Outgoing, ...]]]) -> None:
        before = self._last_of_key.get(record.key) if record.key is not None else None
        task = asyncio.create_task(self._work(record, answer, before), name=f"offset {record.offset}")
        task.add_done_callback(self._ended)
        self._working[record.offset] = task
        self._bytes += len(record.value or b"")
        if record.key is not None:
            self._last_of_key[record.key] = task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """End the session with a record's work that raised: its offset would never be answered."""
        if not task.cancelled() and (error := task.exception()) and not self._failure.done():
            self._failure.set_exception(error)

    def _park(self, offset: int, waits: bool) -> None:
        """Note that a record waits for the ROR, or goes on."""
        if waits:
            self._parked.add(offset)
            self._room.set()
        else:
            self._parked.discard(offset)

    async def _work(
        self,
        record: Record,
        answer: Callable[[Record, Parking], Awaitable[tuple[Outgoing, ...]]],
        before: "asyncio.Task[None] | None",
    ) -> None:
        """Answer a record; its answer is handed on after that of the record before it with the same key."""
        outgoing = await answer(record, lambda waits: self._park(record.offset, waits))
        self._bytes += _size(outgoing)
        if before and not before.done():
            self._behind.add(record.offset)
            self._room.set()
            await asyncio.wait([before])
        self._finished.put_nowait((record, outgoing))
        if record.key is not None and self._last_of_key.get(record.key) is asyncio.current_task():
            del self._last_of_key[record.key]

    async def _release(self) -> None:
        """Publish what is finished, together what finished together, with how far that brings us."""
        not_before = 0.0
        while True:
            batch = [await self._finished.get()]
            if (linger_s := not_before - time.perf_counter()) > 0:
                await asyncio.sleep(linger_s)
            size = _size(batch[0][1])
            while not self._finished.empty() and len(batch) < _MOST_RECORDS and size < _MOST_BATCH_BYTES:
                batch.append(self._finished.get_nowait())
                size += _size(batch[-1][1])
            for record, _ in batch:
                self.window.answer(record.offset)
            position = self.window.position
            if position is None:
                raise AssertionError("a record was taken, so there is a position")
            outgoing = [one for _, answer in batch for one in answer]
            began = time.perf_counter()
            try:
                await self._delivery.release(outgoing, position, self.window.metadata)
            except BaseException as error:
                for one in outgoing:
                    traces.failed(one.span, type(error).__name__)
                raise
            finally:
                for one in outgoing:
                    one.span.end()
            ended = time.perf_counter()
            not_before = ended + min(max(_LINGER_S, ended - began), _LONGEST_LINGER_S)
            metrics.COMMIT_SECONDS.observe(ended - began)
            metrics.COMMIT_RECORDS.observe(len(batch))
            for record, _ in batch:
                del self._working[record.offset]
                self._behind.discard(record.offset)
                self._bytes -= len(record.value or b"")
            self._bytes -= size
            self._room.set()


def _size(outgoing: tuple[Outgoing, ...]) -> int:
    return sum(len(one.value) for one in outgoing)


async def _end(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
