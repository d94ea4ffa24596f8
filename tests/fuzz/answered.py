"""What every record must come to, whatever it holds and whatever the ROR answered."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
from aiokafka import ConsumerRecord
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from rorbridge.bus.deadletter import NO_EVENT, STATUS
from rorbridge.bus.outgoing import Outgoing
from rorbridge.events import envelope
from rorbridge.events.result import RESULT_TYPE, OrientationResult, Status, decode
from rorbridge.settings import KafkaSettings
from tests.fuzz.account import ACCOUNT

KAFKA = KafkaSettings(bootstrap_servers="unused:9092", group_id="fuzz")

_SCHEMAS = Path(__file__).parent.parent.parent / "schemas"
_SCHEMA = jsonschema.Draft202012Validator(json.loads((_SCHEMAS / f"{RESULT_TYPE}.schema.json").read_bytes()))
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*", re.DOTALL)


def one_answer(
    test: str, given: "ConsumerRecord[bytes, bytes]", found: tuple[Outgoing, ...]
) -> OrientationResult | None:
    """Check that *given* got one result, or one dead letter where it is no event; give the result, and count it."""
    results = [one for one in found if one.topic == KAFKA.results_topic]
    letters = [one for one in found if one.topic == KAFKA.dead_letter_topic]
    assert len(results) + len(letters) == len(found)
    for one in found:
        assert one.key == given.key
        assert _empty_batch().append(0, timestamp=0, key=one.key, value=one.value, headers=list(one.headers))
    for letter in letters:
        assert letter.value == (given.value or b"")
        assert not dict(letter.headers)["kafka_dlt-exception-message"].startswith(b"rorbridge failed")
    if not results:
        [letter] = letters
        assert dict(letter.headers)[STATUS] == NO_EVENT.encode()
        ACCOUNT.count(test, "a dead letter alone, no event")
        return None
    [told] = results
    result = decode(told.value)
    _SCHEMA.validate(json.loads(told.value))
    assert envelope.correlation_id(told.headers) == result.request_id
    assert len(letters) == (result.status in {Status.REJECTED, Status.FAILED})
    if result.problem:
        assert result.problem.type != "urn:rorbridge:problem:internal", result.problem.detail
        for error in result.problem.errors:
            _points_into(error.pointer, _data(given))
    kind = f" ({result.problem.type.rpartition(':')[2]})" if result.problem else ""
    ACCOUNT.count(test, f"{result.status.value}{kind}")
    return result


def _empty_batch() -> Any:
    """Give an empty batch, which takes what can be written to Kafka."""
    return DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 26,
    )


def request_of(given: "ConsumerRecord[bytes, bytes]") -> dict[str, Any]:
    """Give the request that a record holds, one that was accepted."""
    found = _data(given)
    assert isinstance(found, dict)
    return found


def _data(given: "ConsumerRecord[bytes, bytes]") -> Any:
    """Give a record's data as JSON, None where it is none."""
    value = given.value or b""
    if value.startswith(b"\0"):  # the wire format of schema registries
        value = value[5:]
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    is_binary = any(name.lower() == "ce_id" for name, _ in given.headers or ())
    content_type = next((value for name, value in reversed(given.headers) if name.lower() == "content-type"), b"")
    is_structured = (content_type or b"").lower().startswith(b"application/cloudevents")
    if isinstance(found, dict) and (is_structured or ("specversion" in found and not is_binary)):
        return found.get("data")
    return found


def _points_into(pointer: str, content: Any) -> None:
    """Check a JSON Pointer (RFC 6901): into what was sent, or at what is missing right there."""
    assert _POINTER.fullmatch(pointer), pointer
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for number, step in enumerate(steps, start=1):
        if isinstance(content, list):
            content = content[int(step)]
        else:
            assert isinstance(content, dict), pointer
            assert step in content or number == len(steps), pointer
            content = content.get(step)
