"""What a record is answered with, on its way to Kafka."""

from collections.abc import Callable
from dataclasses import dataclass

import cramjam

DEFAULT_LIMIT = 1_048_588
"""Bytes of a record batch that a topic takes unless it says otherwise (``max.message.bytes``)."""

_BATCH_OVERHEAD = 200
"""Bytes around a record alone in its batch: the batch's head, lengths and timestamps, rounded up."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to publish."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    smaller: "Callable[[int], Outgoing] | None" = None
    """Gives what to publish in its place when its value must not take more than so many bytes; None: it stays."""

    def fitted(self, limit: int) -> "Outgoing":
        """Give the form of this record that fits, compressed, into a batch of *limit* bytes.

        Measured by compressing it alone, and only where it would not fit as it is. How far the value has to shrink is
        estimated from how well it compresses; the estimate is made sure of, and lowered until it holds.
        """
        room = limit - self._around()
        record, size = self, _compressed(self.value, room)
        while size > room and self.smaller and len(record.value) > 1:
            target = max(int(len(record.value) * room / size * 0.9), 1)
            record = self.smaller(target)
            if len(record.value) > target:
                break  # it goes no smaller
            size = _compressed(record.value, room)
        return record

    def _around(self) -> int:
        headers = sum(len(name) + len(value or b"") + 10 for name, value in self.headers)
        return _BATCH_OVERHEAD + len(self.key or b"") + headers


def _compressed(value: bytes, room: int) -> int:
    """Give the size of *value* as it travels; not compressed where it fits anyway."""
    return len(value) if len(value) <= room else len(bytes(cramjam.zstd.compress(value)))
