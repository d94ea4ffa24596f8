"""A schema registry that is not ours, and serializers that are not ours on both sides of the service."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext, SerializationError

from rorbridge.bus.preflight import registry_findings
from rorbridge.events.draft07 import draft07
from rorbridge.events.examples import examples
from rorbridge.events.schemas import registered_result_schema, request_schema, result_schema
from rorbridge.events.wireformat import frame, split
from rorbridge.settings import SchemaRegistrySettings
from rorbridge.telemetry.finding import State
from tests.interop.apicurio import Apicurio
from tests.interop.servers import OFFERS, SEED
from tests.support.kafka import Broker, Topics
from tests.support.processes import running_lookalike, running_service, told_environment
from tests.support.registry import settled, what_is_in_the_way

OURS = registered_result_schema()
SUBJECT = "results-value"


def produce(broker: Broker, topic: str, apicurio: Apicurio, contents: dict[str, dict[str, Any]]) -> None:
    """Publish contents by their keys, as bare JSON in the wire format."""
    registry = SchemaRegistryClient({"url": apicurio.url})
    serialize = JSONSerializer(json.dumps(draft07(request_schema())), registry)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    for key, content in contents.items():
        producer.produce(topic, serialize(content, SerializationContext(topic, MessageField.VALUE)), key)
    assert producer.flush(30) == 0


def consume(broker: Broker, topic: str, count: int) -> list[Message]:
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": f"reader-{uuid.uuid4().hex[:8]}",
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe([topic])
    found: list[Message] = []
    deadline = time.monotonic() + 60
    try:
        while len(found) < count and time.monotonic() < deadline:
            found += [one for one in consumer.consume(count, timeout=0.5) if not one.error()]
    finally:
        consumer.close()
    return found


@pytest.mark.real_kafka
async def test_others_serializers_write_what_the_service_answers_and_read_what_it_says(
    apicurio: Apicurio, broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    contents = {one.name: json.loads(one.data) for one in examples()}
    registry = {"RORBRIDGE_SCHEMA_REGISTRY__URL": apicurio.url}
    with running_lookalike(OFFERS, "--seed", str(SEED)) as lookalike:
        settings = topics.settings(broker) | told_environment(lookalike) | registry
        with running_service(settings, tmp_path / "log") as service:
            await asyncio.to_thread(produce, broker, topics.requests, apicurio, contents)
            messages = await asyncio.to_thread(consume, broker, topics.results, len(contents))
            assert service.terminate() == 0
    subject = f"{topics.results}-value"
    theirs, ours = apicurio.latest(f"{topics.requests}-value"), apicurio.latest(subject)
    assert ours["schema"] == OURS
    assert ours["id"] != theirs["id"]
    deserialize = JSONDeserializer(None, schema_registry_client=SchemaRegistryClient({"url": apicurio.url}))
    context = SerializationContext(topics.results, MessageField.VALUE)
    with pytest.raises(SerializationError, match="'perhaps' is not one of"):
        deserialize(frame(ours["id"], b'{"requestId": "1", "status": "perhaps"}'), context)
    results: dict[str, dict[str, Any]] = {}
    for one in messages:
        assert split(one.value() or b"")[0] == ours["id"]
        read = deserialize(one.value(), context)  # validated by the schema that it fetched under the id
        assert isinstance(read, dict)
        results[(one.key() or b"").decode()] = read
    assert results.keys() == contents.keys()
    assert {one["status"] for one in results.values()} <= {"matched", "no-match"}
    assert [one for one in results.values() if one["status"] == "matched" and one["offers"]]
    assert [one for one in results.values() if one.get("bundle")], "in the same schema"


@pytest.fixture
def fresh(apicurio: Apicurio) -> Iterator[SchemaRegistrySettings]:
    """Apicurio with nothing under the subject of the topic ``results``."""
    yield SchemaRegistrySettings.model_validate({"url": apicurio.url})
    apicurio.forget(SUBJECT)


def older() -> str:
    """Give our schema as it was before a property was added."""
    schema = json.loads(OURS)
    del schema["properties"]["attempt"]
    return json.dumps(schema)


async def test_a_result_that_grew_is_compatible_forward_alone(
    apicurio: Apicurio, fresh: SchemaRegistrySettings
) -> None:
    apicurio.register(SUBJECT, older()).raise_for_status()
    for strict in ("BACKWARD", "FULL"):
        apicurio.require(SUBJECT, strict)
        told = await what_is_in_the_way(fresh)
        assert "its compatibility forbids it: " in told
        assert f'PUT {{"compatibility": "FORWARD"}} to {apicurio.url}/config/{SUBJECT}' in told
        [found] = [one async for one in registry_findings(fresh, "results")]
        assert found.state is State.FAILED
    apicurio.require(SUBJECT, "FORWARD_TRANSITIVE")
    [found] = [one async for one in registry_findings(fresh, "results")]
    assert (found.state, "the service registers it" in found.found) == (State.OK, True)
    assert await settled(fresh) == apicurio.latest(SUBJECT)["id"]
    assert apicurio.latest(SUBJECT)["schema"] == OURS


async def test_a_schema_that_others_registered_is_found_whatever_its_spaces(
    apicurio: Apicurio, fresh: SchemaRegistrySettings
) -> None:
    asking = fresh.model_copy(update={"auto_register": False})
    assert "has not our schema of results under subject results-value" in await what_is_in_the_way(asking)
    apicurio.register(SUBJECT, older()).raise_for_status()
    assert "has not our schema of results under subject results-value" in await what_is_in_the_way(asking)
    id_ = apicurio.register(SUBJECT, json.dumps(json.loads(OURS))).raise_for_status().json()["id"]
    assert await settled(asking) == id_


async def test_an_address_beside_it_is_told(apicurio: Apicurio) -> None:
    wrong = SchemaRegistrySettings.model_validate({"url": apicurio.url.removesuffix("/apis/ccompat/v7")})
    assert "check RORBRIDGE_SCHEMA_REGISTRY__URL (Apicurio's ends with /apis/ccompat/v7)" in await what_is_in_the_way(
        wrong
    )


def test_two_schemas_of_2020_12_cannot_be_compared_there(apicurio: Apicurio, fresh: SchemaRegistrySettings) -> None:
    """Why ours is registered in the words of draft-07. When this fails, think again."""
    published = result_schema()
    apicurio.register(SUBJECT, json.dumps(published)).raise_for_status()
    apicurio.require(SUBJECT, "FORWARD")
    grown = published | {"properties": published["properties"] | {"more": {"type": "string"}}}
    refused = apicurio.register(SUBJECT, json.dumps(grown))
    assert (refused.status_code, refused.json()["message"]) == (500, "#: could not determine version")
