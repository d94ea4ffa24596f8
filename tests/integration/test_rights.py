"""A Kafka that looks at our rights: those of docs/reliability.md are enough, and one that is missing is named."""

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it exports them without saying so
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from rorbridge.bus.localbroker import ApacheKafka
from rorbridge.bus.preflight import findings
from rorbridge.bus.topics import limits
from rorbridge.settings import KafkaSettings
from rorbridge.telemetry.finding import Finding, State
from tests.support.fhir import EMPTY
from tests.support.http import scripted_ror
from tests.support.kafka import Broker, Topics, new_topics, publish, read
from tests.support.processes import free_port, running_service
from tests.support.requests import valid
from tests.support.ror import ror_environment
from tests.support.tls import Authority

pytestmark = pytest.mark.real_kafka

PASSWORD = "correct horse"

Right = tuple[ResourceType, str, ResourcePatternType, AclOperation]


class GuardedKafka(ApacheKafka):
    """One with a second listener, on which clients have a password and rights; on the first all is allowed."""

    def __init__(self, authority: Authority) -> None:
        super().__init__()
        self._identity = authority.issue("kafka", client=False)
        self.guarded_port = free_port()

    def _server_properties(self) -> str:
        certificate, key = self._identity.write_pem(self.folder)
        store = self.folder / "kafka.pem"
        store.write_bytes(key.read_bytes() + certificate.read_bytes())
        lines = []
        for line in super()._server_properties().splitlines():
            guarded = line.startswith(("listeners=", "advertised.listeners="))
            lines.append(f"{line},GUARDED://127.0.0.1:{self.guarded_port}" if guarded else line)
        login = "org.apache.kafka.common.security.plain.PlainLoginModule"
        lines += [
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,GUARDED:SASL_SSL",
            f'listener.name.guarded.plain.sasl.jaas.config={login} required user_bridge="{PASSWORD}";',
            "sasl.enabled.mechanisms=PLAIN",
            "ssl.keystore.type=PEM",
            f"ssl.keystore.location={store}",
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users=User:ANONYMOUS",
        ]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Guarded:
    """The broker as it is for those that may do all, and how the bridge gets to it."""

    open: Broker
    ours: dict[str, Any]

    def settings(self, topics: Topics, **changed: Any) -> KafkaSettings:
        return topics.kafka(self.open).model_copy(update=self.ours | changed)

    def grant(self, *rights: Right) -> None:
        allowed = [
            AclBinding(kind, name, pattern, "User:bridge", "*", operation, AclPermissionType.ALLOW)
            for kind, name, pattern, operation in rights
        ]
        admin = AdminClient({"bootstrap.servers": self.open.bootstrap_servers})
        for done in admin.create_acls(allowed).values():
            done.result()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    if "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
        pytest.skip("the tests run on a given cluster; no local broker is wanted")
    authority = Authority("kafka-ca")
    with GuardedKafka(authority) as kafka:
        ours = {
            "bootstrap_servers": f"127.0.0.1:{kafka.guarded_port}",
            "security_protocol": "SASL_SSL",
            "sasl_username": "bridge",
            "sasl_password": SecretStr(PASSWORD),
            "ca_file": authority.write(tmp_path_factory.mktemp("kafka-ca")),
        }
        yield Guarded(Broker(kafka.bootstrap_servers, is_real=True), ours)


@pytest.fixture
async def own(guarded: Guarded) -> Topics:
    return await new_topics(guarded.open)


def on_topic(name: str, operation: AclOperation) -> Right:
    return ResourceType.TOPIC, name, ResourcePatternType.LITERAL, operation


def rights(topics: Topics) -> dict[str, Right]:
    """Give the rights of docs/reliability.md, but those to see what a topic takes."""
    return {
        "requests": on_topic(topics.requests, AclOperation.READ),
        "group": (ResourceType.GROUP, topics.group, ResourcePatternType.LITERAL, AclOperation.READ),
        "results": on_topic(topics.results, AclOperation.WRITE),
        "dead letters": on_topic(topics.dead_letters, AclOperation.WRITE),
        "transactions": (
            ResourceType.TRANSACTIONAL_ID,
            f"{topics.group}.",
            ResourcePatternType.PREFIXED,
            AclOperation.WRITE,
        ),
    }


async def steps(settings: KafkaSettings, create_partitions: int | None = None) -> dict[str, Finding]:
    return {one.step: one async for one in findings(settings, create_partitions)}


async def nothing(request: Request) -> Response:
    return Response(EMPTY, media_type="application/fhir+json")


async def test_the_rights_that_the_page_lists_are_enough(guarded: Guarded, own: Topics, tmp_path: Path) -> None:
    guarded.grant(*rights(own).values())
    settings = guarded.settings(own)
    assert {name: one.state for name, one in (await steps(settings)).items()} == {
        "kafka": State.OK,
        "topics": State.OK,
        "read rights": State.OK,
        "write rights": State.OK,
    }
    assert await limits(settings) == {}, "what a topic takes may not be asked, and Kafka's default is assumed"
    async with scripted_ror(nothing) as ror:
        environment = own.settings(guarded.open) | ror_environment(ror)
        environment |= {f"RORBRIDGE_KAFKA__{name.upper()}": str(value) for name, value in guarded.ours.items()}
        environment["RORBRIDGE_KAFKA__SASL_PASSWORD"] = PASSWORD
        with running_service(environment, tmp_path / "log") as service:
            await service.ready()
            await publish(guarded.open, own.requests, valid(5, seed=1))
            await read(guarded.open, [own.results], until=lambda found: len(found) >= 5)
            assert await asyncio.to_thread(service.terminate) == 0
    told = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if "topic-limits-unknown" in line]
    assert {one["topic"]: one["error"] for one in told} == dict.fromkeys(
        (own.results, own.dead_letters), "TopicAuthorizationFailedError"
    )
    guarded.grant(
        on_topic(own.results, AclOperation.DESCRIBE_CONFIGS), on_topic(own.dead_letters, AclOperation.DESCRIBE_CONFIGS)
    )
    assert await limits(settings) == {own.results: 1_048_588, own.dead_letters: 1_048_588}


@pytest.mark.parametrize(
    ("missing", "step", "says"),
    [
        ("requests", "read rights", "no Read on topic {requests}"),
        ("group", "read rights", "no Read on group {group}"),
        ("results", "write rights", "no Write on topic: [Error 29] TopicAuthorizationFailedError: {results}"),
        ("dead letters", "write rights", "no Write on topic: [Error 29] TopicAuthorizationFailedError: {dead_letters}"),
        ("transactions", "write rights", "no right on the transactional ids"),
    ],
)
async def test_a_right_that_is_missing_is_named(
    missing: str, step: str, says: str, guarded: Guarded, own: Topics
) -> None:
    granted = rights(own)
    del granted[missing]
    seen = [on_topic(one, AclOperation.DESCRIBE) for one in (own.requests, own.results, own.dead_letters)]
    guarded.grant(*granted.values(), *seen)
    found = await steps(guarded.settings(own))
    told = says.format(requests=own.requests, group=own.group, results=own.results, dead_letters=own.dead_letters)
    assert found[step].state is State.FAILED
    assert told in found[step].found
    assert found[step].mend
    assert [name for name, one in found.items() if one.state is State.FAILED] == [step]


async def test_topics_that_we_may_not_create_are_said_with_whom_to_ask(guarded: Guarded, own: Topics) -> None:
    guarded.grant(*rights(own).values())
    found = await steps(guarded.settings(own, results_topic=f"{own.results}-new"), create_partitions=3)
    assert found["topics"].state is State.FAILED
    assert f"{own.results}-new could not be created: TopicAuthorizationFailedError" in found["topics"].found
    assert "grant Create" in (found["topics"].mend or "")
    assert found["write rights"].state is State.SKIPPED


async def test_a_wrong_password_is_a_step_that_failed_and_is_not_shown(guarded: Guarded, own: Topics) -> None:
    found = await steps(guarded.settings(own, sasl_password=SecretStr("battery staple")))
    assert found["kafka"].state is State.FAILED
    assert "battery staple" not in found["kafka"].found
    assert "credentials" in (found["kafka"].mend or "")


async def test_a_broker_whose_certificate_we_do_not_know_gets_no_password(
    guarded: Guarded, own: Topics, tmp_path: Path
) -> None:
    found = await steps(guarded.settings(own, ca_file=Authority("another").write(tmp_path)))
    assert found["kafka"].state is State.FAILED
