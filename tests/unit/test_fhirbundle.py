"""The answer as FHIR: in order, and with nothing in it that the audience may not read."""

import json
from collections import Counter

import pytest

from rorbridge.orientation.candidate import join
from rorbridge.orientation.fhir import SD
from rorbridge.orientation.fhirbundle import bundle
from rorbridge.orientation.match import Verdict
from rorbridge.orientation.policy import Audience
from tests.support.fhir import Resource, contact, location, searchset, service


def answer(
    *resources: Resource, audience: Audience, distances: dict[str, float] | None = None
) -> tuple[Resource, Counter[str]]:
    found = searchset(*resources, distances=distances)
    redactions: Counter[str] = Counter()
    kept = [Verdict(candidate, None) for candidate in join(found)]
    return bundle(kept, len(kept), found, audience, redactions), redactions


def test_matches_come_in_their_order_with_what_belongs_to_them_and_distances() -> None:
    found, _ = answer(
        service("2", places=("10", "11")), location("10"), location("11"), audience=Audience(), distances={"11": 4.5}
    )
    modes = [(one["resource"]["id"], one["search"]["mode"]) for one in found["entry"]]
    assert modes == [("2", "match"), ("10", "include"), ("11", "include")]
    [distance] = found["entry"][2]["search"]["extension"]
    assert distance["valueDistance"]["value"] == 4.5


def test_an_included_resource_comes_once() -> None:
    found, _ = answer(service("1"), service("2"), location("10"), audience=Audience())
    assert [one["resource"]["id"] for one in found["entry"]] == ["1", "10", "2"]


def test_restricted_contacts_and_telecoms_are_taken_out_wherever_they_are() -> None:
    def telecom(value: str, level: str) -> Resource:
        extension = contact(level)["extension"]
        extension[0]["url"] = extension[0]["url"].replace(
            "ror-confidentiality-level", "ror-telecom-confidentiality-level"
        )
        return {"value": value, "system": "phone", "extension": extension}

    organization = {
        "resourceType": "Organization",
        "id": "100",
        "contact": [
            {"extension": contact("1")["extension"], "telecom": [telecom("free-1", "1"), telecom("SECRET-1", "2")]},
            {"extension": contact("3")["extension"], "telecom": [telecom("SECRET-2", "1")]},
            {"telecom": [telecom("SECRET-3", "1")]},
        ],
    }
    resources = (
        service(contacts=(contact("1", ("free-2", "1"), ("SECRET-4", "3")), contact("2", ("SECRET-5", "1"))))
        | {"telecom": [telecom("SECRET-6", "2")]},
        location(telecom=[telecom("free-3", "1"), telecom("SECRET-7", "3"), {"value": "SECRET-8"}]),
        organization,
    )
    found, redactions = answer(*resources, audience=Audience())
    text = json.dumps(found)
    assert "SECRET" not in text
    assert all(free in text for free in ("free-1", "free-2", "free-3"))
    assert redactions == {"telecom": 5, "contact": 3}
    everything, none = answer(*resources, audience=Audience(3))
    assert json.dumps(everything).count("SECRET") == 8
    assert not none


@pytest.mark.parametrize("odd", [5, "SECRET", {"a": "SECRET"}, ["SECRET"], [["SECRET"]], [{"value": "SECRET"}], True])
def test_what_does_not_say_who_may_read_it_is_taken_out_whatever_its_shape(odd: object) -> None:
    """The elements that rorbridge itself does not use have never been looked at."""
    confidential = {"url": SD + "ror-telecom-confidentiality-level"}
    levels = [
        {"url": [odd]},
        confidential | {"valueCodeableConcept": odd},
        confidential | {"valueCodeableConcept": {"coding": odd}},
        confidential | {"valueCodeableConcept": {"coding": [{"code": [odd]}]}},
    ]
    organization = {
        "resourceType": "Organization",
        "id": "100",
        "telecom": odd,
        "contact": [{"telecom": odd, "extension": [one]} for one in levels] + [{"telecom": odd, "extension": odd}],
        "extension": [{"url": SD + "ror-healthcareservice-contact", "extension": odd}],
    }
    found, _ = answer(service(telecom=odd), location(telecom=odd, contact=odd), organization, audience=Audience())
    assert [one["resource"]["id"] for one in found["entry"]] == ["1", "10", "100"]
    assert "SECRET" not in json.dumps(found)
