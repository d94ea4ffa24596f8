"""Nothing goes out that the audience may not read: planted strings are searched in every byte that is published."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rorbridge.lookalike.config import Config
from rorbridge.lookalike.dataset import generate
from rorbridge.lookalike.resources import Dataset
from rorbridge.lookalike.server import serving
from tests.support.kafka import Broker, Topics, publish, read
from tests.support.processes import running_service
from tests.support.requests import Sent, valid
from tests.support.ror import lookalike_environment

SD = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/"
LEVELS = {
    SD + url
    for url in ("ror-confidentiality-level", "ror-contact-confidentiality-level", "ror-telecom-confidentiality-level")
}
FREE, RESTRICTED, SECRET_UNIT, PERSON = "PLANTED-FREE-", "PLANTED-RESTRICTED-", "PLANTED-UNIT-", "PLANTED-PERSON-"
REQUESTS = 2_000
NUMBERS = itertools.count()


def level(element: dict[str, Any]) -> int:
    found = [
        one["valueCodeableConcept"]["coding"][0]["code"] for one in element.get("extension", []) if one["url"] in LEVELS
    ]
    return max((int(code) for code in found), default=2)


def contacts(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (one for one in resource.get("extension", []) if one["url"] == SD + "ror-healthcareservice-contact")
    yield from resource.get("contact", [])


def plant(data: Dataset) -> None:
    """Mark every contact, telecom, sensitive unit and person by who may read it."""
    kinds = (data.healthcare_services, data.locations, data.organizations, data.practitioners, data.practitioner_roles)
    for resource in (one for kind in kinds for one in kind.values()):
        for contact in contacts(resource):
            for part in [*contact.get("telecom", []), *contact.get("extension", [])]:
                mark(part, max(level(contact), level(part)))
        for telecom in resource.get("telecom", []):
            mark(telecom, level(telecom))
    for service in data.healthcare_services.values():
        unit = SD + "ror-healthcareservice-sensitive-unit"
        if any(one["valueBoolean"] for one in service["extension"] if one["url"] == unit):
            service["name"] = f"{SECRET_UNIT}{service['id']}"
    for role in data.practitioner_roles.values():
        rename(role, data.healthcare_services[role["healthcareService"][0]["reference"].split("/")[1]])


def mark(telecom: dict[str, Any], strictest: int) -> None:
    """Write into a telecom, of either shape, who may read it."""
    words = f"{FREE if strictest == 1 else RESTRICTED}{next(NUMBERS)}"
    if "value" in telecom:
        telecom["value"] = words
    for inner in telecom.get("extension", []):
        if inner["url"] == "telecomAddress":
            inner["valueString"] = words


def rename(role: dict[str, Any], service: dict[str, Any]) -> None:
    """Write into a professional's name whether the public may read it: of offers in the field ville alone."""
    is_ville = service["type"][0]["coding"][0]["code"] == "05"
    name = {"url": "exerciseLastName", "valueString": f"{FREE if is_ville else PERSON}{role['id']}"}
    others = [one for one in role["extension"] if one["url"] != SD + "ror-practitionerrole-name"]
    role["extension"] = [*others, {"url": SD + "ror-practitionerrole-name", "extension": [name]}]


def as_bundle(request: Sent) -> Sent:
    """Ask for the same as a FHIR Bundle."""
    content = json.loads(request.value or b"")
    content["answer"] = content.get("answer", {}) | {"format": "fhir-bundle"}
    return replace(request, value=json.dumps(content).encode())


@pytest.mark.kafka
async def test_two_thousand_answers_hold_no_planted_restricted_string(
    broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    data = generate(4_000, seed=11)
    plant(data)
    sent = [one if number % 4 else as_bundle(one) for number, one in enumerate(valid(REQUESTS, seed=11))]
    await publish(broker, topics.requests, sent)
    async with serving(data, Config()) as address:
        settings = topics.settings(broker) | lookalike_environment(address, Config(), access_profile=1)
        with running_service(settings, tmp_path / "log") as service:
            records = await read(broker, [topics.results], until=lambda found: len(found) >= REQUESTS, timeout_s=300)
            assert await asyncio.to_thread(service.terminate) == 0
    letters = await read(broker, [topics.dead_letters], until=lambda found: False, timeout_s=2)
    published = b"".join(one.value or b"" for one in [*records, *letters])
    headers = b"".join(value for one in [*records, *letters] for _, value in one.headers)
    log = (tmp_path / "log").read_bytes()
    assert len(records) == REQUESTS
    assert published.count(FREE.encode()) > 1_000, "the planting did not take"
    for word in (RESTRICTED, SECRET_UNIT, PERSON):
        assert word.encode() not in published, word
        assert word.encode() not in headers
    assert b"PLANTED" not in log
    assert Config().client_secret.encode() not in log + published
