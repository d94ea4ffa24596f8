"""The Confluent wire format: a value that tells by which schema of a registry it was written.

A zero byte, the schema's id in four bytes (big endian), then the JSON. No JSON begins with a zero byte, so that a value
tells by itself in which form it is, and both can be read wherever one is.
Source: Confluent Schema Registry, "Wire format"; for JSON Schema nothing stands between the id and the data.
"""

import struct
from typing import Final

_HEAD: Final = struct.Struct(">BI")
_MAGIC: Final = 0

HEAD_BYTES: Final = _HEAD.size
"""What the format adds to a value."""

MOST_ID: Final = 2**31 - 1
"""Registries and their clients take an id for a signed int."""


class CutOffError(ValueError):
    """A value that begins in the wire format and ends within its head."""


def frame(schema_id: int, data: bytes) -> bytes:
    """Give *data* with the head that names their schema."""
    return _HEAD.pack(_MAGIC, schema_id) + data


def split(value: bytes) -> tuple[int | None, bytes]:
    """Give the schema's id and the data of a value; no id for a value without the head. Raises CutOffError."""
    if not value or value[0] != _MAGIC:
        return None, value
    if len(value) < HEAD_BYTES:
        raise CutOffError(
            f"the value begins with a zero byte, as the Confluent wire format does, and ends after {len(value)} of the "
            f"{HEAD_BYTES} bytes of its head"
        )
    return _HEAD.unpack_from(value)[1], value[HEAD_BYTES:]
