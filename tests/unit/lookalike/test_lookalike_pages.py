"""Bundles: pages, links, includes, distances."""

import math
from collections import Counter
from typing import Any

import pytest

from rorbridge.lookalike.config import Config
from rorbridge.lookalike.dataset import Dataset
from rorbridge.lookalike.outcome import GoneError
from rorbridge.lookalike.paging import Pages
from rorbridge.lookalike.search.engine import Engine

from .conftest import Clock, Connect

DOCUMENTED = (
    "&_include=HealthcareService:organization&_include:iterate=Organization:partof"
    "&_include=HealthcareService:location&_revinclude=PractitionerRole:service&_include=PractitionerRole:practitioner"
)
DISTANCE = "http://hl7.org/fhir/StructureDefinition/location-distance"


def keys(bundle: dict[str, Any], mode: str) -> list[tuple[str, str]]:
    return [
        (entry["resource"]["resourceType"], entry["resource"]["id"])
        for entry in bundle.get("entry", ())
        if entry["search"]["mode"] == mode
    ]


def link(bundle: dict[str, Any], relation: str) -> str | None:
    return next((one["url"] for one in bundle["link"] if one["relation"] == relation), None)


async def test_following_the_pages_shows_every_match_exactly_once(connect: Connect, dataset: Dataset) -> None:
    ror = await connect(Config())
    bundle = await ror.bundle("/HealthcareService?_include=HealthcareService:location")
    seen = Counter(keys(bundle, "match"))
    total = bundle["total"]
    assert len(seen) == 200
    while following := link(bundle, "next"):
        bundle = await ror.bundle(following)
        assert bundle["total"] == total
        assert len(set(keys(bundle, "include"))) == len(keys(bundle, "include"))
        seen.update(keys(bundle, "match"))
    assert set(seen.values()) == {1}
    assert {one for _, one in seen} == set(dataset.healthcare_services)
    assert total == len(seen)


async def test_links_look_like_those_of_hapi_and_carry_the_called_host(connect: Connect) -> None:
    ror = await connect(Config())
    bundle = await ror.bundle("/HealthcareService?_count=3&service-type=05")
    assert link(bundle, "self") == "http://ror.test/ws-diffusion-fhir/HealthcareService?_count=3&service-type=05"
    following = link(bundle, "next") or ""
    assert following.startswith("http://ror.test/ws-diffusion-fhir?_getpages=")
    assert following.endswith("&_getpagesoffset=3&_count=3&_bundletype=searchset")
    assert bundle["entry"][0]["fullUrl"].startswith("http://ror.test/ws-diffusion-fhir/HealthcareService/")


async def test_links_may_carry_another_host(connect: Connect) -> None:
    ror = await connect(Config(public_base="https://api.ror.example/ws-diffusion-fhir"))
    bundle = await ror.bundle("/HealthcareService?_count=3")
    assert (link(bundle, "next") or "").startswith("https://api.ror.example/ws-diffusion-fhir?_getpages=")
    assert bundle["entry"][0]["fullUrl"].startswith("https://api.ror.example/ws-diffusion-fhir/HealthcareService/")


async def test_a_page_expires(connect: Connect, clock: Clock) -> None:
    ror = await connect(Config(page_lifetime_s=60, clock=clock))
    following = link(await ror.bundle("/HealthcareService?_count=3"), "next") or ""
    clock.now += 59
    assert (await ror.get(following)).status_code == 200
    clock.now += 2
    gone = await ror.get(following)
    assert gone.status_code == 410
    assert gone.json()["resourceType"] == "OperationOutcome"
    assert "expiré" in gone.json()["issue"][0]["diagnostics"]


async def test_an_unknown_page_is_gone(connect: Connect) -> None:
    ror = await connect(Config())
    assert (await ror.get("?_getpages=nothing&_getpagesoffset=3")).status_code == 410
    assert (await ror.get("?_getpages=nothing&_getpagesoffset=x")).status_code == 400
    assert (await ror.get("?_count=3")).status_code == 400


def test_only_so_many_searches_are_kept(engine: Engine, clock: Clock) -> None:
    pages = Pages(60, clock, most=2)
    found = engine.search("HealthcareService", [])
    first, second, third = (pages.keep(found) for _ in range(3))
    assert len(pages) == 2
    assert pages.get(second) is pages.get(third) is found
    with pytest.raises(GoneError):
        pages.get(first)
    clock.now += 61
    pages.keep(found)
    assert len(pages) == 1


async def test_an_empty_answer_is_a_bundle_without_entries(connect: Connect) -> None:
    bundle = await (await connect(Config())).bundle("/HealthcareService?_id=none")
    assert bundle["total"] == 0
    assert "entry" not in bundle
    assert link(bundle, "next") is None


async def test_count_zero_counts(connect: Connect) -> None:
    bundle = await (await connect(Config())).bundle("/HealthcareService?_count=0")
    assert bundle["total"] > 700
    assert "entry" not in bundle
    assert link(bundle, "next") is None


async def test_the_documented_includes_bring_the_whole_offer(connect: Connect, dataset: Dataset) -> None:
    ror = await connect(Config())
    expected = set()
    for offer in list(dataset.healthcare_services.values())[:200]:
        bundle = await ror.bundle(f"/HealthcareService?_id={offer['id']}{DOCUMENTED}")
        expected = {("Location", one["reference"][9:]) for one in offer.get("location", ())}
        organization = offer["providedBy"]["reference"][13:]
        while organization:
            expected.add(("Organization", organization))
            organization = dataset.organizations[organization].get("partOf", {}).get("reference", "")[13:]
        for role in dataset.practitioner_roles.values():
            if role["healthcareService"][0]["reference"] == f"HealthcareService/{offer['id']}":
                expected.add(("PractitionerRole", role["id"]))
                expected.add(("Practitioner", role["practitioner"]["reference"][13:]))
        assert keys(bundle, "match") == [("HealthcareService", offer["id"])]
        assert sorted(keys(bundle, "include")) == sorted(expected)


async def test_without_iterate_one_level_of_organisations_comes_along(connect: Connect, dataset: Dataset) -> None:
    ror = await connect(Config())
    unit = next(
        one
        for one in dataset.organizations.values()
        if "partOf" in one and "partOf" in dataset.organizations[one["partOf"]["reference"][13:]]
    )
    parent = unit["partOf"]["reference"][13:]
    bundle = await ror.bundle(f"/Organization?_id={unit['id']}&_include=Organization:partof")
    assert keys(bundle, "include") == [("Organization", parent)]
    bundle = await ror.bundle(f"/Organization?_id={unit['id']}&_include:iterate=Organization:partof")
    assert len(keys(bundle, "include")) >= 2


async def test_the_offers_of_a_place_and_of_an_organisation_come_along(connect: Connect, dataset: Dataset) -> None:
    ror = await connect(Config())
    offer = next(one for one in dataset.healthcare_services.values() if "location" in one)
    place, owner = offer["location"][0]["reference"], offer["providedBy"]["reference"]
    for query in (
        f"/Location?_id={place[9:]}&_revinclude=HealthcareService:location",
        f"/Organization?_id={owner[13:]}&_revinclude=HealthcareService:organization",
    ):
        assert ("HealthcareService", offer["id"]) in keys(await ror.bundle(query), "include")


async def test_a_place_without_offers_brings_the_organisation_that_manages_it(
    connect: Connect, dataset: Dataset
) -> None:
    place = next(one for one in dataset.locations.values() if "managingOrganization" in one)
    bundle = await (await connect(Config())).bundle(f"/Location?_id={place['id']}&_include=Location:organization")
    assert keys(bundle, "include") == [("Organization", place["managingOrganization"]["reference"][13:])]


async def test_every_included_place_tells_its_distance(connect: Connect, dataset: Dataset) -> None:
    ror = await connect(Config())
    latitude, longitude = 47.21154, -1.65100  # Saint-Herblain
    for where in (f"near={latitude}|{longitude}|2|km", "near-insee-code=44162|2|km"):
        bundle = await ror.bundle(f"/HealthcareService?location.{where}{DOCUMENTED}")
        assert bundle["total"] > 5
        for entry in bundle["entry"]:
            resource = entry["resource"]
            position = dataset.locations.get(resource["id"], {}).get("position")
            if resource["resourceType"] != "Location" or not position:
                assert "extension" not in entry["search"]
                continue
            (extension,) = entry["search"]["extension"]
            assert extension["url"] == DISTANCE
            assert extension["valueDistance"]["unit"] == "km"
            north = math.radians(position["latitude"] - latitude)
            east = math.radians(position["longitude"] - longitude) * math.cos(math.radians(latitude))
            assert extension["valueDistance"]["value"] == pytest.approx(6371.0088 * math.hypot(north, east), rel=0.01)


async def test_a_place_outside_the_circle_tells_its_distance_too(connect: Connect, dataset: Dataset) -> None:
    def positions(offer: dict[str, Any]) -> list[dict[str, Any]]:
        places = [dataset.locations[one["reference"][9:]] for one in offer.get("location", ())]
        return [one["position"] for one in places if "position" in one]

    def apart(offer: dict[str, Any]) -> bool:
        found = positions(offer)
        return len(found) == 2 and abs(found[0]["latitude"] - found[1]["latitude"]) > 0.01

    offer = next(one for one in dataset.healthcare_services.values() if apart(one))
    here = positions(offer)[0]
    bundle = await (await connect(Config())).bundle(
        f"/HealthcareService?_id={offer['id']}&location.near={here['latitude']}|{here['longitude']}|0.2|km"
        "&_include=HealthcareService:location"
    )
    told = [one["search"]["extension"][0]["valueDistance"]["value"] for one in bundle["entry"][1:]]
    assert min(told) == 0
    assert max(told) > 1


async def test_no_distance_is_told_without_a_circle(connect: Connect) -> None:
    bundle = await (await connect(Config())).bundle(
        "/HealthcareService?location.address-postalcode=44&_include=HealthcareService:location"
    )
    assert not any("extension" in entry["search"] for entry in bundle["entry"])
