"""Dead letters: the raw record with the de-facto standard headers that tell where it came from and why it is here.

Names and encodings are those of Spring for Apache Kafka, which most tools know: the partition is a big-endian int,
offset and timestamp are big-endian longs, the rest is UTF-8.
"""

import struct
from typing import Final

from aiokafka import ConsumerRecord

from rorbridge.bus.outgoing import MOST_HEAD, Outgoing, head_bytes
from rorbridge.telemetry.metrics import DeadReason

_LONGEST_MESSAGE = 2_000
"""Characters of an explanation; it travels in a header."""
_CUT_BYTES = 16_384
"""What is kept of a record that does not fit any more with its headers. The original stays where the headers say."""

TRUNCATED = "rorbridge-truncated-from"
"""Header of a dead letter that lacks something of the original: the size of the original's value in bytes."""

REPLAY_OF = "rorbridge-replay-of"
"""Header of a replayed record that is no event, so that it has no id: the place of the first one."""
REPLAY_ATTEMPT = "rorbridge-replay-attempt"
"""Which attempt that is."""
KEPT = {REPLAY_OF, REPLAY_ATTEMPT}
"""Headers of ours that a dead letter keeps from its record."""

STATUS = "rorbridge-status"
"""Header: ``rejected``, ``failed``, or ``no-event`` for what no result could answer."""
NO_EVENT = "no-event"
_STATUSES: Final[dict[DeadReason, str]] = {
    "rejected": "rejected",
    "failed": "failed",
    "not-an-event": NO_EVENT,
    "unreadable": NO_EVENT,
}


def dead_letter(
    topic: str,
    record: ConsumerRecord[bytes, bytes],
    group: str,
    *,
    error: str,
    message: str,
    reason: DeadReason,
) -> Outgoing:
    """Build the dead letter of *record*. *error* names the kind of error, *message* says what was wrong.

    *reason* is what it is counted under, and gives its status.

    A record whose key and headers are too many to go along (MOST_HEAD) loses them; its place is told as ever.
    """
    fits = head_bytes(record.key, record.headers) <= MOST_HEAD
    own = record.headers if fits else ()
    headers = (
        *((name, value) for name, value in own if name in KEPT or not name.startswith(("kafka_dlt-", "rorbridge-"))),
        (STATUS, _STATUSES[reason].encode()),
        ("kafka_dlt-original-topic", record.topic.encode()),
        ("kafka_dlt-original-partition", struct.pack(">i", record.partition)),
        ("kafka_dlt-original-offset", struct.pack(">q", record.offset)),
        ("kafka_dlt-original-timestamp", struct.pack(">q", record.timestamp)),
        ("kafka_dlt-original-consumer-group", group.encode()),
        ("kafka_dlt-exception-fqcn", error.encode()),
        ("kafka_dlt-exception-message", message[:_LONGEST_MESSAGE].encode(errors="backslashreplace")),
    )
    key, value = record.key if fits else None, record.value or b""
    cut = (*headers, (TRUNCATED, str(len(value)).encode()))

    def smaller(size: int) -> tuple[Outgoing]:
        return (Outgoing(topic, key, value[: min(size, _CUT_BYTES)], cut, dead=reason),)

    return Outgoing(topic, key, value, headers if fits else cut, smaller, dead=reason)
