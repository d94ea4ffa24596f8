"""The consumer of requests: joins the group, opens a lane for each partition it is given, and closes them in order."""

import asyncio
from collections.abc import Callable, Collection

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from structlog.stdlib import get_logger

from rorbridge.bus.connection import connection
from rorbridge.bus.lane import Answer, Lane
from rorbridge.bus.publisher import Publisher
from rorbridge.settings import KafkaSettings

log = get_logger(__name__)

_LARGEST_REQUEST = 1_048_576
"""Bytes of a produce request: what brokers take by default."""
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_REBALANCE_MARGIN_S = 10.0
"""Seconds that the group waits for a member beyond its drain."""


class Bridge(ConsumerRebalanceListener):
    """Takes requests from Kafka and publishes their answers, from ``start`` to ``stop``."""

    def __init__(self, settings: KafkaSettings, answer: Answer, crashed: Callable[[], None]) -> None:
        """*crashed* is called when a lane cannot go on; a restart would help."""
        self._crashed = crashed
        self._settings = settings
        self._answer = answer
        self._lanes: dict[TopicPartition, Lane] = {}
        self._starting: asyncio.Task[None] | None = None
        self._producer: AIOKafkaProducer | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._stopping = False
        self._waiting_for = "the connection to Kafka"

    @property
    def not_ready(self) -> str | None:
        """What the bridge still waits for, or None when its lanes are open."""
        return None if self._lanes else self._waiting_for

    def start(self) -> None:
        """Begin to connect; goes on trying while Kafka is away."""
        self._starting = asyncio.create_task(self._connect(), name="connect")

    async def stop(self) -> None:
        """Answer what is in hand, as far as the drain timeout allows, commit it and leave the group."""
        self._stopping = True
        if self._starting:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._close_lanes()
        self._waiting_for = "nothing: the service is stopping"
        if self._consumer:
            await self._consumer.stop()
        if self._producer:
            await self._producer.stop()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002
        """Drain before others take over; the group gives up all partitions at once, so all lanes close."""
        await self._close_lanes()
        self._waiting_for = "partitions: the group is rebalancing"

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Open a lane for each partition."""
        if self._stopping or self._consumer is None or self._producer is None:
            return
        publisher = Publisher(self._producer)
        for partition in sorted(assigned):
            lane = Lane(
                self._consumer,
                partition,
                answer=self._answer,
                publish=publisher.publish,
                size=self._settings.window,
                crashed=self._crashed,
            )
            self._lanes[partition] = lane
            lane.open()
        self._waiting_for = "partitions: other members of the group have them all"
        log.info("lanes-open", partitions=sorted(one.partition for one in assigned))

    async def _close_lanes(self) -> None:
        lanes, self._lanes = self._lanes, {}
        await asyncio.gather(*(lane.close(self._settings.drain_timeout) for lane in lanes.values()))

    async def _connect(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                await self._open_clients()
            except (KafkaError, OSError) as error:
                self._waiting_for = f"Kafka at {self._settings.bootstrap_servers}: {type(error).__name__}"
                log.warning("kafka-unreachable", error=repr(error), retry_in_s=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                return

    async def _open_clients(self) -> None:
        settings = self._settings
        self._producer = AIOKafkaProducer(
            **connection(settings),
            acks="all",
            enable_idempotence=True,
            max_request_size=_LARGEST_REQUEST,
        )
        self._consumer = AIOKafkaConsumer(
            **connection(settings),
            group_id=settings.group_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            rebalance_timeout_ms=int((settings.drain_timeout + _REBALANCE_MARGIN_S) * 1000),
        )
        try:
            await self._producer.start()
            await self._consumer.start()
        except BaseException:
            await self._producer.stop()
            await self._consumer.stop()
            raise
        await self._tell_missing_topics(self._consumer)
        self._consumer.subscribe([settings.requests_topic], listener=self)

    async def _tell_missing_topics(self, consumer: AIOKafkaConsumer) -> None:
        there = await consumer.topics()
        wanted = (self._settings.requests_topic, self._settings.results_topic, self._settings.dead_letter_topic)
        missing = [topic for topic in wanted if topic not in there]
        self._waiting_for = f"topics that do not exist: {', '.join(missing)}" if missing else "partitions"
        if missing:
            log.error("topics-missing", topics=missing, hint="create them, or give us the right to see them")
