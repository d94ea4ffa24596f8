"""``/asyncapi``: the contract of the running app, as JSON or YAML by what is asked for.

There is no view for a browser: those at hand load their scripts from elsewhere, which this service makes nobody do.
"""

import asyncio
import json
from functools import cache
from typing import Final

import yaml
from faststream.asgi import AsgiResponse, get
from faststream.asgi.types import ASGIApp, Scope

from rorbridge.bus.asyncapi.document import document
from rorbridge.settings import KafkaSettings

_TYPES: Final = (
    "application/json",
    "application/vnd.aai.asyncapi+json",
    "application/yaml",
    "application/vnd.aai.asyncapi+yaml",
)
"""Media types on offer, the first for who does not mind: JSON is YAML as well, so any tool of AsyncAPI reads it."""


class _Dumper(yaml.SafeDumper):
    """Writes what is there twice twice, in place of anchors, and paragraphs as such."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the interface of PyYAML
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def to_json(kafka: KafkaSettings, registry: str | None = None) -> bytes:
    """Give the contract of a service with these settings as JSON."""
    return json.dumps(document(kafka, registry), ensure_ascii=False, indent=2).encode() + b"\n"


def to_yaml(kafka: KafkaSettings, registry: str | None = None) -> bytes:
    """Give the same as YAML."""
    text: str = yaml.dump(document(kafka, registry), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text.encode()


def endpoint(kafka: KafkaSettings, registry: str | None = None) -> ASGIApp:
    """Give the endpoint that shows the contract of a service with these settings and this schema registry."""

    @cache
    def body(is_yaml: bool) -> bytes:
        return to_yaml(kafka, registry) if is_yaml else to_json(kafka, registry)

    @get
    async def asyncapi(scope: Scope) -> AsgiResponse:
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
        media_type = preferred(accept)
        content = await asyncio.to_thread(body, media_type.endswith("yaml"))  # takes longer than others want to wait
        return AsgiResponse(content, status_code=200, headers={"content-type": media_type, "vary": "accept"})

    return asyncapi


def preferred(accept: str) -> str:
    """Choose a media type by an Accept header (RFC 9110 12.5.1); the first on offer where it names none of them.

    Of equally welcome ones, what is named wins over what a wildcard lets in.
    """
    ranges = [_weighed(one) for one in accept.split(",")]

    def welcome(offered: str) -> tuple[float, int]:
        """Give the weight of the range that is the most specific about *offered*, and how specific that is."""
        patterns = (offered, offered.split("/", maxsplit=1)[0] + "/*", "*/*")
        for specific, pattern in zip((2, 1, 0), patterns, strict=True):
            if weights := [weight for name, weight in ranges if name == pattern]:
                return max(weights), specific if max(weights) else 0
        return 0.0, 0

    return max(_TYPES, key=welcome)


def _weighed(media_range: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in media_range.split(";"))
    weight = next((one.removeprefix("q=") for one in parameters if one.startswith("q=")), "1")
    try:
        return name, float(weight)
    except ValueError:
        return name, 0.0
