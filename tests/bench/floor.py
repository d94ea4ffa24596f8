"""The least that any such service does: read batches, publish a record for each, commit both in one transaction."""

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from rorbridge.settings import ClientSettings, load
from tests.bench.lane import small_result

_MOST = 500


async def _floor() -> None:
    kafka = load(ClientSettings, None).kafka
    value = small_result("0")
    consumer = AIOKafkaConsumer(
        kafka.requests_topic,
        bootstrap_servers=kafka.bootstrap_servers,
        group_id=kafka.group_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers,
        transactional_id=kafka.group_id,
        compression_type="zstd",
        max_batch_size=1_048_576,
    )
    await consumer.start()
    await producer.start()
    while True:
        batches = await consumer.getmany(timeout_ms=500, max_records=_MOST)
        if not batches:
            continue
        async with producer.transaction():
            offsets: dict[TopicPartition, OffsetAndMetadata] = {}
            for partition, records in batches.items():
                for one in records:
                    headers = [*one.headers, ("ce_correlationid", dict(one.headers)["ce_id"])]
                    await producer.send(kafka.results_topic, value, key=one.key, headers=headers)
                offsets[partition] = OffsetAndMetadata(records[-1].offset + 1, "")
            await producer.send_offsets_to_transaction(offsets, kafka.group_id)


if __name__ == "__main__":
    uvloop.run(_floor())
