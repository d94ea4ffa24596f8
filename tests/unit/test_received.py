"""What others put on the results topic is told as no result, with its place."""

from dataclasses import replace

import pytest
from aiokafka import TopicPartition

from rorbridge.bus.received import NotAResultError, received
from rorbridge.bus.record import unread


@pytest.mark.parametrize(
    ("value", "type_", "says"),
    [
        (b"{}", b"another.type", "its ce_type is another.type"),
        (None, None, "it has no value"),
        (b"\xff{", None, "is not a result: "),
        (b'{"status": "\xff"}', None, "is not a result: "),
        (b"[]", None, "is not a result: "),
        (b"\x00\x00", None, "is not a result: "),
    ],
)
def test_a_record_that_is_no_result_is_told_with_its_place(value: bytes | None, type_: bytes | None, says: str) -> None:
    headers = (("ce_type", type_),) if type_ else ()
    record = replace(unread(TopicPartition("results", 2), 7), value=value, headers=headers)
    with pytest.raises(NotAResultError, match="results/2/7 is not a result") as raised:
        received(record)
    assert says in str(raised.value)
