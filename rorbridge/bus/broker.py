"""FastStream's broker with lanes in the place of its subscribers.

No subscriber of FastStream works on many records of a partition at once and commits what is finished, and a subclass of
one would lean on private modules and cost twice the CPU a record. So the lanes are an aiokafka client of our own, and
what FastStream sees is a broker that starts and stops them: ``start`` and ``stop`` are public and all that is needed.
"""

from types import TracebackType

from faststream.kafka import KafkaBroker

from rorbridge.bus.bridge import Bridge
from rorbridge.settings import KafkaSettings


class LaneBroker(KafkaBroker):
    """A Kafka broker of FastStream whose records go through a Bridge."""

    def __init__(self, settings: KafkaSettings, bridge: Bridge) -> None:
        super().__init__(settings.bootstrap_servers.split(","))
        self._bridge = bridge

    async def start(self) -> None:
        """Begin to connect; does not wait for Kafka, so that the app starts while Kafka is away."""
        self._bridge.start()

    async def stop(
        self,
        exc_type: type[BaseException] | None = None,  # noqa: ARG002 - the interface of FastStream's brokers
        exc_val: BaseException | None = None,  # noqa: ARG002
        exc_tb: TracebackType | None = None,  # noqa: ARG002
    ) -> None:
        """Drain the lanes and leave the group."""
        await self._bridge.stop()

    async def ping(self, timeout: float | None) -> bool:  # noqa: ARG002, ASYNC109 - FastStream's interface
        """Tell whether records are being taken."""
        return not self._bridge.not_ready
