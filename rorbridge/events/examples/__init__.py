"""Example requests, each from a search scenario that the ANS documents for the ROR, and one of each status answered.

Others use:

- ``examples``, ``Example``: the requests.
- ``answered``, ``Answered``: requests with their results.

It must not know the contract's types: it gives JSON, which the tests hold against them.
"""

import json
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """An example request."""

    name: str
    """File name without its ending, such as ``05-near-a-point``."""
    data: bytes
    """The request's JSON."""

    @property
    def title(self) -> str:
        """What it shows, in words."""
        return self.name.split("-", 1)[1].replace("-", " ")


@dataclass(frozen=True, slots=True)
class Answered:
    """An example request, not always a valid one, and its result as rorbridge gave it."""

    status: str
    data: bytes
    """Both as JSON."""

    @property
    def request(self) -> Any:
        """The request's data."""
        return json.loads(self.data)["request"]

    @property
    def result(self) -> Any:
        """The result's data."""
        return json.loads(self.data)["result"]


def examples() -> list[Example]:
    """Give the example requests in their order."""
    return [Example(name, data) for name, data in _files(resources.files(__package__))]


def answered() -> list[Answered]:
    """Give an answered request of each status."""
    return [Answered(name, data) for name, data in _files(resources.files(__package__) / "answered")]


def _files(folder: Traversable) -> list[tuple[str, bytes]]:
    files = (file for file in folder.iterdir() if file.name.endswith(".json"))
    return [(file.name.removesuffix(".json"), file.read_bytes()) for file in sorted(files, key=lambda file: file.name)]
