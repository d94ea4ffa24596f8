"""The topics: which are there, what they take, and making those that are missing."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code
from structlog.stdlib import get_logger

from rorbridge.bus.connection import connection
from rorbridge.settings import KafkaSettings

log = get_logger(__name__)

_LIMIT = "max.message.bytes"
_CLUSTER_DEFAULT = -1
_LOOKS, _PAUSE_S = 50, 0.1
"""How often to look, and how long apart, until a broker sees what the controller has created; we may never see it."""

_HINT = "grant DescribeConfigs; Kafka's default is assumed"


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
        log.warning("topic-limits-unknown", error=repr(error), hint=_HINT)
        return {}
    finally:
        await admin.close()


async def partitions(settings: KafkaSettings, topic: str) -> list[int]:
    """Read which partitions a topic has; none when it is not there or may not be seen. Raises KafkaError, OSError."""
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        found = await admin.describe_topics()  # of all: asking for one by its name makes many a cluster create it
    finally:
        await admin.close()
    return sorted(part["partition"] for one in found if one["topic"] == topic for part in one["partitions"])


async def create(settings: KafkaSettings, partitions: Mapping[str, int]) -> None:
    """Create topics with so many partitions each; those that exist stay as they are. Raises KafkaError, OSError.

    How often they are replicated is the cluster's default (KIP-464, brokers from 2.4 on).
    """
    new = [NewTopic(name, count, _CLUSTER_DEFAULT, replica_assignments={}) for name, count in partitions.items()]
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        answer: Any = await admin.create_topics(new)
        for name, code, *message in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(f"{name}: {message[0]}" if message and message[0] else name)
        for _ in range(_LOOKS):
            if partitions.keys() <= set(await admin.list_topics()):
                break
            await asyncio.sleep(_PAUSE_S)
    finally:
        await admin.close()


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
            if code:  # a right that is missing is told for each topic by itself
                log.warning("topic-limits-unknown", topic=name, error=for_code(code).__name__, hint=_HINT)
            elif str(values.get(_LIMIT) or "").isdigit():
                found[name] = int(values[_LIMIT])
    return found
