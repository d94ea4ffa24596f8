"""The consumer of requests: joins the group, opens a lane for each partition it is given, and closes them in order."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from structlog.stdlib import get_logger

from rorbridge.bus import topics
from rorbridge.bus.connection import connection, in_brief
from rorbridge.bus.delivery import AtLeastOnce, Delivery, ExactlyOnce, NoTransactionsError, ensure_transactions
from rorbridge.bus.lane import Lane
from rorbridge.bus.registry import ResultSchema
from rorbridge.bus.session import Answers
from rorbridge.settings import KafkaSettings
from rorbridge.telemetry.health import Part, Reason
from rorbridge.telemetry.metrics import LaneReading

log = get_logger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_TRANSACTIONS_S = 15.0
"""How long a broker may take to find who coordinates a transaction before that is called trouble."""
_GOODBYE_S = 10.0
_WATCH_S = 2.0
_MOST_FAILURES = 5
"""Errors of the group one after the other, after which the consumer is made anew."""
_NO_PARTITION = TopicPartition("", 0)
"""One that is never assigned, so that asking for its records takes none from a lane."""
_REBALANCE_MARGIN_S = 10.0
"""Seconds that the group waits for a member beyond its drain."""
_NEVER_MS = 2**31 - 1
"""A lane that is full does not poll, for as long as the ROR is away; that is no reason to leave the group. What a poll
interval watches for, a process that does nothing any more, shows in the heartbeats: they come from the same loop."""


class TopicsMissingError(KafkaError):
    """Topics that are not there, or may not be seen."""


class Bridge(ConsumerRebalanceListener):
    """Takes requests from Kafka and publishes their answers, from ``start`` to ``stop``."""

    def __init__(
        self,
        settings: KafkaSettings,
        answers: Answers,
        crashed: Callable[[], None],
        schema: ResultSchema | None = None,
    ) -> None:
        """*crashed* is called when no waiting would help: the log says what has to be changed.

        No lane opens before *schema* is settled.
        """
        self._crashed = crashed
        self._schema = schema
        self._settings = settings
        self._answers = answers
        self._lanes: dict[TopicPartition, Lane] = {}
        self._limits: dict[str, int] = {}
        self._running: asyncio.Task[None] | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._stopping = False
        self._waiting_for = Reason("kafka", "the connection to Kafka")
        self._dead: Reason | None = None

    @property
    def not_ready(self) -> list[Reason]:
        """What the bridge still waits for; empty when its lanes are open."""
        if not self._lanes:
            return [self._waiting_for]
        return [lane.not_ready for lane in self._lanes.values() if lane.not_ready]

    @property
    def dead(self) -> list[Reason]:
        """Why only a restart would help; empty while there is hope."""
        found = [self._dead, *(lane.dead for lane in self._lanes.values())]
        return [one for one in found if one]

    def readings(self) -> list[LaneReading]:
        """Tell how each open lane stands."""
        return [reading for lane in self._lanes.values() if (reading := lane.reading)]

    def start(self) -> None:
        """Begin to connect; goes on trying while Kafka is away."""
        self._running = asyncio.create_task(self._run(), name="connect and watch")
        self._running.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            log.critical("bridge-died", exc_info=error)
            self._dead = Reason("kafka", f"the task that keeps the connection died: {in_brief(error)}")
            self._crashed()

    def _wait_for(self, part: Part, text: str) -> None:
        self._waiting_for = self._waiting_for.now(part, text)

    async def stop(self) -> None:
        """Answer what is in hand, as far as the drain timeout allows, commit it and leave the group."""
        self._stopping = True
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._leave()
        self._wait_for("lanes", "nothing: the service is stopping")

    async def _leave(self) -> None:
        await self._close_lanes()
        consumer, self._consumer = self._consumer, None
        if consumer:
            with suppress(TimeoutError):  # with Kafka away there is nobody to say goodbye to
                async with asyncio.timeout(_GOODBYE_S):
                    await consumer.stop()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Drain before others take over; the group gives up all partitions at once, so all lanes close."""
        if revoked:
            log.info("partitions-revoked", partitions=sorted(one.partition for one in revoked))
        rebalancing = "partitions: the group is rebalancing"
        self._waiting_for = Reason("lanes", rebalancing) if self._lanes else self._waiting_for.now("lanes", rebalancing)
        await self._close_lanes()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Open a lane for each partition; opening goes on behind us, so that it does not hold up the group."""
        if self._stopping or self._consumer is None:
            return
        consumer = self._consumer
        for partition in sorted(assigned):
            lane = Lane(
                consumer,
                partition,
                answers=self._answers,
                delivery=self._deliveries(consumer, partition),
                size=self._settings.window,
            )
            self._lanes[partition] = lane
            lane.open()
        self._wait_for("lanes", "partitions: other members of the group have them all")
        log.info("partitions-assigned", partitions=sorted(one.partition for one in assigned))

    def _deliveries(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> Callable[[], Delivery]:
        """Give what makes a partition's deliveries, by the mode that is set."""
        if self._settings.delivery == "exactly-once":
            return lambda: ExactlyOnce(self._settings, partition, self._limits)
        return lambda: AtLeastOnce(self._settings, partition, self._limits, consumer)

    async def _close_lanes(self) -> None:
        lanes, self._lanes = self._lanes, {}
        await asyncio.gather(*(lane.close(self._settings.drain_timeout) for lane in lanes.values()))

    async def _run(self) -> None:
        """Connect, watch, and connect anew when the consumer cannot go on."""
        if self._schema:
            await self._schema.settle(lambda text: self._wait_for("schema-registry", text))
            self._wait_for("kafka", "the connection to Kafka")
        while True:
            try:
                consumer = await self._connect()
            except NoTransactionsError as error:
                log.critical("no-transactions", error=str(error))
                self._crashed()
                return
            await self._watch(consumer)
            await self._leave()

    async def _connect(self) -> AIOKafkaConsumer:
        """Connect, however long it takes. Raises NoTransactionsError."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                return await self._open_consumer()
            except NoTransactionsError:
                raise
            except Exception as error:  # whatever it is, such as a certificate that is being renewed: it may pass
                known = isinstance(error, KafkaError | OSError)
                self._wait_for("kafka", f"Kafka at {self._settings.bootstrap_servers}: {in_brief(error)}")
                log.warning("kafka-unreachable", error=repr(error), retry_in_s=pause, exc_info=not known)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _watch(self, consumer: AIOKafkaConsumer) -> None:
        """Take up what goes wrong in the group; returns when the consumer has to be made anew.

        aiokafka stops coordinating until somebody asks for records and so learns of the error. Lanes do, but while none
        is open, as when a right on the group is missing, nobody else would.
        """
        failures = 0
        while failures < _MOST_FAILURES:
            await asyncio.sleep(_WATCH_S)
            try:
                await consumer.getmany(_NO_PARTITION, timeout_ms=0)
                failures = 0
            except Exception as error:  # of the coordination task, which may have died of anything
                failures += 1
                self._wait_for("kafka", f"the group {self._settings.group_id}: {in_brief(error)}")
                log.warning("group-trouble", error=repr(error))
            await self._note_ends(consumer)

    async def _note_ends(self, consumer: AIOKafkaConsumer) -> None:
        """Ask for the ends of the partitions whose lanes are full: they ask for no records, and so hear of none."""
        full = {partition: lane for partition, lane in self._lanes.items() if lane.is_full}
        if not full:
            return
        with suppress(Exception):  # for a gauge alone; who asks for records will say what is wrong
            async with asyncio.timeout(_WATCH_S):
                for partition, end in (await consumer.end_offsets(list(full))).items():
                    full[partition].note_end(end)

    async def _open_consumer(self) -> AIOKafkaConsumer:
        settings = self._settings
        consumer = AIOKafkaConsumer(
            **connection(settings),
            group_id=settings.group_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_interval_ms=_NEVER_MS,
            rebalance_timeout_ms=int((settings.drain_timeout + _REBALANCE_MARGIN_S) * 1000),
        )
        try:
            await consumer.start()
            await self._ensure_topics(consumer)
            if settings.delivery == "exactly-once":
                await self._ensure_transactions()
            self._limits = await topics.limits(settings)
        except BaseException:
            await consumer.stop()
            raise
        self._consumer = consumer
        self._wait_for("lanes", "partitions: the group has given none yet")
        consumer.subscribe([settings.requests_topic], listener=self)
        return consumer

    async def _ensure_transactions(self) -> None:
        try:
            async with asyncio.timeout(_TRANSACTIONS_S):
                await ensure_transactions(self._settings)
        except TimeoutError:
            raise KafkaError(
                f"no coordinator for transactions within {_TRANSACTIONS_S:g} s; are enough brokers up for "
                "transaction.state.log.replication.factor? RORBRIDGE_KAFKA__DELIVERY=at-least-once needs none"
            ) from None

    async def _ensure_topics(self, consumer: AIOKafkaConsumer) -> None:
        """Raise TopicsMissingError unless all are there: aiokafka would look for a new one every five minutes alone."""
        there = await consumer.topics()
        if missing := [topic for topic in self._settings.topics if topic not in there]:
            raise TopicsMissingError(f"{', '.join(missing)}; create them, or give us the right to see them")
