"""What the pages say beside their commands: JSON that keeps the contract, names of log lines that the code writes."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rorbridge.events.problem import parse_request
from rorbridge.events.schemas import request_schema, result_schema
from tests.docs.pages import ROOT, Page, pages

OPERATIONS = ROOT / "docs" / "operations.md"
LOGGED = {"debug", "info", "warning", "error", "critical", "exception"}
JSON = [(page, line, text) for page in pages() for line, text in page.json]


@pytest.mark.parametrize(("page", "line", "text"), JSON, ids=[f"{page.name}:{line}" for page, line, _ in JSON])
def test_json_is_json_and_requests_and_results_keep_the_contract(page: Page, line: int, text: str) -> None:
    content: Any = json.loads(text)
    data = content.get("data", content) if "specversion" in content else content
    if "need" in data:
        Draft202012Validator(request_schema()).validate(data)
        parse_request(json.dumps(data).encode())
    if next(iter(data), "") == "requestId":
        Draft202012Validator(result_schema()).validate(data)


def section(title: str) -> str:
    """Give a section of docs/operations.md, up to the next of its level."""
    found = OPERATIONS.read_text(encoding="utf-8").split(f"\n## {title}\n")
    assert len(found) == 2, f"docs/operations.md has no section {title}"
    return found[1].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """Give what stands as code in the first cells of the tables."""
    cells = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| `")]
    return [one for cell in cells for one in re.findall(r"`([^`]+)`", cell) if one != "event"]


def events() -> set[str]:
    """Give the names of all log lines that an operator may see, from the code; those for debugging are left out."""
    names: set[str] = set()
    for file in (ROOT / "rorbridge").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log"), attr=level), args=[ast.Constant(value=str(name)), *_]
                ) if level in LOGGED - {"debug"}:
                    names.add(name)
                case ast.Call(func=ast.Attribute(attr="_trouble"), args=[ast.Constant(value=str(name)), *_]):
                    names.add(name)
                case _:
                    pass
    return names


def test_the_log_lines_of_the_table_are_those_of_the_code() -> None:
    told = first_cells(section("Troubleshooting by message").split("\n### ")[1])
    assert len(told) == len(set(told))
    assert set(told) == events(), "docs/operations.md, Troubleshooting by message"


def test_what_readyz_waits_for_stands_in_the_code() -> None:
    told = first_cells(section("Troubleshooting by message").split("\n### ")[2])
    written = "\n".join(file.read_text(encoding="utf-8") for file in Path(ROOT / "rorbridge").rglob("*.py"))
    assert told
    assert [one for one in told if any(part.strip() not in written for part in one.split("…"))] == []
