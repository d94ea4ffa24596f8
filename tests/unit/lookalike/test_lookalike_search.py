"""What single parameters mean, and what is refused."""

import pytest

from rorbridge.lookalike.dataset import Dataset, generate
from rorbridge.lookalike.outcome import FhirError, InvalidParameterError
from rorbridge.lookalike.search import engine as engines
from rorbridge.lookalike.search.catalog import Catalog
from rorbridge.lookalike.search.engine import Engine

ACTIVITY = "https://mos.esante.gouv.fr/NOS/TRE_R211-ActiviteOperationnelle/FHIR/TRE-R211-ActiviteOperationnelle"
COMMUNE = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
GYNAECOLOGY = "1234564"
"""The official example of an offer: 15 to 150 years, activity 022, tag 06."""


def ids(engine: Engine, *parameters: tuple[str, str], resource_type: str = "HealthcareService") -> set[str]:
    return set(engine.search(resource_type, parameters).ids)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_id", "1234564"),
        ("_id", "140,1234564"),
        ("identifier", "06/0099999"),
        ("identifier", "|06/0099999"),
        ("name", "5812"),
        ("name:contains", "gynecologique"),
        ("name:exact", "5812  Chirurgie gynécologique - HOSPITALISATION COMPLETE"),
        ("specialty", f"{ACTIVITY}|022"),
        ("specialty", "022"),
        ("specialty", f"{ACTIVITY}|"),
        ("specialty", f"{ACTIVITY}|001,{ACTIVITY}|022"),
        ("specialty:not", f"{ACTIVITY}|437"),
        ("age-range-low", "15"),
        ("age-range-low", "le35|https://unitsofmeasure.org|a"),
        ("age-range-low", "180|https://unitsofmeasure.org|mo"),
        ("age-range-high", "ge35||a"),
        ("age-range-low", "ap16"),
        ("age-range-low", "gt14"),
        ("age-range-low", "sa14"),
        ("age-range-low", "eb16"),
        ("_lastUpdated", "2025-04-08"),
        ("_lastUpdated", "eq2025-04-08T13:05:27.000+00:00"),
        ("_lastUpdated", "2025-04-08T15:05:27+02:00"),
        ("_lastUpdated", "ap2025-04-08"),
        ("_tag", "06"),
        ("organization._id:above", "999999"),
        ("location._id", "888888"),
        ("location.near-insee-code", "97611|5|km"),
        ("location.near", "-12.78234|45.22878|5"),
        ("location.near", "-12.78234|45.22878|5000|m"),
        ("location.address-city", "mamou"),
        ("location.commune-cog", f"{COMMUNE}|18033,97611"),
        ("_filter", f"(specialty eq {ACTIVITY}|001 or {ACTIVITY}|022)"),
        (
            "_filter",
            "(age-range-low le 35|https://unitsofmeasure.org|a and age-range-high ge 35|https://unitsofmeasure.org|a)",
        ),
        ("_filter", '(location.address-postalcode eq "75" or "976")'),
        ("_filter", "_id eq 140 or 1234564"),
        ("_filter", "_id eq 1234564 and (service-type eq 01 or 02)"),
        ("_filter", "location.near-insee-code eq 97611|5|km"),
        ("_filter", "(_lastUpdated ge 2022-11-06T15:00 OR organization._lastUpdated:above ge 2022-11-06T15:00)"),
    ],
)
def test_the_official_example_is_found(engine: Engine, name: str, value: str) -> None:
    assert GYNAECOLOGY in ids(engine, (name, value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specialty", f"{ACTIVITY}|22"),
        ("specialty", "|022"),
        ("specialty:not", f"{ACTIVITY}|022"),
        ("name", "chirurgie"),
        ("name:exact", "5812"),
        ("age-range-low", "ne15"),
        ("age-range-low", "gt15"),
        ("age-range-low", "le14|https://unitsofmeasure.org|a"),
        ("age-range-low", "15|http://unitsofmeasure.org|kg"),
        ("age-range-low", "15|http://unitsofmeasure.org|furlong"),
        ("_lastUpdated", "gt2025-04-08"),
        ("_lastUpdated", "lt2025-04-08T13:05"),
        ("location.near", "-12.78234|45.22878|0|km"),
        ("_filter", "(_id eq 1234564 and service-type eq 05)"),
    ],
)
def test_the_official_example_is_not_found(engine: Engine, name: str, value: str) -> None:
    assert GYNAECOLOGY not in ids(engine, (name, value))


def test_repeated_parameters_must_all_be_met(engine: Engine) -> None:
    both = ids(engine, ("service-type", "01"), ("service-type", "05"))
    either = ids(engine, ("service-type", "01,05"))
    assert not both
    assert either == ids(engine, ("service-type", "01")) | ids(engine, ("service-type", "05"))


def test_capacity_conditions_may_be_met_by_different_indicators(engine: Engine, dataset: Dataset) -> None:
    """The real server over-matches so; a client has to check each indicator by itself (ROR-API 3.2)."""

    def whole(place: dict[str, object]) -> bool:
        for indicator in place.get("extension", []):  # type: ignore[attr-defined]
            parts = {one["url"]: one for one in indicator.get("extension", [])}
            if "nbCapacity" not in parts or "genderCapacityAvailable" not in parts:
                continue
            status = parts["capacityStatus"]["valueCodeableConcept"]["coding"][0]["code"]
            gender = parts["genderCapacityAvailable"]["valueCodeableConcept"]["coding"][0]["code"]
            if (status, gender) == ("02", "01") and parts["nbCapacity"]["valueInteger"] > 3:
                return True
        return False

    asked = (("capacity-status", "02"), ("gender-capacity-available", "01"), ("nb-capacity", "gt3"))
    found = ids(engine, *asked, resource_type="Location")
    true = {one["id"] for one in dataset.locations.values() if whole(one)}
    assert true < found


def test_an_identifier_is_found_by_its_type(engine: Engine, dataset: Dataset) -> None:
    system = "https://mos.esante.gouv.fr/NOS/TRE_R354-TypeIdentifiantRessourceOperationnelle/FHIR/TRE-R354-TypeIdentifiantRessourceOperationnelle"
    place = next(one for one in dataset.locations.values() if len(one.get("identifier", ())) == 2)
    zone = place["identifier"][1]["value"]
    assert place["id"] in ids(engine, ("identifier:of-type", f"{system}|26|{zone}"), resource_type="Location")
    assert not ids(engine, ("identifier:of-type", f"{system}|25|{zone}"), resource_type="Location")
    ids(engine, ("location.identifier:of-type", f"{system}|26|{zone}"))


def test_an_establishment_is_found_by_finess_with_and_without_the_national_prefix(
    engine: Engine, dataset: Dataset
) -> None:
    site = next(one for one in dataset.organizations.values() if one["name"] == "Centre hospitalier de Saint-Herblain")
    finess = next(one["value"] for one in site["identifier"] if one["system"] == "https://finess.esante.gouv.fr")
    with_prefix = ids(engine, ("organization.identifier:above", f"1{finess}"))
    assert with_prefix
    assert with_prefix == ids(engine, ("organization.identifier:above", finess))
    assert ids(engine, ("identifier", finess), resource_type="Organization") == {site["id"]}


def test_a_comma_after_a_backslash_belongs_to_the_value(engine: Engine, dataset: Dataset) -> None:
    offer = next(one for one in dataset.healthcare_services.values() if "," in one.get("name", ""))
    assert offer["id"] in ids(engine, ("name:exact", offer["name"].replace(",", "\\,")))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("foo", "1", "foo"),
        ("organization.identifier", "1", "organization.identifier"),
        ("organization:above.identifier", "1", "organization:above.identifier"),
        ("_sort", "_lastUpdated", "_sort"),
        ("__include", "HealthcareService:organization", "__include"),
        ("specialty:below", "1", ":below"),
        ("specialty", "", "specialty"),
        ("specialty", "a,,b", "specialty"),
        ("specialty", "|", "specialty"),
        ("age-range-low", "young", "young"),
        ("age-range-low", "le35|a", "35|a"),
        ("age-range-low", "le35|system|", "35|system|"),
        ("location.nb-capacity", "gt", "location.nb-capacity"),
        ("location.nb-capacity", "nan", "nan"),
        ("location.near", "47.2|-1.6", "location.near"),
        ("location.near", "147.2|-1.6|3|km", "147.2"),
        ("location.near", "47.2|-1.6|3|mi", "mi"),
        ("location.near", "47.2|-1.6|-3|km", "-3"),
        ("location.near-insee-code", "00000|15|km", "00000"),
        ("location.near-insee-code", "44162", "44162"),
        ("location.identifier:of-type", "26|1", "26|1"),
        ("_lastUpdated", "yesterday", "yesterday"),
        ("_lastUpdated", "ge2022-13-01", "2022-13-01"),
        ("_lastUpdated", "ge2022-11-06T15:00 02:00", "2022"),
        ("_count", "many", "_count"),
        ("_count", "-1", "_count"),
        ("_include", "HealthcareService:everything", "HealthcareService:everything"),
        ("_include:sideways", "HealthcareService:location", "sideways"),
        ("_revinclude", "HealthcareService:practitioner", "HealthcareService:practitioner"),
        ("_filter", "(specialty eq 1", "_filter"),
        ("_filter", "specialty eq 1)", "_filter"),
        ("_filter", "specialty", "_filter"),
        ("_filter", "specialty is 1", "is"),
        ("_filter", "specialty eq )", "_filter"),
        ("_filter", "specialty ge 1", "ge"),
        ("_filter", "foo eq 1", "foo"),
        ("_filter", 'specialty eq "1', "_filter"),
        ("_filter", "(" * 60 + "specialty eq 1" + ")" * 60, "_filter"),
        ("_filter", "specialty eq " + "x" * 20_000, "_filter"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(engine: Engine, name: str, value: str, told: str) -> None:
    with pytest.raises(InvalidParameterError) as refused:
        engine.search("HealthcareService", [(name, value)])
    assert refused.value.status == 400
    assert told in refused.value.diagnostics


def test_xml_is_not_served(engine: Engine) -> None:
    engine.search("HealthcareService", [("_format", "json"), ("_format", "application/fhir+json")])
    with pytest.raises(FhirError) as refused:
        engine.search("HealthcareService", [("_format", "xml")])
    assert refused.value.status == 406


def test_a_page_never_holds_more_than_200_matches(engine: Engine) -> None:
    assert engine.search("HealthcareService", [("_count", "5000")]).count == 200
    assert engine.search("HealthcareService", []).count == 200
    assert engine.search("HealthcareService", [("_count", "7")]).count == 7


def test_a_search_is_cut_at_its_limit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engines.TRUNCATED_AT == 10_000
    monkeypatch.setattr(engines, "TRUNCATED_AT", 50)
    assert len(engine.search("HealthcareService", []).ids) == 50


def test_matches_come_in_the_order_of_their_ids() -> None:
    found = Engine(Catalog(generate(40))).search("HealthcareService", []).ids
    numeric = [int(one) for one in found if one.isdecimal()]
    assert numeric == sorted(numeric)
    assert not found[-1].isdecimal()


def test_has_finds_the_offers_of_a_professional_as_the_shortcut_does(engine: Engine, dataset: Dataset) -> None:
    for practitioner in list(dataset.practitioners.values())[:20]:
        number = practitioner["identifier"][0]["value"]
        works_at = {
            reference["reference"].split("/")[1]
            for role in dataset.practitioner_roles.values()
            if role["practitioner"]["reference"] == f"Practitioner/{practitioner['id']}"
            for reference in role["healthcareService"]
        }
        assert ids(engine, ("_has:PractitionerRole:service:practitioner.identifier", number)) == works_at
        assert ids(engine, ("practitioner.identifier", number)) == works_at


def test_has_finds_the_places_of_offers(engine: Engine, dataset: Dataset) -> None:
    offers = [one for one in dataset.healthcare_services.values() if one.get("location")][:5]
    numbers = ",".join(one["identifier"][0]["value"] for one in offers)
    expected = {reference["reference"].split("/")[1] for one in offers for reference in one["location"]}
    found = ids(engine, ("_has:HealthcareService:location:identifier", numbers), resource_type="Location")
    assert found == expected


@pytest.mark.parametrize(
    "name",
    [
        "_has",
        "_has:PractitionerRole",
        "_has:PractitionerRole:service:code",
        "_has:HealthcareService:location:identifier",
    ],
)
def test_another_has_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(InvalidParameterError):
        ids(engine, (name, "1"))
