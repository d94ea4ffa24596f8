"""A lane: one assigned partition, worked on with many records in flight.

Each record is answered as soon as it can be, no record waits for a slower neighbour but for one of its own key. What is
committed says which records are answered, the lowest open offset and those above it, so that whoever has the partition
next answers the others. A lane keeps nothing that a commit does not tell: when delivering fails it begins anew from
what is committed.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import ProducerFenced
from structlog.stdlib import get_logger

from rorbridge.bus.answered import NotOursError
from rorbridge.bus.delivery import Delivery
from rorbridge.bus.outgoing import Outgoing
from rorbridge.bus.window import Window

log = get_logger(__name__)

Record = ConsumerRecord[bytes, bytes]
Parking = Callable[[bool], None]
"""Told True when a record's work begins to wait for the ROR to come back, False when it goes on."""
Answer = Callable[[Record, Parking], Awaitable[tuple[Outgoing, ...]]]

_POLL_MS = 500
_LINGER_S = 0.004
"""How long finished answers wait for others while more are being worked on, so that they share a transaction."""
_MOST_BYTES = 33_554_432
"""Bytes of requests that a lane holds; one more fetch may come on top."""
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_FENCED_PAUSE_S = 7.0
"""A fenced lane waits longer than two heartbeats: if another has the partition, the group says so meanwhile."""


class Lane:
    """Works on one partition from ``open`` to ``close``."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        *,
        answer: Answer,
        delivery: Callable[[], Delivery],
        size: int,
    ) -> None:
        self._consumer = consumer
        self._partition = partition
        self._answer = answer
        self._delivery = delivery
        self._size = size
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._session: _Session | None = None
        self.not_ready: str | None = f"the lane of partition {partition.partition}"
        """What the lane waits for, or None while it takes records."""

    def open(self) -> None:
        """Begin to take records."""
        self._task = asyncio.create_task(self._run(), name=f"lane {self._partition.partition}")

    async def close(self, drain_s: float) -> None:
        """Take no more, finish what is in hand for up to *drain_s* seconds, give the rest up.

        What is given up is not committed: whoever gets the partition next answers it.
        """
        self._closing.set()
        if self._task is None:
            return
        _, late = await asyncio.wait([self._task], timeout=drain_s)
        if late:
            given_up = self._session.window.in_flight if self._session else 0
            log.warning("drain-incomplete", partition=self._partition.partition, given_up=given_up)
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        """Work in sessions, from what is committed each time, until closed."""
        pause = _FIRST_PAUSE_S
        while not self._closing.is_set():
            delivery = self._delivery()
            try:
                self._session = await self._begin(delivery)
                self.not_ready = None
                await self._session.work(self._closing)
            except ProducerFenced:
                self._trouble("lane-fenced", "another process took it over", _FENCED_PAUSE_S)
                await self._wait(_FENCED_PAUSE_S)
            except Exception as error:  # whatever it was: what is committed is true, so begin anew from there
                self._trouble("lane-restarts", repr(error), pause, trace=True)
                await self._wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                pause = _FIRST_PAUSE_S
            finally:
                await delivery.close()

    def _trouble(self, event: str, error: str, pause: float, *, trace: bool = False) -> None:
        partition = self._partition.partition
        log.warning(event, partition=partition, error=error, retry_in_s=pause, exc_info=trace)
        self.not_ready = f"the lane of partition {partition}: {error}"

    async def _wait(self, pause_s: float) -> None:
        closing = asyncio.create_task(_is_set(self._closing))
        await asyncio.wait([closing], timeout=pause_s)
        closing.cancel()

    async def _begin(self, delivery: Delivery) -> "_Session":
        """Fence, read what is committed, go there."""
        position, metadata = await delivery.open()
        end = (await self._consumer.end_offsets([self._partition]))[self._partition]
        if position is not None and position > end:
            log.error("topic-began-anew", partition=self._partition.partition, committed=position, end=end)
            position = None
        try:
            window = Window(position, metadata)
        except NotOursError as error:
            log.warning("metadata-ignored", partition=self._partition.partition, metadata=metadata[:80], why=str(error))
            window = Window(position)
        if position is None:
            await self._consumer.seek_to_beginning(self._partition)
        else:
            self._consumer.seek(self._partition, position)
        log.info("lane-open", partition=self._partition.partition, position=position, answered_above=bool(metadata))
        return _Session(
            self._consumer,
            self._partition,
            answer=self._answer,
            delivery=delivery,
            window=window,
            size=self._size,
        )


class _Session:
    """A lane's work between one opening of its delivery and the next."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        *,
        answer: Answer,
        delivery: Delivery,
        window: Window,
        size: int,
    ) -> None:
        self._consumer = consumer
        self._partition = partition
        self._answer = answer
        self._delivery = delivery
        self._size = size
        self.window = window
        self._working: dict[int, asyncio.Task[None]] = {}
        self._waiting: set[int] = set()
        """Offsets that wait for the ROR or for one before them of their key: they cost memory, not window."""
        self._bytes = 0
        self._last_of_key: dict[bytes, asyncio.Task[None]] = {}
        self._finished: asyncio.Queue[tuple[Record, tuple[Outgoing, ...]]] = asyncio.Queue()
        self._room = asyncio.Event()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work(self, closing: asyncio.Event) -> None:
        """Take and answer records; after *closing* finish what is in hand. Raises what delivering raised."""
        closed = asyncio.create_task(_is_set(closing))
        take = asyncio.create_task(self._take(), name=f"take {self._partition.partition}")
        release = asyncio.create_task(self._release(), name=f"release {self._partition.partition}")
        tasks = [closed, take, release]
        try:
            ended: set[asyncio.Future[None]]
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
        while self.window.in_flight:
            self._room.clear()
            await self._room.wait()

    @property
    def _free(self) -> int:
        """How many records may be taken now."""
        if self._bytes >= _MOST_BYTES:
            return 0
        return min(self._size - len(self._working) + len(self._waiting), self.window.room)

    async def _take(self) -> None:
        """Take records while there is room.

        A lane that is full does not ask: the client keeps at most one fetch of a partition, and the broker the rest.
        (It drops what it has fetched of a partition that is paused, so pausing would fetch the same again and again.)
        """
        while True:
            while self._free <= 0:
                self._room.clear()
                await self._room.wait()
            batch = await self._consumer.getmany(self._partition, timeout_ms=_POLL_MS, max_records=self._free)
            for record in batch.get(self._partition, ()):
                while not self.window.reaches(record.offset):
                    self._room.clear()
                    await self._room.wait()
                if self.window.take(record.offset):
                    self._begin(record)

    def _begin(self, record: Record) -> None:
        before = self._last_of_key.get(record.key) if record.key is not None else None
        task = asyncio.create_task(self._work(record, before), name=f"offset {record.offset}")
        task.add_done_callback(self._ended)
        self._working[record.offset] = task
        self._bytes += len(record.value or b"")
        if record.key is not None:
            self._last_of_key[record.key] = task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """End the session with a record's work that raised: its offset would never be answered."""
        if not task.cancelled() and (error := task.exception()) and not self._failure.done():
            self._failure.set_exception(error)

    def _wait(self, offset: int, waits: bool) -> None:
        """Note that a record waits, or goes on."""
        if waits:
            self._waiting.add(offset)
            self._room.set()
        else:
            self._waiting.discard(offset)

    async def _work(self, record: Record, before: "asyncio.Task[None] | None") -> None:
        """Answer a record; its answer is handed on after that of the record before it with the same key."""
        outgoing = await self._answer(record, lambda waits: self._wait(record.offset, waits))
        if before and not before.done():
            self._wait(record.offset, True)
            await asyncio.wait([before])
        self._finished.put_nowait((record, outgoing))
        if record.key is not None and self._last_of_key.get(record.key) is asyncio.current_task():
            del self._last_of_key[record.key]

    async def _release(self) -> None:
        """Publish what is finished, together what finished together, with how far that brings us."""
        while True:
            batch = [await self._finished.get()]
            if self.window.in_flight > 1:
                await asyncio.sleep(_LINGER_S)
            while not self._finished.empty():
                batch.append(self._finished.get_nowait())
            for record, _ in batch:
                self.window.answer(record.offset)
            position = self.window.position
            if position is None:
                raise AssertionError("a record was taken, so there is a position")
            outgoing = [one for _, answer in batch for one in answer]
            await self._delivery.release(outgoing, position, self.window.metadata)
            for record, _ in batch:
                del self._working[record.offset]
                self._waiting.discard(record.offset)
                self._bytes -= len(record.value or b"")
            self._room.set()


async def _is_set(event: asyncio.Event) -> None:
    await event.wait()


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
