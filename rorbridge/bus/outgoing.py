"""What a record is answered with, on its way to Kafka."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to publish."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    smaller: "Outgoing | None" = None
    """What to publish in its place when the broker finds it too large."""
