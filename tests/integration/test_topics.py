"""The topics as a cluster shows them to those who only look."""

import asyncio
import os

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import UnknownTopicOrPartitionError

from rorbridge.bus import topics
from rorbridge.bus.localbroker import ApacheKafka
from rorbridge.settings import KafkaSettings


class CreatingKafka(ApacheKafka):
    """One that creates each topic that is asked for by its name, as clusters do unless they are told otherwise."""

    def _server_properties(self) -> str:
        return super()._server_properties().replace("auto.create.topics.enable=false", "auto.create.topics.enable=true")


@pytest.mark.real_kafka
async def test_looking_for_a_topic_does_not_create_it() -> None:
    if "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
        pytest.skip("the tests run on a given cluster; no local broker is wanted")
    with CreatingKafka() as kafka:
        settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
        for _ in range(2):
            assert await topics.partitions(settings, "requests") == []
            with pytest.raises(UnknownTopicOrPartitionError, match="requests"):
                await topics.ensure(settings, "requests")
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        await admin.start()
        assert "requests" not in await admin.list_topics()
        async with asyncio.timeout(60):  # until this cluster creates what is asked for by its name
            while "requests" not in await admin.list_topics():
                await admin.describe_topics(["requests"])
        await admin.close()
