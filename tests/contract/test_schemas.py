"""The published schemas are those of the models, the examples keep them, and the models keep what they say."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from rorbridge.events.draft07 import draft07
from rorbridge.events.examples import Example, examples
from rorbridge.events.problem import InvalidRequestError, parse_request
from rorbridge.events.result import OrientationResult, Problem, Status, encode
from rorbridge.events.schemas import request_schema, result_schema, write_schemas
from rorbridge.orientation.assemble import Assembler
from rorbridge.orientation.candidate import join
from rorbridge.orientation.match import Verdict
from rorbridge.ror.terminology import display
from tests.support.fhir import contact, location, official, searchset, service

ASSEMBLER = Assembler(display)
PUBLISHED = Path(__file__).parents[2] / "schemas"


def test_the_published_files_are_fresh(tmp_path: Path) -> None:
    written = {file.relative_to(tmp_path): file.read_bytes() for file in write_schemas(tmp_path)}
    there = {file.relative_to(PUBLISHED): file.read_bytes() for file in PUBLISHED.rglob("*.json")}
    assert there == written, "run `make schemas`"


@pytest.mark.parametrize("schema", [request_schema(), result_schema()])
def test_a_schema_is_one_of_2020_12_and_describes_every_field(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["description"]


WORDS_OF_BOTH = {
    *("$id", "$schema", "$ref", "definitions", "title", "description", "default", "examples"),
    *("type", "enum", "const", "format", "pattern", "minLength", "maxLength"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("items", "minItems", "maxItems", "uniqueItems", "properties", "required", "additionalProperties"),
    *("anyOf", "oneOf", "allOf", "not"),
}
"""Keywords that draft-07 knows and that say the same in 2020-12; ``items`` does unless it is a list."""


def schemas_in(schema: Any) -> Iterator[dict[str, Any]]:
    """Give a schema and all schemas in it."""
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword, value in schema.items():
        match keyword:
            case "properties" | "definitions":
                inner = list(value.values())
            case "items" | "additionalProperties" | "not":
                inner = [value]
            case "anyOf" | "oneOf" | "allOf":
                inner = value
            case _:
                inner = []
        for one in inner:
            yield from schemas_in(one)


@pytest.mark.parametrize("schema", [request_schema(), result_schema()])
def test_a_schema_says_the_same_in_the_words_of_draft_07(schema: dict[str, Any]) -> None:
    older = draft07(schema)
    Draft7Validator.check_schema(older)
    assert older["$schema"] == "http://json-schema.org/draft-07/schema#"
    for one in schemas_in(older):
        assert {word for word in one if not word.startswith("x-")} <= WORDS_OF_BOTH, one
        assert not isinstance(one.get("items"), list)
        if "$ref" in one:  # what stands beside it is passed over in draft-07
            assert one["$ref"].removeprefix("#/definitions/") in older["definitions"]
            assert one.keys() <= {"$ref", "title", "description", "default", "examples"}


@pytest.mark.parametrize("example", examples(), ids=lambda one: one.name)
def test_an_example_keeps_schema_and_model(example: Example) -> None:
    Draft202012Validator(request_schema()).validate(json.loads(example.data))
    Draft7Validator(draft07(request_schema())).validate(json.loads(example.data))
    assert parse_request(example.data)


def test_every_documented_scenario_of_the_first_slice_has_its_example() -> None:
    asked: set[str] = set()
    for example in examples():
        content = json.loads(example.data)
        asked |= set(content["need"]) | set(content.get("where", {}))
    assert asked >= {
        "activity",
        "offerType",
        "receptionModality",
        "age",
        "near",
        "commune",
        "communes",
        "departments",
        "postalCodes",
        "careMode",
        "specialisation",
    }
    assert len(examples()) >= 8


def test_results_keep_their_schema() -> None:
    validator, older = Draft202012Validator(result_schema()), Draft7Validator(draft07(result_schema()))
    now = datetime(2026, 11, 24, tzinfo=UTC)
    resources = (service(contacts=(contact("1", ("a", "1")),)), location(), official("HealthcareService-1234564"))
    offers = tuple(
        ASSEMBLER.assemble(Verdict(one, None), {"contacts", "openingHours"}) for one in join(searchset(*resources))
    )
    for result in (
        OrientationResult(request_id="1", status=Status.MATCHED, offers=offers),
        OrientationResult(request_id="2", status=Status.REJECTED, problem=Problem(type="urn:x", title="t", detail="d")),
    ):
        validator.validate(json.loads(encode(result)))
        older.validate(json.loads(encode(result)))
    assert not older.is_valid({"requestId": "1", "status": "perhaps", "offers": [], "asOf": now.isoformat()})
    assert not validator.is_valid({"requestId": "1", "status": "perhaps", "offers": [], "asOf": now.isoformat()})


requests = st.fixed_dictionaries(
    {
        "need": st.fixed_dictionaries(
            {},
            optional={
                "activity": st.lists(st.sampled_from(["013", "", "é", "x" * 30])),
                "careMode": st.just({"allOf": ["28"]}) | st.just({"allOf": []}) | st.just("28"),
                "age": st.fixed_dictionaries({"value": st.integers(-5, 2000)}),
                "name": st.just("Dupont"),
            },
        ),
        "where": st.fixed_dictionaries(
            {"commune": st.sampled_from(["44162", "2A004", "441"])},
            optional={"radiusKm": st.floats(-1, 600), "departments": st.just(["44"])},
        ),
    }
)


@given(requests)
def test_what_the_model_takes_the_schema_takes(content: dict[str, Any]) -> None:
    """The model is the stricter of the two: some rules, such as maxRadiusKm over radiusKm, no schema can say."""
    try:
        parse_request(json.dumps(content).encode())
    except InvalidRequestError:
        return
    Draft202012Validator(request_schema()).validate(content)
