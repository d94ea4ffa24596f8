"""Reading past records that the client cannot read, for those who look on."""

from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition

from rorbridge.bus.record import Record

_POLL_MS = 500


class CarefulReader:
    """Fetches records; those that the client cannot read (a header's name that is not UTF-8) are told and passed over.

    At such a record the client raises for ever, and does not say where it is. It is found by reading one by one. Those
    behind it in the producer's batch go with it: the client begins each batch at its first record.
    """

    def __init__(self, consumer: AIOKafkaConsumer, tell: Callable[[str], None]) -> None:
        self._consumer = consumer
        self._tell = tell
        self._one_by_one = False

    async def positions(self) -> dict[TopicPartition, int]:
        """Give where the client goes on in each partition; waits until that is settled."""
        return {one: await self._consumer.position(one) for one in self._consumer.assignment()}

    async def fetch(self, places: dict[TopicPartition, int] | None = None) -> dict[TopicPartition, list[Record]]:
        """Give what has come, or nothing after a moment.

        A caller who keeps the *places* itself, where reading goes on in each partition, gets those of them moved on
        at which something is passed over; all else is the caller's.
        """
        places = await self.positions() if places is None else places
        assigned = [one for one in places if one in self._consumer.assignment()]
        if self._one_by_one and assigned:
            return {
                one: found for one in assigned if (found := await self._near(one, places, _POLL_MS // len(assigned)))
            }
        try:
            return await self._consumer.getmany(timeout_ms=_POLL_MS)
        except ValueError:  # UnicodeDecodeError is one
            for one in assigned:  # what it read before it raised is forgotten, so begin where we were
                self._consumer.seek(one, places[one])
            self._one_by_one = True
            return {}

    async def _near(self, partition: TopicPartition, places: dict[TopicPartition, int], wait_ms: int) -> list[Record]:
        """Give what can be read before a record that cannot be read; pass over that when it is the next one."""
        found: list[Record] = []
        try:
            while batch := await self._consumer.getmany(partition, timeout_ms=0 if found else wait_ms, max_records=1):
                found += batch[partition]
        except ValueError as error:
            next_ = found[-1].offset + 1 if found else places[partition] + 1
            self._consumer.seek(partition, next_)
            if not found:
                place = f"{partition.topic}/{partition.partition}/{places[partition]}"
                self._tell(f"{place} cannot be read, so it is passed over: {type(error).__name__}")
                places[partition] = next_
                self._one_by_one = False  # until there is another
        return found
