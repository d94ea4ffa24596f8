"""The invented data set: reproducible, consistent, varied, and nobody's."""

import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from typing import Any

import msgspec
import pytest

from rorbridge.lookalike.communes import communes
from rorbridge.lookalike.dataset import RESOURCE_TYPES, Dataset, generate
from rorbridge.ror import terminology

SD = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/"
DIGEST = (
    "import hashlib, msgspec; from rorbridge.lookalike.dataset import generate;"
    "print(hashlib.sha256(b''.join(msgspec.json.encode(one) for one in generate(120, 5))).hexdigest())"
)


def walk(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from walk(value)
    elif isinstance(part, list):
        for value in part:
            yield from walk(value)


def invented(dataset: Dataset) -> Iterator[dict[str, Any]]:
    return (one for one in dataset if one["id"].isdecimal() and int(one["id"]) > 1_300_000)


def extensions(element: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in element.get("extension", ()) if one["url"] == SD + name]


def digest(dataset: Dataset) -> str:
    return hashlib.sha256(b"".join(msgspec.json.encode(one) for one in dataset)).hexdigest()


def test_the_same_size_and_seed_give_the_same_bytes_in_any_process() -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    elsewhere = subprocess.run(
        [sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True
    )
    assert digest(generate(120, 5)) == digest(generate(120, 5)) == elsewhere.stdout.strip()


def test_another_seed_gives_other_data() -> None:
    assert digest(generate(50, 1)) != digest(generate(50, 2))


@pytest.mark.parametrize("offers", [0, 1, 137])
def test_exactly_the_wanted_number_of_offers_is_invented(offers: int) -> None:
    official = 3  # two examples, and the offer that the example of a role works for
    assert len(generate(offers).healthcare_services) == offers + official


def test_a_negative_number_of_offers_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        generate(-1)


def test_every_reference_resolves(dataset: Dataset) -> None:
    missing = set()
    for resource in dataset:
        for part in walk(resource):
            if isinstance(reference := part.get("reference"), str):
                resource_type, _, resource_id = reference.partition("/")
                if resource_id not in dataset.of_type(resource_type):
                    missing.add(reference)
    assert not missing


def test_the_official_examples_are_served_unchanged(dataset: Dataset) -> None:
    folder = resources.files("rorbridge.lookalike") / "data" / "examples"
    examples = [json.loads(file.read_bytes()) for file in folder.iterdir() if file.name.endswith(".json")]
    assert len(examples) == 7
    for example in examples:
        assert dataset.of_type(example["resourceType"])[example["id"]] == example


@pytest.mark.parametrize("resource_type", RESOURCE_TYPES)
def test_generated_resources_are_valid_fhir(dataset: Dataset, resource_type: str) -> None:
    module = importlib.import_module(f"fhir.resources.R4B.{resource_type.lower()}")
    known = list(dataset.of_type(resource_type).values())
    for resource in known[:: max(1, len(known) // 60)]:
        getattr(module, resource_type).model_validate(resource)


def test_codes_are_those_of_the_nomenclatures_with_their_words(dataset: Dataset) -> None:
    wrong = set()
    for resource in invented(dataset):
        for part in walk(resource):
            system, code = part.get("system"), part.get("code")
            known = terminology.concepts(system) if isinstance(system, str) else {}
            if code and known and (code not in known or part.get("display") != known[code].display):
                wrong.add((system, code))
    assert not wrong


def test_every_organisation_climbs_to_a_legal_entity(dataset: Dataset) -> None:
    depths = Counter[int]()
    for offer in dataset.healthcare_services.values():
        organization = dataset.organizations[offer["providedBy"]["reference"].partition("/")[2]]
        depth = 1
        while parent := organization.get("partOf"):
            organization = dataset.organizations[parent["reference"].partition("/")[2]]
            depth += 1
        depths[depth] += 1
    assert min(depths) == 2
    assert max(depths) >= 4


def test_all_five_fields_have_offers(dataset: Dataset) -> None:
    fields = Counter(one["type"][0]["coding"][0]["code"] for one in dataset.healthcare_services.values())
    assert set(fields) == {"01", "02", "03", "04", "05"}


def test_awkward_but_legal_data_occur(dataset: Dataset) -> None:
    offers = list(dataset.healthcare_services.values())
    assert any("location" not in one for one in offers)
    assert any(len(one.get("location", ())) > 1 for one in offers)
    assert any("name" not in one for one in offers)
    assert any("notAvailable" in one for one in offers)
    assert any(entry.get("daysOfWeek") and len(entry["extension"]) > 1 for entry in offers[0].get("availableTime", ()))
    places = Counter(place["reference"] for one in offers for place in one.get("location", ()))
    assert places.most_common(1)[0][1] > 1
    locations = list(dataset.locations.values())
    assert any("position" not in one for one in locations)
    assert any("CEDEX" in one["address"]["city"] for one in locations)
    assert any(one.get("operationalStatus", {}).get("code") == "1" for one in locations)
    assert any("operationalStatus" not in one for one in locations)


def test_ages_come_in_years_months_days_and_without_a_unit() -> None:
    units = {
        bound.get("code")
        for offer in generate(3000).healthcare_services.values()
        for patients in extensions(offer, "ror-healthcareservice-patient-type")
        for part in patients["extension"]
        if part["url"] == "ageRange"
        for bound in part["valueRange"].values()
    }
    assert units == {"a", "mo", "d", None}


def test_every_confidentiality_level_occurs_for_contacts_and_telecoms(dataset: Dataset) -> None:
    seen = set()
    for offer in dataset.healthcare_services.values():
        for contact in extensions(offer, "ror-healthcareservice-contact"):
            levels = extensions(contact, "ror-confidentiality-level")
            level = levels[0]["valueCodeableConcept"]["coding"][0]["code"] if levels else None
            for telecom in extensions(contact, "ror-healthcareservice-contact-telecom"):
                own = extensions(telecom, "ror-telecom-confidentiality-level")
                seen.add((level, own[0]["valueCodeableConcept"]["coding"][0]["code"] if own else None))
    assert {("1", "1"), ("2", "2"), ("3", "3"), ("1", "2"), ("2", "1")} <= seen
    assert any(level is None for level, _ in seen)
    assert any(own is None for _, own in seen)


def test_an_indicator_has_its_seven_mandatory_parts(dataset: Dataset) -> None:
    mandatory = {
        "capacityType", "capacityStatus", "temporalityCapacity", "nbCapacity", "capacitySourceType",
        "capacityUpdateDate", "temporaryAssignement",
    }  # fmt: skip
    indicators = [
        one for place in dataset.locations.values() for one in extensions(place, "ror-location-supported-capacity")
    ]
    assert indicators
    assert all(mandatory <= {part["url"] for part in one["extension"]} for one in indicators)


def test_places_lie_within_a_few_kilometres_of_their_commune(dataset: Dataset) -> None:
    for place in invented(dataset):
        if place["resourceType"] != "Location" or "position" not in place:
            continue
        (cog,) = extensions(place, "ror-commune-cog")
        commune = communes()[cog["valueCodeableConcept"]["coding"][0]["code"]]
        assert abs(place["position"]["latitude"] - commune.latitude) < 0.02
        assert abs(place["position"]["longitude"] - commune.longitude) < 0.03


def test_nobody_real_can_be_reached_or_named(dataset: Dataset) -> None:
    fiction = re.compile(r"(019900|026191|035301|046571|053649|063998)\d{4}")
    for resource in invented(dataset):
        for part in walk(resource):
            for value in (part.get("value"), part.get("valueString")):
                if isinstance(value, str) and re.fullmatch(r"0\d{9}", value):
                    assert fiction.fullmatch(value)
                if isinstance(value, str) and "@" in value:
                    assert value.endswith(".example.org")
        if resource["resourceType"] == "Practitioner":
            assert resource["identifier"][0]["value"].startswith("899")
