"""CloudEvents 1.0 in Kafka's binary mode: the attributes are the record's headers, the data are its value."""

from collections.abc import Mapping
from datetime import UTC, datetime

REQUEST_TYPE = "rorbridge.orientation.request.v1"
RESULT_TYPE = "rorbridge.orientation.result.v1"
SOURCE = "urn:example:care-pathway-tool"
"""Who asks: put a URI of your own here. Source and id together name a request."""


def request_headers(request_id: str) -> list[tuple[str, str | bytes | None]]:
    """Give the headers of a request."""
    return [
        ("ce_specversion", "1.0"),
        ("ce_id", request_id),
        ("ce_source", SOURCE),
        ("ce_type", REQUEST_TYPE),
        ("ce_time", datetime.now(UTC).isoformat()),
        ("content-type", "application/json"),
    ]


def attributes(headers: Mapping[str, str | bytes | None]) -> dict[str, str]:
    """Give the attributes of an event, such as ``id``, ``type`` and ``correlationid``."""
    return {
        name.removeprefix("ce_"): value.decode(errors="replace")
        for name, value in headers.items()
        if name.startswith("ce_") and isinstance(value, bytes)
    }
