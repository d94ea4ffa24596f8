"""What a record is answered with, on its way to Kafka."""

from collections.abc import Callable, Iterable

import cramjam

from rorbridge.events.contract import checked
from rorbridge.events.result import Status
from rorbridge.telemetry.metrics import DeadReason
from rorbridge.telemetry.traces import INVALID_SPAN, Span

DEFAULT_LIMIT = 1_048_588
"""Bytes of a record batch that a topic takes unless it says otherwise (``max.message.bytes``)."""

LEAST_LIMIT = 32_768
"""What a topic has to take at the least: a result without offers, and a dead letter that is cut, have room in it."""

MOST_HEAD = 16_384
"""Bytes of key and headers that a request may have: they pass through to its result and to its dead letter."""

_BATCH_OVERHEAD = 200
"""Bytes around a record alone in its batch: the batch's head, lengths and timestamps, rounded up."""


@checked(frozen=True, slots=True)
class Outgoing:
    """A record to publish."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    smaller: "Callable[[int], tuple[Outgoing, ...]] | None" = None
    """Gives what to publish in its place when its value must not take more than so many bytes, and what has to go with
    it then; None: it stays."""
    offers: int = 0
    """How many offers are in it."""
    status: Status | None = None
    """That of the result; None for a dead letter."""
    dead: DeadReason | None = None
    """Why it is a dead letter; None for a result."""
    span: Span = INVALID_SPAN
    """That of publishing it; ends when Kafka has it."""

    def fitted(self, limit: int) -> "tuple[Outgoing, ...]":
        """Give the form of this record that fits, compressed, into a batch of *limit* bytes, and what goes with it.

        Measured by compressing it alone, and only where it would not fit as it is. How far the value has to shrink is
        estimated from how well it compresses; the estimate is made sure of, and lowered until it holds.
        """
        room = limit - self.around
        forms: tuple[Outgoing, ...] = (self,)
        size = _compressed(self.value, room)
        while size > room and self.smaller and len(forms[0].value) > 1:
            target = max(int(len(forms[0].value) * room / size * 0.9), 1)
            forms = self.smaller(target)
            if len(forms[0].value) > target:
                break  # it goes no smaller
            size = _compressed(forms[0].value, room)
        return forms

    @property
    def around(self) -> int:
        """Bytes that it takes beside its value."""
        return _BATCH_OVERHEAD + head_bytes(self.key, self.headers)


def head_bytes(key: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> int:
    """Give the bytes that key and headers take, with the lengths that are written before them."""
    size = len(key or b"")
    for name, value in headers:
        size += len(name.encode()) + len(value or b"") + 10
    return size


def _compressed(value: bytes, room: int) -> int:
    """Give the size of *value* as it travels; not compressed where it fits anyway."""
    return len(value) if len(value) <= room else len(bytes(cramjam.zstd.compress(value)))
