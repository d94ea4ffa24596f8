"""A searchset becomes offers; the official examples of the ANS come out whole."""

from rorbridge.events import codesystems as cs
from rorbridge.events.contract import CodedValue
from rorbridge.events.offer import Offer
from rorbridge.orientation import fhir
from rorbridge.orientation.assemble import Assembler
from rorbridge.orientation.candidate import join
from rorbridge.orientation.match import Verdict
from rorbridge.ror.terminology import display
from tests.support.fhir import Resource, concept, location, official, searchset, service

ASSEMBLER = Assembler(display)
ALL = ("practitioners", "contacts", "openingHours")


def offer(*resources: Resource, distances: dict[str, float] | None = None, include: tuple[str, ...] = ALL) -> Offer:
    [candidate] = join(searchset(*resources, distances=distances))
    return ASSEMBLER.assemble(Verdict(candidate, None), include)


def with_id(resource: Resource, id_: str, **changes: object) -> Resource:
    return resource | {"id": id_} | changes


def test_the_official_hospital_example() -> None:
    found = offer(official("HealthcareService-1234564"), with_id(official("Location-ror-location-exemple"), "888888"))
    assert found.reference == "HealthcareService/1234564"
    assert found.identifier == "06/0099999"
    assert found.name == "5812  Chirurgie gynécologique - HOSPITALISATION COMPLETE"
    assert found.offer_type is not None
    assert found.offer_type.code == "157"
    assert found.field is not None
    assert found.field.code == "01"
    assert [one.code for one in found.activities] == ["022"]
    assert found.ages is not None
    assert (found.ages.low, found.ages.low_unit, found.ages.high) == (15, "a", 150)
    [contact] = found.contacts
    assert contact.purpose is not None
    assert contact.purpose.display == "Standard"
    assert contact.confidentiality == 1
    [telecom] = contact.telecoms
    assert (telecom.value, telecom.confidentiality) == ("0199999999", 1)
    assert [one.day for one in found.opening_hours] == [1, 2, 3, 4, 5, 6, 7]
    assert {(one.opens, one.closes, one.valid_from) for one in found.opening_hours} == {
        ("00:00:00", "23:59:00", "2025-04-08")
    }
    [place] = found.places
    assert place.reference == "Location/888888"
    assert place.address is not None
    assert (place.address.lines, place.address.postal_code, place.address.commune) == (
        ("7 rue porte de Buc",),
        "78000",
        "78646",
    )
    assert not found.sensitive
    assert found.last_updated == "2025-04-08T13:05:27.000+00:00"


def test_the_official_practice_example_with_its_professional() -> None:
    found = offer(
        with_id(official("HealthcareService-ror-healthcareservice-exemple-ville"), "9597"),
        with_id(official("PractitionerRole-ror-practitionerrole-exemple"), "77"),
        with_id(official("Practitioner-ror-practitioner-exemple"), "2524"),
    )
    assert [one.code for one in found.care_modes] == ["32"]
    [person] = found.practitioners
    assert person.reference == "PractitionerRole/77"
    assert person.practitioner == "Practitioner/2524"
    assert person.name == "Mylène Tenor"  # the name of exercise, in the old extension's URL
    assert person.rpps == "11111573474"
    assert person.profession is not None
    assert person.profession.display == "Infirmier"
    assert found.ages is not None
    assert (found.ages.low_unit, found.ages.high) == ("a", 120)
    friday = [(one.opens, one.closes, one.kind.code) for one in found.opening_hours if one.day == 5 and one.kind]
    assert friday == [("14:00:00", "19:00:00", "07"), ("09:00:00", "12:00:00", "06")]


def test_levels_climb_from_the_provider_to_the_legal_entity_with_finess() -> None:
    establishment = with_id(
        official("Organization-ror-organisation-exemple-eg"), "200", partOf={"reference": "Organization/300"}
    )
    legal = with_id(official("Organization-ror-organization-exemple-ej"), "300")
    internal = {
        "resourceType": "Organization",
        "id": "100",
        "name": "Pôle",
        "type": [
            {
                "coding": [
                    {
                        "system": "https://mos.esante.gouv.fr/NOS/TRE_R207-TypeOrganisationInterne/FHIR/TRE-R207-TypeOrganisationInterne",
                        "code": "1",
                    }
                ]
            }
        ],
        "partOf": {"reference": "https://other.example/ws/Organization/200/_history/3"},
    }
    found = offer(service(), location(), legal, establishment, internal)
    assert [(one.level, one.reference) for one in found.organisations] == [
        ("OI", "Organization/100"),
        ("EG", "Organization/200"),
        ("EJ", "Organization/300"),
    ]
    assert found.organisations[1].finess == "458174839"
    assert found.organisations[1].kind == CodedValue(
        "https://mos.esante.gouv.fr/NOS/TRE_R66-CategorieEtablissement/FHIR/TRE-R66-CategorieEtablissement",
        "460",
        "Service autonomie aide (SAA)",
    )
    assert {(one.kind, one.value) for one in found.organisations[2].identifiers} == {
        ("idNatStruct", "2921317258"),
        ("siren", "921317258"),
    }


def test_an_organisation_that_is_part_of_itself_ends_the_climb() -> None:
    loop = {"resourceType": "Organization", "id": "100", "partOf": {"reference": "Organization/100"}}
    assert [one.reference for one in offer(service(), loop).organisations] == ["Organization/100"]


def test_a_place_has_its_distance_from_the_included_entry() -> None:
    found = offer(service(places=("10", "11")), location("10"), location("11"), distances={"11": 10.5})
    assert [(one.reference, one.distance_km) for one in found.places] == [("Location/10", None), ("Location/11", 10.5)]


def test_references_to_what_is_not_there_are_left_out() -> None:
    found = offer(service(places=("10", "404")), location("10"))
    assert [one.reference for one in found.places] == ["Location/10"]
    assert found.organisations == ()


def test_optional_parts_come_only_when_asked_for() -> None:
    found = offer(official("HealthcareService-1234564"), include=())
    assert (found.contacts, found.opening_hours, found.practitioners) == ((), (), ())


def test_a_device_says_how_many_there_are_and_what_they_can_do() -> None:
    limited = {
        "url": fhir.SD + "ror-location-equipment",
        "extension": [
            {"url": "equipmentType", "valueCodeableConcept": concept(cs.EQUIPMENT, "088")},
            {"url": "nbInService", "valueInteger": 2},
            {
                "url": fhir.SD + "ror-location-equipment-limit",
                "extension": [
                    {"url": "equipmentFeature", "valueCodeableConcept": concept(cs.EQUIPMENT_FEATURE, "001")},
                    {"url": "limitValue", "valueQuantity": {"value": 250, "unit": "kg"}},
                ],
            },
            {"url": fhir.SD + "ror-location-equipment-limit", "extension": []},
        ],
    }
    place = location()
    place["extension"].append(limited)
    [shown] = offer(service(), place, include=("equipment",)).places
    [device] = shown.equipment
    assert device.type is not None
    assert (device.type.code, device.number) == ("088", 2)
    assert [(one.feature and one.feature.code, one.value, one.unit) for one in device.limits] == [
        ("001", 250, "kg"),
        (None, None, None),
    ]


def test_a_practitioner_of_whom_no_name_is_known_is_told_all_the_same() -> None:
    role = with_id(official("PractitionerRole-ror-practitionerrole-exemple"), "77", extension=[])
    person = with_id(official("Practitioner-ror-practitioner-exemple"), "2524", name=[])
    found = offer(with_id(official("HealthcareService-ror-healthcareservice-exemple-ville"), "9597"), role, person)
    [told] = found.practitioners
    assert (told.reference, told.name) == ("PractitionerRole/77", None)


def test_codings_without_a_code_and_references_to_something_else_are_passed_over() -> None:
    provider = {
        "resourceType": "Organization",
        "id": "100",
        "type": [
            {"coding": [{"system": cs.ESTABLISHMENT_CATEGORY}, {"code": "1"}]},
            concept(cs.ESTABLISHMENT_CATEGORY, "460"),
            concept(cs.ESTABLISHMENT_CATEGORY, "461"),
        ],
        "partOf": {"reference": "Location/10"},
    }
    place = location(type=[{"coding": [{"system": cs.FIELD}]}, {"text": "?"}])
    found = offer(service(location=[{"reference": "Location/10"}, {"reference": "10"}, {}]), provider, place)
    [level] = found.organisations
    assert level.kind is not None
    assert level.kind.code == "460"
    [shown] = found.places
    assert (shown.reference, shown.function) == ("Location/10", None)
