"""Health endpoints: ``/livez`` says that no restart is needed, ``/readyz`` that requests are answered, or why not.

Both answer ``{"status": ..., "reasons": [{"part": ..., "since": ..., "text": ...}]}``: 200 without a reason, else 503.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from faststream.asgi import AsgiResponse, get
from faststream.asgi.types import ASGIApp, Scope

Part = Literal["schema-registry", "kafka", "lanes", "ror"]
"""What a reason is about: the schema of results, the connection and the group, partitions of ours, or the circuit."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why we are not ready, or not alive."""

    part: Part
    text: str
    """In words for an operator; it names no secret and no content of a record."""
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self, part: Part, text: str) -> "Reason":
        """Give what the reason has become: of the same part it is an older one in other words."""
        return Reason(part, text, self.since) if part == self.part else Reason(part, text)


def livez(dead: Callable[[], Sequence[Reason]]) -> ASGIApp:
    """Give the endpoint that answers 503 when only a restart would help, with the reasons that *dead* gives."""
    return _endpoint("alive", "dead", dead)


def readyz(not_ready: Callable[[], Sequence[Reason]]) -> ASGIApp:
    """Give the endpoint that answers 503 while *not_ready* gives reasons."""
    return _endpoint("ready", "not ready", not_ready)


def _endpoint(well: str, ill: str, reasons: Callable[[], Sequence[Reason]]) -> ASGIApp:
    @get
    async def endpoint(scope: Scope) -> AsgiResponse:  # noqa: ARG001 - the interface of the endpoint
        found = [
            {"part": one.part, "since": one.since.isoformat(timespec="seconds"), "text": one.text} for one in reasons()
        ]
        body = {"status": ill if found else well, "reasons": found}
        headers = {"content-type": "application/json"}
        return AsgiResponse(json.dumps(body).encode(), status_code=503 if found else 200, headers=headers)

    return endpoint
