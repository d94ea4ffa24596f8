"""What the topics take."""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from structlog.stdlib import get_logger

from rorbridge.bus.connection import connection
from rorbridge.settings import KafkaSettings

log = get_logger(__name__)

_LIMIT = "max.message.bytes"


async def limits(settings: KafkaSettings) -> dict[str, int]:
    """Read how many bytes the topics that we write to take in a batch; what we may not read is left out."""
    names = [settings.results_topic, settings.dead_letter_topic]
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        asked = [ConfigResource(ConfigResourceType.TOPIC, name, configs={_LIMIT: ""}) for name in names]
        answers: Any = await admin.describe_configs(asked)
        return _read(answers)
    except (KafkaError, OSError, ValueError) as error:
        log.warning("topic-limits-unknown", error=repr(error), hint="grant DescribeConfigs; Kafka's default is assumed")
        return {}
    finally:
        await admin.close()


async def partitions(settings: KafkaSettings, topic: str) -> list[int]:
    """Read which partitions a topic has; none when it is not there or may not be seen. Raises KafkaError, OSError."""
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        [found] = await admin.describe_topics([topic])
    finally:
        await admin.close()
    return sorted(one["partition"] for one in found["partitions"])


async def ensure(settings: KafkaSettings, topic: str) -> None:
    """Raise UnknownTopicOrPartitionError with the topic's name when it is not there or may not be seen.

    aiokafka's own clients wait for a topic that is missing, for as long as a request may take.
    """
    if not await partitions(settings, topic):
        raise UnknownTopicOrPartitionError(topic)


def _read(answers: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for answer in answers:
        for code, _message, _kind, name, entries, *_ in answer.resources:
            values = {entry[0]: entry[1] for entry in entries}
            if not code and str(values.get(_LIMIT) or "").isdigit():
                found[name] = int(values[_LIMIT])
    return found
