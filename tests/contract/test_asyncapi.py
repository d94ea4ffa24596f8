"""The AsyncAPI document is a valid one, tells the truth about the running app, and its examples keep it."""

import asyncio
import json
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from aiokafka import ConsumerRecord
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from rorbridge.bus.answer import Answerer
from rorbridge.bus.asyncapi.document import document
from rorbridge.bus.asyncapi.endpoint import preferred, to_json, to_yaml
from rorbridge.bus.deadletter import dead_letter
from rorbridge.events import envelope
from rorbridge.events.problem import parse_request
from rorbridge.events.result import RESULT_TYPE, Status
from rorbridge.events.schemas import request_schema, result_schema
from rorbridge.lookalike.server import ServerAddress
from rorbridge.orientation.directory import Directory
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver
from rorbridge.ror.nomenclature import Nos
from rorbridge.settings import KafkaSettings
from tests.support.node import Checked, validate
from tests.support.processes import free_port, running_service
from tests.support.ror import ror_environment

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PASSWORD = "a password that nobody may see"
LATEST = "asyncapi-latest-version"
"""The parser's remark that 3.1.0 is there: most tools read 3.0.0 so far."""


def kafka(**changes: object) -> KafkaSettings:
    return KafkaSettings.model_validate({"bootstrap_servers": "one:9092,two:9093", **changes})


def sasl(mechanism: str, protocol: str = "SASL_SSL") -> KafkaSettings:
    who = {"sasl_username": "who-we-are", "sasl_password": PASSWORD}
    return kafka(security_protocol=protocol, sasl_mechanism=mechanism, **who)


SETTINGS = {
    "plain": kafka(),
    "at least once, under other names": kafka(
        delivery="at-least-once", group_id="ours", requests_topic="in", results_topic="out", dead_letter_topic="dead"
    ),
    "TLS": kafka(security_protocol="SSL"),
    "mutual TLS": kafka(security_protocol="SSL", cert_file=Path("a.pem"), key_file=Path("b.pem")),
    "SASL/PLAIN": sasl("PLAIN"),
    "SCRAM-SHA-256": sasl("SCRAM-SHA-256"),
    "SCRAM-SHA-512 in the clear": sasl("SCRAM-SHA-512", "SASL_PLAINTEXT"),
}


REGISTRY = "https://registry.example/apis/ccompat/v7"


def without(path: str) -> Callable[[dict[str, Any]], None]:
    """Take out what is at *path*."""

    def change(content: dict[str, Any]) -> None:
        *way, last = path.split("/")
        for step in way:
            content = content[step]
        del content[last]

    return change


def put(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Put *value* at *path*."""

    def change(content: dict[str, Any]) -> None:
        *way, last = path.split("/")
        for step in way:
            content = content[step]
        content[last] = value

    return change


BREAKS = {
    "no title": without("info/title"),
    "an unknown action": put("operations/receiveRequest/action", "take"),
    "a server without a protocol": without("servers/bootstrap1/protocol"),
    "an unknown field": put("channels/requests/adress", "typo"),
    "a message that is not there": without("components/messages/result"),
    "a correlation id nowhere": put("components/correlationIds/result/location", "in the headers"),
    "a binding of no version": put("channels/results/bindings/kafka/bindingVersion", "9"),
    "a schema of no type": put("components/schemas/OrientationResult/type", "thing"),
    "an operation on another channel's message": put(
        "operations/sendResult/messages", [{"$ref": "#/channels/requests/messages/request"}]
    ),
}


def small(settings: KafkaSettings, registry: str | None = None) -> dict[str, Any]:
    """Give a document with schemas that are read in no time."""
    content = document(settings, registry)
    content["components"]["schemas"] = {name: {"type": "object"} for name in content["components"]["schemas"]}
    for message in content["components"]["messages"].values():
        del message["examples"]
    return content


def broken(how: Callable[[dict[str, Any]], None]) -> str:
    content: dict[str, Any] = json.loads(json.dumps(small(kafka())))  # nothing in it is there twice
    how(content)
    return json.dumps(content)


def test_the_asyncapi_parser_understands_the_document_and_refuses_a_broken_one() -> None:
    others = ("at least once, under other names", "mutual TLS", "SASL/PLAIN", "SCRAM-SHA-256")
    right = [to_yaml(kafka()).decode(), *(json.dumps(small(SETTINGS[name])) for name in others)]
    right.append(json.dumps(small(kafka(), REGISTRY)))
    told = validate(right + [broken(how) for how in BREAKS.values()], [])["documents"]
    for one in told[: len(right)]:
        assert one["isUnderstood"]
        assert [diagnostic for diagnostic in one["diagnostics"] if diagnostic["code"] != LATEST] == []
        actions = {"receiveRequest": "receive", "sendResult": "send", "sendDeadLetter": "send"}
        assert dict(one["operations"]) == actions
    for name, one in zip(BREAKS, told[len(right) :], strict=True):
        errors = [diagnostic for diagnostic in one["diagnostics"] if diagnostic["severity"] == 0]
        assert errors, f"not refused: {name}"
        assert not one["isUnderstood"], name


def test_ajv_in_strict_mode_takes_the_schemas_with_their_examples_and_refuses_what_does_not_keep_them() -> None:
    request, result = request_schema(), result_schema()
    requests, results = request["examples"], result["examples"]
    told = validate(
        [],
        [
            Checked(request, requests, [{}, {**requests[0], "patient": "x"}, {**requests[0], "deadline": "soon"}]),
            Checked(result, [*results, {**results[0], "new": 1}], [{}, {**results[0], "status": "perhaps"}]),
        ],
    )["schemas"]
    assert told == [{"refused": [], "accepted": []}, {"refused": [], "accepted": []}]


@pytest.fixture(params=list(SETTINGS.values()), ids=list(SETTINGS))
def settings(request: pytest.FixtureRequest) -> KafkaSettings:
    found: KafkaSettings = request.param
    return found


def validator(content: dict[str, Any], *path: str) -> Draft7Validator:
    """Give a validator of the schema at *path* of a document."""
    registry = Registry().with_resource("urn:document", DRAFT7.create_resource(content))
    return Draft7Validator({"$ref": "urn:document#/" + "/".join(path)}, registry=registry)


def keeps(content: dict[str, Any], message: str, example: dict[str, Any]) -> bool:
    """Tell whether an example is one of *message*."""
    head, payload = (validator(content, "components", "messages", message, part) for part in ("headers", "payload"))
    return bool(head.is_valid(example.get("headers", {})) and payload.is_valid(example["payload"]))


def test_every_example_keeps_the_headers_and_the_payload_of_its_message_and_of_no_other(
    settings: KafkaSettings,
) -> None:
    content = document(settings)
    for channel in content["channels"].values():
        for name in channel["messages"]:
            examples = content["components"]["messages"][name]["examples"]
            assert examples
            for example in examples:
                assert [one for one in channel["messages"] if keeps(content, one, example)] == [name]


def test_an_example_that_breaks_its_message_would_be_seen() -> None:
    content = document(kafka())
    [example, *_] = content["components"]["messages"]["result"]["examples"]
    assert keeps(content, "result", example)
    for header in content["components"]["messages"]["result"]["headers"]["required"]:
        lacking = {name: value for name, value in example["headers"].items() if name != header}
        assert not keeps(content, "result", {**example, "headers": lacking}), header
    assert not keeps(content, "result", {**example, "payload": {**example["payload"], "status": "perhaps"}})


def test_there_is_an_example_of_every_status_and_of_every_kind_of_dead_letter() -> None:
    messages = document(kafka())["components"]["messages"]
    assert {one["payload"]["status"] for one in messages["result"]["examples"]} == set(Status)
    statuses = {one["headers"]["rorbridge-status"] for one in messages["deadLetter"]["examples"]}
    assert statuses == set(messages["deadLetter"]["headers"]["properties"]["rorbridge-status"]["enum"])


@pytest.mark.parametrize("message", ["request", "structuredRequest", "bareRequest"])
def test_the_service_reads_every_example_of_a_request(message: str) -> None:
    for example in document(kafka())["components"]["messages"][message]["examples"]:
        headers = [(name, value.encode()) for name, value in example.get("headers", {}).items()]
        event = envelope.read(json.dumps(example["payload"]).encode(), headers, "in/0/7")
        ids = {"request": dict(headers).get("ce_id", b"").decode(), "bareRequest": "in/0/7"}
        assert event.id == ids.get(message, example["payload"].get("id"))
        assert parse_request(event.data)


@pytest.mark.parametrize("subject", [None, "a-subject"])
@pytest.mark.parametrize("traceparent", [None, TRACE])
@pytest.mark.parametrize("tracestate", [None, "vendor=1"])
@pytest.mark.parametrize("attempt", [1, 3])
def test_every_header_that_is_written_is_described(
    subject: str | None, traceparent: str | None, tracestate: str | None, attempt: int
) -> None:
    event = envelope.RequestEvent("a", "urn:tool", "t", subject, traceparent, b"{}", tracestate, attempt)
    result = envelope.write(type_=RESULT_TYPE, request=event, time=NOW)
    request = envelope.request_headers(id_="a", source="urn:tool", time=NOW, traceparent=traceparent)
    replayed = envelope.again(envelope.read(b"{}", request, ""), NOW)
    record = a_record(b"{}", request)
    cut = dead_letter("dead", record, "ours", error="e", message="m", reason="failed")
    assert cut.smaller is not None
    letters = [one.headers for one in (cut, *cut.smaller(0))]
    content = document(kafka())
    for message, headers in [
        ("result", result),
        ("request", request),
        ("request", replayed),
        *(("deadLetter", one) for one in letters),
    ]:
        schema = content["components"]["messages"][message]["headers"]
        passed_on = {name for name, _ in request} if message == "deadLetter" else set()
        assert {name for name, _ in headers} <= set(schema["properties"]) | passed_on
        read = {name: number(value) if value[:1] == b"\0" else value.decode() for name, value in headers}
        validator(content, "components", "messages", message, "headers").validate(read)


def test_the_parent_in_a_result_is_not_said_to_be_that_of_the_request() -> None:
    messages = document(kafka())["components"]["messages"]
    for name in ("traceparent", "ce_traceparent"):
        asked, told = (messages[one]["headers"]["properties"][name] for one in ("request", "result"))
        assert "its span of sending" in told["description"]
        assert "passes through" not in asked["description"]
        assert told | {"description": ""} == asked | {"description": ""}, "the same but for what it says"


def number(raw: bytes) -> int:
    return int.from_bytes(raw, "big", signed=True)


def a_record(value: bytes, headers: envelope.Headers, topic: str = "in") -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord(topic, 0, 41, 1_795_507_200_000, 0, None, value, None, 0, 0, headers)


class Nobody:
    """A directory that nobody asks."""

    async def check(self) -> None:
        raise AssertionError

    async def search(self, question: object, gate: object = None) -> Any:
        raise AssertionError


async def test_the_example_dead_letters_are_those_that_the_service_writes() -> None:
    settings = kafka(requests_topic="in", group_id="ours")
    examples = document(settings)["components"]["messages"]["deadLetter"]["examples"]
    directory: Directory = Nobody()
    answerer = Answerer(Resolver(directory, Nos(), Audience(), 0), settings)
    checked = 0
    for example in examples:
        shown = example["headers"]
        if shown["rorbridge-status"] == "failed":
            continue  # the directory would have to fail in the same words; the answered example comes from one that did
        own = [(name, value.encode()) for name, value in shown.items() if name.startswith(("ce_", "content-", "trace"))]
        payload = example["payload"]
        value = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
        *_, letter = await answerer.answer(a_record(value, own), lambda waits: None)
        encoded = {name: encode(name, value) for name, value in shown.items()}
        assert dict(letter.headers) == encoded
        checked += 1
    assert checked == 2


def encode(name: str, value: str | int) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return struct.pack(">i" if name.endswith("partition") else ">q", value)


def test_servers_topics_group_and_delivery_are_those_of_the_settings() -> None:
    names = {"requests_topic": "in", "results_topic": "out", "dead_letter_topic": "dead"}
    content = document(kafka(group_id="ours", delivery="at-least-once", **names))
    assert [one["host"] for one in content["servers"].values()] == ["one:9092", "two:9093"]
    assert [one["address"] for one in content["channels"].values()] == ["in", "out", "dead"]
    assert [one["bindings"]["kafka"]["topic"] for one in content["channels"].values()] == ["in", "out", "dead"]
    assert content["operations"]["receiveRequest"]["bindings"]["kafka"]["groupId"]["const"] == "ours"
    assert content["operations"]["sendResult"]["x-delivery"] == "at-least-once"
    assert "same `ce_id`" in content["info"]["description"]
    letters = content["components"]["messages"]["deadLetter"]["examples"]
    told = {
        (one["headers"]["kafka_dlt-original-topic"], one["headers"]["kafka_dlt-original-consumer-group"])
        for one in letters
    }
    assert told == {("in", "ours")}


@pytest.mark.parametrize(
    ("name", "protocol", "scheme"),
    [
        ("plain", "kafka", None),
        ("TLS", "kafka-secure", None),
        ("mutual TLS", "kafka-secure", "X509"),
        ("SASL/PLAIN", "kafka-secure", "plain"),
        ("SCRAM-SHA-256", "kafka-secure", "scramSha256"),
        ("SCRAM-SHA-512 in the clear", "kafka", "scramSha512"),
    ],
)
def test_the_servers_say_how_to_prove_who_one_is_and_no_secret(name: str, protocol: str, scheme: str | None) -> None:
    content = document(SETTINGS[name])
    schemes = content["components"].get("securitySchemes", {})
    assert [one["type"] for one in schemes.values()] == ([scheme] if scheme else [])
    for server in content["servers"].values():
        assert server["protocol"] == protocol
        wanted = [{"$ref": f"#/components/securitySchemes/{key}"} for key in schemes]
        assert server.get("security", []) == wanted
    text = to_yaml(SETTINGS[name]).decode()
    assert PASSWORD not in text
    assert "who-we-are" not in text


@pytest.mark.parametrize("registry", [None, REGISTRY])
def test_both_forms_say_the_same(registry: str | None) -> None:
    content = document(kafka(), registry)
    assert json.loads(to_json(kafka(), registry)) == yaml.safe_load(to_yaml(kafka(), registry)) == content


def test_with_a_schema_registry_the_servers_name_it_and_results_begin_with_a_schema_id() -> None:
    content = document(kafka(), REGISTRY)
    for server in content["servers"].values():
        assert server["bindings"]["kafka"]["schemaRegistryUrl"] == REGISTRY
    bindings = {name: one["bindings"]["kafka"] for name, one in content["components"]["messages"].items()}
    assert [name for name, one in bindings.items() if one.get("schemaIdPayloadEncoding") == "confluent"] == ["result"]


JSON, YAML = "application/json", "application/yaml"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("application/yaml", YAML),
        ("Application/YAML", YAML),
        ("application/yaml, */*", YAML),
        ("application/json;q=0.5, application/yaml", YAML),
        ("application/json, application/yaml;q=0.5", JSON),
        ("application/json;q=0, */*", "application/vnd.aai.asyncapi+json"),
        ("application/vnd.aai.asyncapi+yaml;version=3.0.0", "application/vnd.aai.asyncapi+yaml"),
        ("application/*", JSON),
        ("image/png", JSON),
        ("application/yaml;q=much", JSON),
        (";;,,q=1", JSON),
    ],
)
def test_the_form_is_what_was_asked_for(accept: str, chosen: str) -> None:
    assert preferred(accept) == chosen


async def test_the_running_service_shows_its_own_contract(tmp_path: Path) -> None:
    """It needs no Kafka for that: what is shown is what it is set to."""
    nowhere = f"127.0.0.1:{free_port()}"
    settings = {
        "RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": nowhere,
        "RORBRIDGE_KAFKA__GROUP_ID": "regulation",
        "RORBRIDGE_KAFKA__REQUESTS_TOPIC": "samu44.demandes",
        "RORBRIDGE_KAFKA__RESULTS_TOPIC": "samu44.reponses",
        "RORBRIDGE_KAFKA__DEAD_LETTER_TOPIC": "samu44.demandes.rebut",
        "RORBRIDGE_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "RORBRIDGE_KAFKA__SASL_MECHANISM": "SCRAM-SHA-512",
        "RORBRIDGE_KAFKA__SASL_USERNAME": "who-we-are",
        "RORBRIDGE_KAFKA__SASL_PASSWORD": PASSWORD,
    }
    ror = ror_environment(ServerAddress("http://127.0.0.1:1/ws", "http://127.0.0.1:1/token"))
    with running_service(settings | ror, tmp_path / "log") as service:
        async with httpx.AsyncClient(base_url=service.url) as http:
            await alive(http)
            usual, as_yaml = await http.get("/asyncapi"), await http.get("/asyncapi", headers={"Accept": YAML})
            head, changed = await http.head("/asyncapi"), await http.post("/asyncapi")
    assert (usual.status_code, usual.headers["content-type"], usual.headers["vary"]) == (200, JSON, "accept")
    assert as_yaml.headers["content-type"] == YAML
    assert usual.json() == yaml.safe_load(as_yaml.text)
    assert [one["address"] for one in usual.json()["channels"].values()] == [
        "samu44.demandes",
        "samu44.reponses",
        "samu44.demandes.rebut",
    ]
    assert usual.json()["servers"]["bootstrap1"]["host"] == nowhere
    assert usual.json()["components"]["securitySchemes"] == {
        "scramSha512": {"type": "scramSha512", "description": "SASL/SCRAM-SHA-512: user name and password."}
    }
    assert usual.json()["operations"]["receiveRequest"]["bindings"]["kafka"]["groupId"]["const"] == "regulation"
    assert head.status_code == 200
    assert changed.status_code == 405
    for canary in (PASSWORD, "who-we-are"):
        assert canary not in usual.text + as_yaml.text


async def alive(http: httpx.AsyncClient) -> None:
    """Wait until the service answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                await http.get("/livez")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
