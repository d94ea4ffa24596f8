"""Records as the Kafka client gives them, without Kafka."""

from collections.abc import Sequence

from aiokafka import ConsumerRecord


def record(
    value: bytes | None, headers: Sequence[tuple[str, bytes]], key: bytes | None = None
) -> "ConsumerRecord[bytes, bytes]":
    """Give the record at offset 41 of partition 2 of ``requests``."""
    return ConsumerRecord("requests", 2, 41, 1_700_000_000_000, 0, key, value, None, 0, 0, tuple(headers))
