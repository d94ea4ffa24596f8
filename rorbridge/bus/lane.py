"""A lane: one assigned partition, worked on with many records in flight.

Each record is answered as soon as it can be, no record waits for a slower neighbour but for one of its own key. An
offset is committed only when it and all before it are answered and the answers acknowledged (at least once).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from structlog.stdlib import get_logger

from rorbridge.bus.outgoing import Outgoing
from rorbridge.bus.window import Window

log = get_logger(__name__)

Record = ConsumerRecord[bytes, bytes]
Answer = Callable[[Record], Awaitable[tuple[Outgoing, ...]]]
Publish = Callable[[Sequence[Outgoing]], Awaitable[None]]

_POLL_MS = 1_000
_PAUSE_S = 1.0


class Lane:
    """Works on one partition from ``open`` to ``close``."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        *,
        answer: Answer,
        publish: Publish,
        size: int,
        crashed: Callable[[], None],
    ) -> None:
        self._consumer = consumer
        self._partition = partition
        self._answer = answer
        self._publish = publish
        self._crashed = crashed
        self._window = Window(size)
        self._working: dict[int, asyncio.Task[None]] = {}
        self._last_of_key: dict[bytes, asyncio.Task[None]] = {}
        self._finished: asyncio.Queue[tuple[int, tuple[Outgoing, ...]]] = asyncio.Queue()
        self._room = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._loops: list[asyncio.Task[None]] = []

    @property
    def in_flight(self) -> int:
        """Records that are taken and not yet answered."""
        return self._window.in_flight

    def open(self) -> None:
        """Begin to take records."""
        name = f"{self._partition.topic}/{self._partition.partition}"
        self._loops = [
            asyncio.create_task(self._take(), name=f"take {name}"),
            asyncio.create_task(self._release(), name=f"release {name}"),
        ]
        for loop in self._loops:
            loop.add_done_callback(self._ended)

    async def close(self, drain_s: float) -> None:
        """Take no more, finish what is in hand for up to *drain_s* seconds, give the rest up.

        What is given up is not committed: whoever gets the partition next answers it.
        """
        take, release = self._loops
        await _end(take)
        try:
            async with asyncio.timeout(drain_s):
                await self._idle.wait()
        except TimeoutError:
            log.warning("drain-incomplete", partition=self._partition.partition, given_up=self.in_flight)
        await _end(release, *self._working.values())

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Tell of a loop that ended by itself: a bug, and the end of this lane's work."""
        if not task.cancelled():
            log.critical("lane-crashed", task=task.get_name(), exc_info=task.exception())
            self._crashed()

    def _ended_early(self, task: "asyncio.Task[None]") -> None:
        """Tell of a record whose work raised: its offset would never be answered, and nothing after it committed."""
        if not task.cancelled() and task.exception():
            self._ended(task)

    async def _take(self) -> None:
        while True:
            if not self._window.free:
                self._room.clear()
                await self._room.wait()
            try:
                batch = await self._consumer.getmany(
                    self._partition, timeout_ms=_POLL_MS, max_records=self._window.free
                )
            except KafkaError as error:
                log.warning("fetch-failed", partition=self._partition.partition, error=repr(error))
                await asyncio.sleep(_PAUSE_S)
                continue
            for record in batch.get(self._partition, ()):
                self._begin(record)

    def _begin(self, record: Record) -> None:
        self._window.take(record.offset)
        self._idle.clear()
        before = self._last_of_key.get(record.key) if record.key is not None else None
        task = asyncio.create_task(self._work(record, before), name=f"offset {record.offset}")
        task.add_done_callback(self._ended_early)
        self._working[record.offset] = task
        if record.key is not None:
            self._last_of_key[record.key] = task

    async def _work(self, record: Record, before: "asyncio.Task[None] | None") -> None:
        """Answer a record; its answer is handed on after that of the record before it with the same key."""
        outgoing = await self._answer(record)
        if before and not before.done():
            await asyncio.wait([before])
        self._finished.put_nowait((record.offset, outgoing))
        if record.key is not None and self._last_of_key.get(record.key) is asyncio.current_task():
            del self._last_of_key[record.key]

    async def _release(self) -> None:
        """Publish what is finished, together what finished together, and commit how far that brings us."""
        while True:
            batch = [await self._finished.get()]
            while not self._finished.empty():
                batch.append(self._finished.get_nowait())
            await self._publish([record for _, outgoing in batch for record in outgoing])
            for offset, _ in batch:
                self._window.answer(offset)
                del self._working[offset]
            self._room.set()
            await self._commit()
            if not self._window.in_flight:
                self._idle.set()

    async def _commit(self) -> None:
        position = self._window.position
        try:
            await self._consumer.commit({self._partition: position})
        except KafkaError as error:
            # The group moved on. Whoever has the partition now starts from the last commit: repeats, no losses.
            log.warning("commit-failed", partition=self._partition.partition, error=repr(error))


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
