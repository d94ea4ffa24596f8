"""Results as their readers get them: the one place that knows how a record on the results topic is to be read."""

from dataclasses import dataclass

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from rorbridge.events import envelope, wireformat
from rorbridge.events.result import RESULT_TYPE, OrientationResult, decode


class NotAResultError(ValueError):
    """A record that holds no result; the text says where it is and why it is none."""


@dataclass(frozen=True, slots=True)
class Received:
    """A result, and the JSON that it was published as: a newer service may say more in it than we know of."""

    result: OrientationResult
    json: str


def received(record: ConsumerRecord[bytes, bytes]) -> Received:
    """Read a record of the results topic. Raises NotAResultError."""
    place = f"{record.topic}/{record.partition}/{record.offset}"
    type_ = envelope.event_type(record.headers)
    if type_ not in {None, RESULT_TYPE}:
        raise NotAResultError(f"{place} is not a result: its ce_type is {type_}")
    if record.value is None:
        raise NotAResultError(f"{place} is not a result: it has no value")
    try:
        _, data = wireformat.split(record.value)
        return Received(decode(data), data.decode())
    except (ValidationError, UnicodeDecodeError, wireformat.CutOffError) as error:
        match error:
            case ValidationError():
                told = error.errors()[0]["msg"]
            case UnicodeDecodeError():
                told = "it is not UTF-8"
            case wireformat.CutOffError():
                told = str(error)
        raise NotAResultError(f"{place} is not a result: {told}") from None
