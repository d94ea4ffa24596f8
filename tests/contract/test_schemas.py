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
from typer.testing import CliRunner

from rorbridge.cli import app
from rorbridge.events.draft07 import draft07
from rorbridge.events.examples import Example, answered, examples
from rorbridge.events.offer import Offer
from rorbridge.events.problem import InvalidRequestError, parse_request
from rorbridge.events.result import OrientationResult, Problem, Status, encode
from rorbridge.events.schemas import registered_result_schema, request_schema, result_schema, write_schemas
from rorbridge.orientation.assemble import Assembler
from rorbridge.orientation.candidate import join
from rorbridge.orientation.match import Verdict
from rorbridge.ror.terminology import display
from tests.support.answered import answered as answered_afresh
from tests.support.fhir import contact, location, official, searchset, service

ASSEMBLER = Assembler(display)
PUBLISHED = Path(__file__).parents[2] / "schemas"
SCHEMAS = (request_schema(), result_schema())


def test_the_published_files_are_fresh(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["schemas", str(tmp_path)]).exit_code == 0
    assert files(PUBLISHED) == files(tmp_path), "run `make schemas`"


def files(folder: Path) -> dict[Path, bytes]:
    """Give what is in a folder, but for the snapshots of releases."""
    found = {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    return {name: content for name, content in found.items() if name.parts[0] != "released"}


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda one: one["title"])
def test_a_schema_is_one_of_2020_12_with_examples_that_keep_it(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["examples"]
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda one: one["title"])
def test_every_object_and_every_property_says_what_it_is(schema: dict[str, Any]) -> None:
    definitions = {"": schema, **schema["$defs"]}
    described = list(definitions.items()) + [
        (f"{name}/{key}", {**referenced(schema, one), **one})
        for name, definition in definitions.items()
        for key, one in definition.get("properties", {}).items()
    ]
    assert [name for name, one in described if not one.get("title") or not one.get("description")] == []
    assert [name for name, one in described if "``" in one["description"]] == []


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda one: one["title"])
def test_every_example_of_a_property_keeps_its_schema(schema: dict[str, Any]) -> None:
    found = [
        (one, example)
        for definition in (schema, *schema["$defs"].values())
        for one in definition.get("properties", {}).values()
        for example in one.get("examples", [])
    ]
    for one, example in found:
        Draft202012Validator({**one, "$defs": schema["$defs"]}).validate(example)
    assert bool(found) == (schema is SCHEMAS[0]), "results are shown whole"


def referenced(schema: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["$defs"][one["$ref"].removeprefix("#/$defs/")] if "$ref" in one else {}
    return found


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Give every schema of an object within *schema*, itself included."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for name, value in schema.items():
            if name not in {"examples", "default"}:
                yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_a_request_is_closed_and_a_result_is_open() -> None:
    request, result = SCHEMAS
    assert all(one["additionalProperties"] is False for one in objects(request))
    assert all(one.get("additionalProperties", True) is not False for one in objects(result))
    assert len(list(objects(request))) > 10
    assert len(list(objects(result))) > 20


def test_a_result_has_all_that_its_schema_requires_and_nothing_is_null() -> None:
    """Every field with a value of its own is written, so readers may count on it."""
    for one in answered():
        assert "null" not in json.dumps(one.result)
    bare = json.loads(encode(OrientationResult(request_id="1", status=Status.MATCHED, offers=(Offer(reference="x"),))))
    assert set(bare) == set(result_schema()["required"])
    assert set(bare["offers"][0]) == set(result_schema()["$defs"]["Offer"]["required"])


def test_there_is_an_answered_example_of_each_status() -> None:
    assert {one.result["status"] for one in answered()} == {one.status for one in answered()} == set(Status)


async def test_the_answered_examples_are_what_the_product_answers() -> None:
    assert {f"{one.status}.json": one.data for one in answered()} == await answered_afresh(), "run `make schemas`"


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda one: one["title"])
def test_what_a_registry_has_does_not_change_with_the_words_about_it(
    schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = f"{schema['$id'].rpartition(':')[2]}.draft-07.schema.json"
    monkeypatch.setattr("rorbridge.events.schemas.request_schema", lambda: reworded(request_schema()))
    monkeypatch.setattr("rorbridge.events.schemas.result_schema", lambda: reworded(result_schema()))
    write_schemas(tmp_path)
    assert (tmp_path / name).read_bytes() == (PUBLISHED / name).read_bytes()


def test_a_property_that_is_named_description_stays_in_what_a_registry_has() -> None:
    definitions = json.loads(registered_result_schema())["definitions"]
    assert {"name", "description"} <= set(definitions["Place"]["properties"])


def reworded(schema: Any) -> Any:
    """Say everything in other words, but for the schema's own name."""
    if isinstance(schema, list):
        return [reworded(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: reworded(value) for name, value in schema.items()}
    if "$id" not in schema:
        found |= {name: "in other words" for name in ("title", "description") if isinstance(schema.get(name), str)}
    return found


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
            {"commune": st.sampled_from(["44162", "2A004", "441", None])},
            optional={"radiusKm": st.floats(-1, 600), "departments": st.just(["44"]), "near": st.none()},
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
