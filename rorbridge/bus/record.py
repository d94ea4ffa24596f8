"""A record as the Kafka client gives it, and one of which it can read nothing but its place."""

from aiokafka import ConsumerRecord, TopicPartition

Record = ConsumerRecord[bytes, bytes]
"""A record with its key, value and headers as bytes."""


def unread(partition: TopicPartition, offset: int) -> Record:
    """Make a record of which nothing is known but its place."""
    return ConsumerRecord(
        topic=partition.topic,
        partition=partition.partition,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=None,
        value=None,
        checksum=None,
        serialized_key_size=-1,
        serialized_value_size=-1,
        headers=(),
    )
