"""Examples of every message, made by what makes the real ones."""

import json
import struct
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from aiokafka import ConsumerRecord

from rorbridge.bus.deadletter import NO_EVENT, dead_letter
from rorbridge.events import envelope
from rorbridge.events.examples import Answered, answered
from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.result import RESULT_TYPE
from rorbridge.settings import KafkaSettings
from rorbridge.telemetry.metrics import DeadReason

Example = dict[str, Any]
"""A Message Example Object of AsyncAPI 3.0."""

_SOURCE: Final = "urn:via-parcours"
_STRUCTURED: Final = b"application/cloudevents+json"
_TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_NUMBERS: Final = {
    "kafka_dlt-original-partition": ">i",
    "kafka_dlt-original-offset": ">q",
    "kafka_dlt-original-timestamp": ">q",
}
_LETTERS: Final[dict[str, DeadReason]] = {"rejected": "rejected", "failed": "failed"}
"""Results that have a dead letter, too, by their status: why."""


def requests() -> list[Example]:
    """Give requests in binary mode."""
    return [
        _example(one.status, f"A request that is answered with `{one.status}`.", one.request, _headers(one))
        for one in answered()
        if one.status != "rejected"
    ]


def structured() -> list[Example]:
    """Give a request in structured mode."""
    one = _matched()
    event = {
        "id": one.result["requestId"],
        "source": _SOURCE,
        "type": REQUEST_TYPE,
        "specversion": "1.0",
        "time": one.result["timing"]["receivedAt"],
        "data": one.request,
    }
    return [_example("structured", "The event is the value.", event, [("content-type", _STRUCTURED)])]


def bare() -> list[Example]:
    """Give a request without an envelope."""
    return [{"name": "bare", "summary": "The request is the value.", "payload": _matched().request}]


def results() -> list[Example]:
    """Give a result of each status."""
    found = []
    for one in answered():
        headers = envelope.write(type_=RESULT_TYPE, request=_event(one), time=_time(one, "answeredAt"))
        found.append(_example(one.status, f"The answer `{one.status}`.", one.result, headers))
    return found


def dead_letters(kafka: KafkaSettings) -> list[Example]:
    """Give a dead letter of each status."""
    found = []
    for one in answered():
        if reason := _LETTERS.get(one.status):
            problem = one.result["problem"]
            told = {"error": problem["type"], "message": problem["detail"]}
            letter = _letter(kafka, _value(one), _headers(one), reason, **told)
            found.append(_example(one.status, f"A request that was answered with `{one.status}`.", one.request, letter))
    value = "no JSON"
    try:
        envelope.read(value.encode(), [], "")
    except envelope.NotAnEventError as error:
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        letter = _letter(kafka, value.encode(), [], "not-an-event", error=kind, message=str(error))
        found.append(_example(NO_EVENT, "A record that no result could answer.", value, letter))
    return found


def _matched() -> Answered:
    return next(one for one in answered() if one.status == "matched")


def _value(one: Answered) -> bytes:
    return json.dumps(one.request).encode()


def _time(one: Answered, of: str) -> datetime:
    return datetime.fromisoformat(one.result["timing"][of])


def _headers(one: Answered) -> list[tuple[str, bytes]]:
    id_, time = one.result["requestId"], _time(one, "receivedAt")
    return envelope.request_headers(id_=id_, source=_SOURCE, time=time, traceparent=_TRACE)


def _event(one: Answered) -> envelope.RequestEvent:
    return envelope.read(_value(one), _headers(one), "")


def _letter(
    kafka: KafkaSettings,
    value: bytes,
    headers: list[tuple[str, bytes]],
    reason: DeadReason,
    *,
    error: str,
    message: str,
) -> Iterable[tuple[str, bytes]]:
    record: ConsumerRecord[bytes, bytes] = ConsumerRecord(
        kafka.requests_topic, 0, 41, 1_795_507_200_000, 0, None, value, None, 0, len(value), headers
    )
    letter = dead_letter(kafka.dead_letter_topic, record, kafka.group_id, error=error, message=message, reason=reason)
    return letter.headers


def _example(name: str, summary: str, payload: Any, headers: Iterable[tuple[str, bytes | str]]) -> Example:
    shown = {header: _shown(header, value) for header, value in headers}
    return {"name": name, "summary": summary, "headers": shown, "payload": payload}


def _shown(name: str, value: bytes | str) -> Any:
    raw = value.encode() if isinstance(value, str) else value
    return struct.unpack(_NUMBERS[name], raw)[0] if name in _NUMBERS else raw.decode()
