"""The access profiles, against the table of ROR-API 4.3 written out a second time."""

from typing import Any

import pytest

from rorbridge.lookalike.access import Access
from rorbridge.lookalike.config import Config
from rorbridge.lookalike.dataset import Dataset, generate
from rorbridge.lookalike.search.catalog import Catalog
from rorbridge.lookalike.search.rows import to_numbers

from .conftest import Connect

Resource = dict[str, Any]
SD = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/"
DATA: Dataset = generate(2500, seed=5)
CATALOG = Catalog(DATA)
ACCESS = {profile: Access(CATALOG, profile) for profile in range(6)}


def extensions(element: Resource, name: str) -> list[Resource]:
    return [one for one in element.get("extension", ()) if one["url"] == SD + name]


def sensitive(offer: Resource) -> bool:
    return any(one["valueBoolean"] for one in extensions(offer, "ror-healthcareservice-sensitive-unit"))


def field(offer: Resource) -> str:
    return str(offer["type"][0]["coding"][0]["code"])


def level(element: Resource, name: str) -> int:
    found = extensions(element, name)
    return int(found[0]["valueCodeableConcept"]["coding"][0]["code"]) if found else 2


def highest(profile: int, medico_social: bool) -> int:
    return {0: 1, 1: 3, 2: 2, 3: 2 if medico_social else 1, 4: 1, 5: 2}[profile]


def offers_at() -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for offer in DATA.healthcare_services.values():
        for place in offer.get("location", ()):
            found.setdefault(place["reference"][9:], []).append(offer)
    return found


OFFERS_AT = offers_at()


@pytest.mark.parametrize("profile", range(6))
def test_sensitive_offers_show_to_profiles_1_and_4_alone(profile: int) -> None:
    shown = {one for one, offer in DATA.healthcare_services.items() if ACCESS[profile].show(offer)}
    secret = {one for one, offer in DATA.healthcare_services.items() if sensitive(offer)}
    assert secret
    assert shown == set(DATA.healthcare_services) - (set() if profile in {1, 4} else secret)
    ids = CATALOG.tables["HealthcareService"].ids
    assert shown == {ids[row] for row in to_numbers(ACCESS[profile].visible()["HealthcareService"])}


@pytest.mark.parametrize("profile", range(6))
def test_acts_specialisations_professions_and_competences_are_hidden_by_profile(profile: int) -> None:
    hidden = ("R210-", "R245-", "R243-", "G15-", "R94-", "R85-", "R95-", "R96-", "R356-")
    removed = 0
    for offer in DATA.healthcare_services.values():
        if not (shown := ACCESS[profile].show(offer)):
            continue
        allowed = {0: False, 3: field(offer) == "04"}.get(profile, True)
        expected = [
            one
            for one in offer["characteristic"]
            if allowed or not any(f"TRE_{name}" in one["coding"][0]["system"] for name in hidden)
        ]
        assert shown.get("characteristic", []) == expected
        removed += len(offer["characteristic"]) - len(expected)
    assert bool(removed) == (profile in {0, 3})


@pytest.mark.parametrize("profile", range(6))
def test_contacts_and_telecoms_are_as_public_as_the_stricter_of_their_levels(profile: int) -> None:
    for offer in DATA.healthcare_services.values():
        if not (shown := ACCESS[profile].show(offer)):
            continue
        most = highest(profile, field(offer) == "04")
        expected = []
        for contact in extensions(offer, "ror-healthcareservice-contact"):
            if level(contact, "ror-confidentiality-level") <= most:
                url = SD + "ror-healthcareservice-contact-telecom"
                parts = [
                    one
                    for one in contact["extension"]
                    if one["url"] != url or level(one, "ror-telecom-confidentiality-level") <= most
                ]
                expected.append({"url": contact["url"], "extension": parts})
        assert extensions(shown, "ror-healthcareservice-contact") == expected
        telecoms = [one for one in offer.get("telecom", []) if level(one, "ror-telecom-confidentiality-level") <= most]
        assert shown.get("telecom", []) == telecoms


@pytest.mark.parametrize("profile", range(6))
def test_beds_and_equipment_of_places_are_hidden_by_profile(profile: int) -> None:
    statuses = {0: set[str](), 2: {"01", "02", "03", "04", "05"}, 3: {"01", "02", "03", "04", "05"}, 5: {"01"}}.get(
        profile, {"01", "02", "03", "04", "05", "06"}
    )
    for place_id, place in DATA.locations.items():
        offers = OFFERS_AT.get(place_id, [])
        secret = bool(offers) and all(sensitive(one) for one in offers)
        shown = ACCESS[profile].show(place)
        assert (shown is None) == (secret and profile not in {1, 4})
        if shown is None:
            continue
        social = bool(offers) and all(field(one) == "04" for one in offers)
        equipped = {0: False, 3: social}.get(profile, True)
        equipment = extensions(place, "ror-location-equipment")
        assert extensions(shown, "ror-location-equipment") == (equipment if equipped else [])
        beds = [
            one
            for one in extensions(place, "ror-location-supported-capacity")
            if equipped and one["extension"][1]["valueCodeableConcept"]["coding"][0]["code"] in statuses
        ]
        assert extensions(shown, "ror-location-supported-capacity") == beds


@pytest.mark.parametrize("profile", range(6))
def test_people_show_where_the_profile_allows_it(profile: int) -> None:
    visible = set()
    for role_id, role in DATA.practitioner_roles.items():
        offer = DATA.healthcare_services[role["healthcareService"][0]["reference"][18:]]
        allowed = {
            0: field(offer) == "05" and not sensitive(offer),
            1: True,
            2: not sensitive(offer),
            3: field(offer) == "04" and not sensitive(offer),
            4: True,
            5: not sensitive(offer),
        }[profile]
        assert (ACCESS[profile].show(DATA.practitioner_roles[role_id]) is not None) == allowed
        if allowed:
            visible.add(role["practitioner"]["reference"][13:])
    for person_id in {role["practitioner"]["reference"][13:] for role in DATA.practitioner_roles.values()}:
        assert (ACCESS[profile].show(DATA.practitioners[person_id]) is not None) == (person_id in visible)


@pytest.mark.parametrize("profile", range(6))
def test_organisations_always_show_with_the_contacts_of_the_profile(profile: int) -> None:
    for organization in DATA.organizations.values():
        shown = ACCESS[profile].show(organization)
        assert shown is not None
        assert shown["name"] == organization["name"]
        assert bool(extensions(shown, "ror-organization-drop-zone")) == (
            bool(extensions(organization, "ror-organization-drop-zone")) and profile in {1, 4}
        )
        if profile == 3:
            continue  # needs the offers below; the levels of the other profiles do not
        most = highest(profile, medico_social=False)
        contacts = [
            one for one in organization.get("contact", []) if level(one, "ror-contact-confidentiality-level") <= most
        ]
        assert len(shown.get("contact", [])) == len(contacts)
        for contact in shown.get("contact", []):
            assert all(level(one, "ror-telecom-confidentiality-level") <= most for one in contact.get("telecom", []))


def test_profile_1_sees_everything_and_changes_nothing() -> None:
    assert all(ACCESS[1].show(one) == one for one in DATA)


def test_showing_a_resource_does_not_change_it() -> None:
    before = [dict(one) for one in DATA.healthcare_services.values()]
    for offer in DATA.healthcare_services.values():
        ACCESS[0].show(offer)
    assert before == list(DATA.healthcare_services.values())


def test_there_is_no_profile_6() -> None:
    with pytest.raises(KeyError):
        Access(CATALOG, 6)


async def test_hidden_offers_are_neither_found_nor_counted_nor_read(connect: Connect, dataset: Dataset) -> None:
    ror = await connect(Config(access_profile=0))
    secret = [one for one, offer in dataset.healthcare_services.items() if sensitive(offer)]
    assert secret
    bundle = await ror.bundle("/HealthcareService?_count=1")
    assert bundle["total"] == len(dataset.healthcare_services) - len(secret)
    assert (await ror.bundle(f"/HealthcareService?_id={','.join(secret)}"))["total"] == 0
    assert (await ror.get(f"/HealthcareService/{secret[0]}")).status_code == 404
    place = dataset.healthcare_services[secret[0]].get("location", [{"reference": "Location/none"}])[0]["reference"]
    shown = await ror.bundle(f"/Location?_id={place[9:]}&_revinclude=HealthcareService:location")
    assert secret[0] not in {entry["resource"]["id"] for entry in shown.get("entry", ())}
