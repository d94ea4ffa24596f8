"""A lane: one assigned partition, worked on with many records in flight.

Each record is answered as soon as it can be, no record waits for a slower neighbour but for one of its own key. What is
committed says which records are answered, the lowest open offset and those above it, so that whoever has the partition
next answers the others. A lane keeps nothing that a commit does not tell: when delivering fails it begins anew from
what is committed.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ProducerFenced
from structlog.stdlib import get_logger

from rorbridge.bus.answered import NotOursError
from rorbridge.bus.connection import in_brief
from rorbridge.bus.delivery import Delivery
from rorbridge.bus.session import Answers, Session
from rorbridge.bus.window import Window
from rorbridge.telemetry import metrics
from rorbridge.telemetry.health import Reason
from rorbridge.telemetry.metrics import LaneReading

log = get_logger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_SETTLED_S = 60.0
"""A session that lasted so long was a good one: the next trouble is the first again."""
_FENCED_PAUSE_S = 7.0
"""A fenced lane waits longer than two heartbeats: if another has the partition, the group says so meanwhile."""


class Lane:
    """Works on one partition from ``open`` to ``close``."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        *,
        answers: Answers,
        delivery: Callable[[], Delivery],
        size: int,
    ) -> None:
        self._consumer = consumer
        self._partition = partition
        self._answers = answers
        self._delivery = delivery
        self._size = size
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._session: Session | None = None
        self._end = 0
        """The end of the partition, as last asked for."""
        self.not_ready: Reason | None = Reason("lanes", f"the lane of partition {partition.partition} opens")
        """What the lane waits for, or None while it takes records."""
        self.dead: Reason | None = None
        """Why it will never take records again, which is a bug; else None."""

    def open(self) -> None:
        """Begin to take records."""
        self._task = asyncio.create_task(self._run(), name=f"lane {self._partition.partition}")
        self._task.add_done_callback(self._ended)

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

    @property
    def is_full(self) -> bool:
        """Whether it asks for no records, so that nothing is heard of the partition's end: ``note_end`` tells it."""
        return self._session is not None and self._session.is_full

    def note_end(self, end: int) -> None:
        """Take note of the partition's end: the offset that its next record will have."""
        self._end = end

    @property
    def reading(self) -> LaneReading | None:
        """How it stands; None while it takes no records."""
        session = self._session
        if session is None or self.not_ready:
            return None
        try:
            end = max(self._end, self._consumer.highwater(self._partition) or 0)
        except AssertionError:  # it is being taken from us
            return None
        return LaneReading(
            partition=self._partition.partition,
            in_flight=session.in_flight,
            parked=session.parked,
            span=session.window.span,
            lag=max(end - session.reached, 0),
        )

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            partition = self._partition.partition
            log.critical("lane-died", partition=partition, exc_info=error)
            self.not_ready = self.dead = Reason("lanes", f"the lane of partition {partition} died: {in_brief(error)}")

    async def _run(self) -> None:
        """Work in sessions, from what is committed each time, until closed."""
        pause = _FIRST_PAUSE_S
        while not self._closing.is_set():
            delivery: Delivery | None = None
            began = time.monotonic()
            try:
                delivery = self._delivery()
                self._session = await self._begin(delivery)
                self.not_ready = None
                await self._session.work(self._closing)
            except ProducerFenced:
                metrics.LANE_RESTARTS.labels("fenced").inc()
                self._trouble("lane-fenced", "another process took it over", _FENCED_PAUSE_S)
                await self._wait(_FENCED_PAUSE_S)
            except Exception as error:  # whatever it was: what is committed is true, so begin anew from there
                if time.monotonic() - began > _SETTLED_S:
                    pause = _FIRST_PAUSE_S
                metrics.LANE_RESTARTS.labels("error").inc()
                self._trouble("lane-restarts", in_brief(error), pause, trace=True)
                await self._wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            finally:
                self._session = None
                if delivery:
                    await delivery.close()

    def _trouble(self, event: str, error: str, pause: float, *, trace: bool = False) -> None:
        partition = self._partition.partition
        log.warning(event, partition=partition, error=error, retry_in_s=pause, exc_info=trace)
        text = f"the lane of partition {partition}: {error}"
        self.not_ready = self.not_ready.now("lanes", text) if self.not_ready else Reason("lanes", text)

    async def _wait(self, pause_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), pause_s)

    async def _begin(self, delivery: Delivery) -> Session:
        """Fence, read what is committed, go there."""
        position, metadata = await delivery.open()
        end = self._end = (await self._consumer.end_offsets([self._partition]))[self._partition]
        if position is not None and position > end:
            # The topic was made anew, or its end was lost with a broker. What is committed tells nothing of what is
            # there now; to answer twice is the lesser evil, and readers can tell by the ids.
            log.error("topic-began-anew", partition=self._partition.partition, committed=position, end=end)
            position, metadata = None, ""
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
        return Session(
            self._consumer,
            self._partition,
            answers=self._answers,
            delivery=delivery,
            window=window,
            size=self._size,
        )
