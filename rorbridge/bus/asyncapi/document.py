"""The AsyncAPI document of the service, from its settings. It holds addresses and names, never a secret."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import rorbridge
from rorbridge.bus.asyncapi import examples, headers, schemas
from rorbridge.bus.connection import CLIENT_ID
from rorbridge.settings import KafkaSettings

Document = dict[str, Any]
"""A part of an AsyncAPI 3.0 document."""

_JSON: Final = "application/json"
_BINDING: Final = {"bindingVersion": "0.5.0"}
_REGISTERED: Final = {"schemaIdLocation": "payload", "schemaIdPayloadEncoding": "confluent"}
"""Results begin with the id of their schema, in the Confluent wire format."""
_SCHEMES: Final[dict[str, Document]] = {
    "plain": {"type": "plain", "description": "SASL/PLAIN: user name and password."},
    "scramSha256": {"type": "scramSha256", "description": "SASL/SCRAM-SHA-256: user name and password."},
    "scramSha512": {"type": "scramSha512", "description": "SASL/SCRAM-SHA-512: user name and password."},
    "clientCertificate": {"type": "X509", "description": "A client certificate (mutual TLS)."},
}
_REQUESTS: Final = ("request", "structuredRequest", "bareRequest")
_OF_MECHANISM: Final = {"PLAIN": "plain", "SCRAM-SHA-256": "scramSha256", "SCRAM-SHA-512": "scramSha512"}

_ABOUT: Final = (
    "Orientation requests on Kafka, answered from the ROR (Répertoire national de l'Offre et des Ressources), France's "
    "directory of health and social-care offers. A care-pathway tool sends a *need*; rorbridge answers with the "
    "*offers* that meet it.",
    "Operations are told from rorbridge's side: it receives requests and sends results and dead letters; a "
    "care-pathway tool does the reverse. Every request that is a CloudEvent or bare JSON gets exactly one result. Its "
    "key passes through, and requests of the same key keep their order.",
)
_DELIVERY: Final = {
    "exactly-once": "Results, dead letters and the group's position are committed in one Kafka transaction: read with "
    "`isolation.level=read_committed`, and each result is there exactly once.",
    "at-least-once": "After a crash a result may be there again, with the same `ce_id`: drop repeats by it.",
}


def document(kafka: KafkaSettings, registry: str | None = None) -> Document:
    """Describe the service that runs with these settings; *registry* is the address of its schema registry."""
    scheme = _scheme(kafka)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:rorbridge",
        "info": {
            "title": "rorbridge",
            "version": rorbridge.__version__,
            "description": "\n\n".join((*_ABOUT, _DELIVERY[kafka.delivery])),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": "ROR"}, {"name": "FHIR"}, {"name": "CloudEvents"}],
        },
        "defaultContentType": _JSON,
        "servers": _servers(kafka, scheme, registry),
        "channels": _channels(kafka),
        "operations": _operations(kafka),
        "components": {
            "messages": _messages(kafka, registry),
            "schemas": schemas.components(),
            "correlationIds": {
                "request": {
                    "location": "$message.header#/ce_id",
                    "description": "Id of the request; its result carries it as `ce_correlationid`.",
                },
                "result": {
                    "location": "$message.header#/ce_correlationid",
                    "description": "Id of the request that this answers.",
                },
            },
            **({"securitySchemes": {scheme: _SCHEMES[scheme]}} if scheme else {}),
        },
    }


def _scheme(kafka: KafkaSettings) -> str | None:
    """Give how clients of these brokers prove who they are; None where they do not."""
    if kafka.security_protocol.startswith("SASL"):
        return _OF_MECHANISM[kafka.sasl_mechanism]
    return "clientCertificate" if kafka.security_protocol == "SSL" and kafka.cert_file else None


def _servers(kafka: KafkaSettings, scheme: str | None, registry: str | None) -> Document:
    is_secure = kafka.security_protocol.endswith("SSL")
    hosts = [host.strip() for host in kafka.bootstrap_servers.split(",") if host.strip()]
    return {
        f"bootstrap{number}": {
            "host": host,
            "protocol": "kafka-secure" if is_secure else "kafka",
            "description": f"A broker to start from; `security.protocol={kafka.security_protocol}`.",
            **({"security": [_ref("components", "securitySchemes", scheme)]} if scheme else {}),
            **({"bindings": {"kafka": {"schemaRegistryUrl": registry, **_BINDING}}} if registry else {}),
        }
        for number, host in enumerate(hosts, start=1)
    }


def _channels(kafka: KafkaSettings) -> Document:
    return {
        "requests": _channel(
            kafka.requests_topic, "Requests", "Orientation requests, in any of three forms.", *_REQUESTS
        ),
        "results": _channel(kafka.results_topic, "Results", "The one result of each request.", "result"),
        "deadLetters": _channel(
            kafka.dead_letter_topic,
            "Dead letters",
            "What was no event, and requests that were rejected or failed, so that an operator can replay them.",
            "deadLetter",
        ),
    }


def _channel(topic: str, title: str, description: str, *messages: str) -> Document:
    return {
        "address": topic,
        "title": title,
        "description": description,
        "messages": {one: _ref("components", "messages", one) for one in messages},
        "bindings": {"kafka": {"topic": topic, **_BINDING}},
    }


def _operations(kafka: KafkaSettings) -> Document:
    client = {"clientId": {"type": "string", "const": CLIENT_ID}, **_BINDING}
    group = {"groupId": {"type": "string", "const": kafka.group_id}}
    delivery = {"description": _DELIVERY[kafka.delivery], "x-delivery": kafka.delivery}
    result = [_ref("channels", "results", "messages", "result")]
    return {
        "receiveRequest": {
            "action": "receive",
            "title": "Receive a request",
            "summary": "Takes requests of any of the three forms; what is none of them becomes a dead letter.",
            "channel": _ref("channels", "requests"),
            "messages": [_ref("channels", "requests", "messages", one) for one in _REQUESTS],
            "reply": {"channel": _ref("channels", "results"), "messages": result},
            "bindings": {"kafka": group | client},
        },
        "sendResult": {
            "action": "send",
            "title": "Send a result",
            "summary": "Sends the result of each request, with the request's key.",
            **delivery,
            "channel": _ref("channels", "results"),
            "messages": result,
            "bindings": {"kafka": client},
        },
        "sendDeadLetter": {
            "action": "send",
            "title": "Send a dead letter",
            "summary": "Keeps what was no event, was rejected or failed.",
            **delivery,
            "channel": _ref("channels", "deadLetters"),
            "messages": [_ref("channels", "deadLetters", "messages", "deadLetter")],
            "bindings": {"kafka": client},
        },
    }


def _messages(kafka: KafkaSettings, registry: str | None) -> Document:
    request = _ref("components", "schemas", "OrientationRequest")
    return {
        "request": _message(
            "Orientation request",
            "A request as CloudEvent in binary mode: attributes in the headers, the request in the value. This and the "
            "other two forms are read in the Confluent wire format, too.",
            headers.REQUEST,
            request,
            examples.requests(),
            correlation="request",
        ),
        "structuredRequest": _message(
            "Orientation request, structured",
            "A request as CloudEvent in structured mode: the value is the event, the request its `data`.",
            headers.STRUCTURED,
            _ref("components", "schemas", "StructuredRequest"),
            examples.structured(),
            content_type="application/cloudevents+json",
        ),
        "bareRequest": _message(
            "Orientation request, bare",
            "A request without an envelope. Its id is its place, `topic/partition/offset`, which its result has as "
            "`ce_correlationid`: the sender learns it from the broker's acknowledgement.",
            headers.BARE,
            request,
            examples.bare(),
        ),
        "result": _message(
            "Orientation result",
            "The one answer to a request, as CloudEvent in binary mode.",
            headers.RESULT,
            _ref("components", "schemas", "OrientationResult"),
            examples.results(),
            correlation="result",
            binding=_REGISTERED if registry else {},
        ),
        "deadLetter": _message(
            "Dead letter",
            "The original record, bytes and headers, and headers that tell where it came from and why it is here.",
            headers.DEAD_LETTER,
            {"description": "The bytes of the original record, cut where they would not fit with the headers."},
            examples.dead_letters(kafka),
            correlation="request",
            content_type="application/octet-stream",
        ),
    }


def _message(
    title: str,
    summary: str,
    head: Document,
    payload: Document,
    shown: list[Document],
    *,
    correlation: str | None = None,
    content_type: str = _JSON,
    binding: Mapping[str, str] = MappingProxyType({}),
) -> Document:
    key = {"type": "string", "description": "Any bytes or none; the same on request, result and dead letter."}
    return {
        "title": title,
        "summary": summary,
        "contentType": content_type,
        **({"correlationId": _ref("components", "correlationIds", correlation)} if correlation else {}),
        "headers": head,
        "payload": payload,
        "bindings": {"kafka": {"key": key, **binding, **_BINDING}},
        "examples": shown,
    }


def _ref(*path: str) -> Document:
    return {"$ref": "#/" + "/".join(path)}
