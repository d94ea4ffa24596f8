"""The two pages of the contract say what the code does: JSON, headers, statuses and problems are its own."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rorbridge.bus.asyncapi.document import document
from rorbridge.events.envelope import read
from rorbridge.events.examples import answered
from rorbridge.events.problem import parse_request
from rorbridge.events.result import Status
from rorbridge.events.schemas import result_schema
from rorbridge.settings import KafkaSettings

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("contract.md", "contrat.md")}
MESSAGES = document(KafkaSettings(bootstrap_servers="localhost:9092"))["components"]["messages"]
RESULTS = {one.status: one.result for one in answered()}


@dataclass(frozen=True)
class Block:
    """A block of JSON or of headers, and what its page says that it is."""

    is_what: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    for told, language, text in re.findall(
        r"(?:<!-- ([^\n]+) -->\n)?```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL
    ):
        if language in {"json", "text"}:
            yield Block(told, text)


BLOCKS = [(name, block) for name, page in PAGES.items() for block in blocks(page)]


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[f"{name}: {block.is_what}" for name, block in BLOCKS])
def test_a_block_is_what_the_page_says_that_it_is(page: str, block: Block) -> None:
    match block.is_what.split():
        case ["json:", "request"]:
            assert parse_request(block.text.encode())
        case ["json:", "structured"]:
            content_type = [("content-type", b"application/cloudevents+json")]
            for headers in (content_type, []):
                assert parse_request(read(block.text.encode(), headers, "").data)
        case ["json:", "result", status, *pointer]:
            told: Any = RESULTS[status]
            Draft202012Validator(result_schema()).validate(told)
            for step in "".join(pointer).split("/")[1:]:
                told = told[int(step)] if isinstance(told, list) else told[step]
            assert json.loads(block.text) == told
        case ["headers:", message, example]:
            [expected] = [one["headers"] for one in MESSAGES[message]["examples"] if one["name"] == example]
            assert dict(line.split(": ", 1) for line in block.text.splitlines()) == expected
        case _:
            pytest.fail(f"{page} does not say what this is: {block.text}")


def test_both_languages_show_the_same() -> None:
    english, french = (list(blocks(page)) for page in PAGES.values())
    assert english == french
    assert len(english) >= 7


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_every_header_status_problem_and_setting_of_the_contract(page: str) -> None:
    named = set(re.findall(r"`([^`\n]+)`", PAGES[page]))
    headers = {name for one in MESSAGES.values() for name in one["headers"]["properties"]}
    assert headers <= named
    assert set(Status) <= named
    assert problems() <= named
    defaults = KafkaSettings(bootstrap_servers="-")
    assert {defaults.requests_topic, defaults.results_topic, defaults.dead_letter_topic} <= named


def problems() -> set[str]:
    """Give the kinds of problem that the code knows."""
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "rorbridge").rglob("*.py"))
    found = set(re.findall(r'(?:problem\(\s*|_URN \+ )"([a-z-]+)"', sources))
    assert len(found) >= 10
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    links = [one.split("#")[0] for one in re.findall(r"\]\((?!http)([^)]+)\)", PAGES[page])]
    assert links
    assert [one for one in links if not (ROOT / "docs" / one).exists()] == []
