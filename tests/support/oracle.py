"""Which offers of a look-alike's data meet a request, by a plain loop over the FHIR JSON.

Written from ROR-API and the contract, without a line of the product's own reading of FHIR, so that a shared mistake
cannot hide. Slow and simple on purpose.
"""

import math
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from rorbridge.events.where import REGIONS
from rorbridge.lookalike.dataset import generate
from rorbridge.lookalike.resources import Dataset

Json = dict[str, Any]
SD = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/"

CHARACTERISTICS = {
    "careMode": ["R213"],
    "receptionModality": ["R338"],
    "receptionType": ["R240"],
    "specialisation": ["R245"],
    "competence": ["R243"],
    "expertiseLevel": ["R253", "R344"],
}
KIND = {"bed": "01", "place": "02", "lodging": "03"}
STATUS = {"installed": "01", "available": "02", "occupied": "03", "reserved": "04", "closed": "05", "additional": "06"}
HORIZON = {"now": "01", "1h": "02", "24h": "03", "48h": "04", "7d": "05"}
GENDER = {"female": {"01", "03", "04"}, "male": {"02", "03", "04"}}
CLOSING = {"reopenable": "01", "notReopenable": "02", "undetermined": "03"}
DAYS = {"a": 365.25, "mo": 30.4375, "d": 1.0}


@cache
def tre(system: str) -> str:
    """R213 of https://mos.esante.gouv.fr/NOS/TRE_R213-ModePriseEnCharge/FHIR/TRE-R213-ModePriseEnCharge."""
    return system.rsplit("/TRE_", maxsplit=1)[-1].split("-", maxsplit=1)[0]


def subs(resource: Json, url: str) -> list[Json]:
    return [one for one in resource.get("extension", []) if one["url"] in {url, SD + url}]


def first_code(concept: Json) -> str:
    return str(concept["coding"][0]["code"])


def codes(concepts: list[Json], *systems: str) -> set[str]:
    return {c["code"] for concept in concepts for c in concept.get("coding", []) if tre(c.get("system", "")) in systems}


def qualified(concepts: list[Json]) -> set[str]:
    return {f"{tre(c.get('system', ''))}|{c['code']}" for concept in concepts for c in concept.get("coding", [])}


def wanted_met(wanted: Any, held: set[str]) -> bool:
    if isinstance(wanted, dict):
        return set(wanted["allOf"]) <= held
    return not wanted or bool(set(wanted) & held)


def acts(service: Json, kind: str) -> set[str]:
    chosen = []
    for one in service["characteristic"]:
        told = [e["valueCode"] for e in one.get("extension", []) if e["url"] == SD + "ror-act-type"]
        if (told or ["specificAct"])[0] == kind:
            chosen.append(one)
    return codes(chosen, "R210")


def haversine_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    phi1, phi2 = math.radians(a[0]), math.radians(b[0])
    half = (
        math.sin((phi2 - phi1) / 2) ** 2
        + math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    )
    return 2 * 6371.0088 * math.asin(math.sqrt(half))


class Oracle:
    """The truth about one data set, as an access profile that sees everything would tell it."""

    def __init__(self, offers: int, seed: int, communes: dict[str, tuple[float, float]]) -> None:
        self.data: Dataset = generate(offers, seed)
        self.communes = communes
        self.roles: dict[str, list[Json]] = {}
        for role in self.data.practitioner_roles.values():
            for reference in role["healthcareService"]:
                self.roles.setdefault(reference["reference"].split("/")[1], []).append(role)

    def expected(self, request: Json, radius_km: float | None, today: date) -> set[str]:
        """Ids of the offers that must be found: they meet the need, are open and no sensitive unit."""
        return {
            id_
            for id_, service in self.data.healthcare_services.items()
            if not self.sensitive(service)
            # Who asks by professional learns who works where, which the public may of offers of Ville alone.
            and ("practitioner" not in request["need"] or codes(service["type"], "R227") == {"05"})
            and not self.closed(service, today)
            and self.meets_offer(service, request["need"], request.get("where") or {}, today)
            and self.meets_place(service, request["need"], request.get("where") or {}, radius_km)
        }

    def sensitive(self, service: Json) -> bool:
        return any(one["valueBoolean"] for one in subs(service, "ror-healthcareservice-sensitive-unit"))

    def closed(self, service: Json, day: date) -> bool:
        if service.get("active") is False:
            return True
        periods = [one["during"] for one in service.get("notAvailable", []) if "during" in one]
        for period in periods:
            start = date.fromisoformat(period.get("start", "0001-01-01")[:10])
            end = date.fromisoformat(period.get("end", "9999-12-31")[:10])
            if start <= day < end:
                return True
        return not periods and bool(codes(service["characteristic"], "R286") & {"DEF", "PRO"})

    def meets_offer(self, service: Json, need: Json, where: Json, today: date) -> bool:
        patient = (subs(service, "ror-healthcareservice-patient-type") or [{}])[0]
        publics = [one["valueCodeableConcept"] for one in subs(patient, "supportedPatientInfo")]
        tags = service.get("meta", {}).get("tag", [])
        # Functions, since most are not asked for, and there are 20,000 offers.
        held: dict[str, Callable[[], set[str]]] = {
            "activity": lambda: codes(service["specialty"], "R211"),
            "family": lambda: codes(service["specialty"], "R265", "R266"),
            "offerType": lambda: codes(service.get("category", []), "R244"),
            "field": lambda: codes(service["type"], "R227"),
            "audience": lambda: codes(publics, "R239"),
            "sourceRegion": lambda: {tag["code"] for tag in tags if tre(tag.get("system", "")) == "R30"},
            "specificAct": lambda: acts(service, "specificAct"),
            "outsideOfficeAct": lambda: acts(service, "outsideOfficeAct"),
            "profession": lambda: qualified(service["characteristic"]),
            **{name: partial(codes, service["characteristic"], *systems) for name, systems in CHARACTERISTICS.items()},
        }
        if not all(wanted_met(need[name], held[name]()) for name in held if name in need):
            return False
        if "age" in need and not self.takes_in(patient, need["age"]):
            return False
        if sectors := need.get("psychiatricSector"):
            told = {one["valueString"] for one in subs(service, "ror-healthcareservice-psychiatric-sector")}
            if not told & set(sectors):
                return False
        if "openAt" in need and not self.open_at(service, datetime.fromisoformat(need["openAt"])):
            return False
        if "establishment" in need and not self.belongs(service, need["establishment"]):
            return False
        if "practitioner" in need and not any(
            self.is_professional(role, need["practitioner"]) for role in self.roles.get(service["id"], [])
        ):
            return False
        return "serves" not in where or bool(self.served(service) & set(where["serves"]))

    def takes_in(self, patient: Json, age: Json) -> bool:
        ranges = subs(patient, "ageRange")
        if not ranges:
            return True  # not visible is kept
        low, high = ranges[0]["valueRange"]["low"], ranges[0]["valueRange"]["high"]
        days = age["value"] * DAYS[age.get("unit", "a")]
        at_least = low["value"] * DAYS[low.get("code", "a")]
        below = (high["value"] + 1) * DAYS[high.get("code", "a")]
        return bool(at_least <= days < below)

    def served(self, service: Json) -> set[str]:
        found = set()
        for division in subs(service, "ror-territorial-division"):
            for one in subs(division, "codeTerritorialDivision"):
                found |= codes([one["valueCodeableConcept"]], "R13")
        return found

    def open_at(self, service: Json, moment: datetime) -> bool:
        local = moment.astimezone(ZoneInfo("Europe/Paris"))
        if self.closed(service, local.date()):
            return False
        slots = service.get("availableTime", [])
        if not slots:
            return True  # not visible is kept
        kinds = [self.slot_kind(slot) for slot in slots if self.slot_covers(slot, local)]
        return bool(kinds) and "08" not in kinds

    def slot_kind(self, slot: Json) -> str:
        told = subs(slot, "ror-available-time-type-of-time")
        return first_code(told[0]["valueCodeableConcept"]) if told else ""

    def slot_covers(self, slot: Json, local: datetime) -> bool:
        start, end = slot.get("availableStartTime", "00:00:00"), slot.get("availableEndTime", "23:59:00")
        if start <= end:
            end = "24:00:00" if end >= "23:59" else end
            return start <= local.strftime("%H:%M:%S") < end and self.slot_day(slot, local)
        clock, eve = local.strftime("%H:%M:%S"), local - timedelta(days=1)
        return (clock >= start and self.slot_day(slot, local)) or (clock < end and self.slot_day(slot, eve))

    def slot_day(self, slot: Json, local: datetime) -> bool:
        number = [one["valueInteger"] for one in subs(slot, "ror-available-time-number-days-of-week")]
        native = [
            ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].index(one) + 1 for one in slot.get("daysOfWeek", [])
        ]
        days = number or native
        if days and local.isoweekday() not in days:
            return False
        for one in subs(slot, "ror-available-time-effective-opening-closing-date"):
            period = one["valuePeriod"]
            day = local.date().isoformat()
            if not period.get("start", "")[:10] <= day <= period.get("end", "9999")[:10]:
                return False
        return True

    def above(self, service: Json) -> Iterator[Json]:
        reference = service["providedBy"]["reference"]
        while reference:
            organization = self.data.organizations[reference.split("/")[1]]
            yield organization
            reference = organization.get("partOf", {}).get("reference")

    def belongs(self, service: Json, asked: Json) -> bool:
        levels = list(self.above(service))
        numbers = {one.get("value") for level in levels for one in level.get("identifier", [])}
        kinds = {code for level in levels for code in codes(level.get("type", []), "R66", "R02")}
        return (
            ("finess" not in asked or asked["finess"] in numbers or f"1{asked['finess']}" in numbers)
            and ("idNatStruct" not in asked or asked["idNatStruct"] in numbers)
            and wanted_met(asked.get("category"), kinds)
        )

    def is_professional(self, role: Json, asked: Json) -> bool:
        person = self.data.practitioners[role["practitioner"]["reference"].split("/")[1]]
        numbers = {one["value"] for one in person["identifier"]}
        return (
            ("rpps" not in asked or bool(numbers & {asked["rpps"], f"8{asked['rpps']}"}))
            and wanted_met(asked.get("profession"), codes(role["code"], "G15"))
            and wanted_met(asked.get("specialty"), codes(role["specialty"], "R38"))
        )

    def meets_place(self, service: Json, need: Json, where: Json, radius_km: float | None) -> bool:
        """One open place must be where it was asked for and have all the beds and devices that were asked for."""
        asks_place = set(where) - {"serves", "radiusKm", "maxRadiusKm"} or need.get("equipment") or need.get("capacity")
        if not asks_place:
            return True
        for reference in service.get("location", []):
            place = self.data.locations[reference["reference"].split("/")[1]]
            if self.place_closed(place):
                continue
            if (
                self.lies_there(place, where, radius_km)
                and all(self.has_device(place, device) for device in need.get("equipment", []))
                and ("capacity" not in need or self.has_capacity(place, need["capacity"]))
            ):
                return True
        return False

    def place_closed(self, place: Json) -> bool:
        return place.get("operationalStatus", {}).get("code") in {"1", "2"} or place.get("status") in {
            "inactive",
            "suspended",
        }

    def lies_there(self, place: Json, where: Json, radius_km: float | None) -> bool:
        cog = first_code(subs(place, "ror-commune-cog")[0]["valueCodeableConcept"])
        if "near" in where or "commune" in where:
            near = where.get("near")
            centre = (near["latitude"], near["longitude"]) if near else self.communes[where["commune"]]
            if "position" not in place:
                return False
            here = (place["position"]["latitude"], place["position"]["longitude"])
            assert radius_km is not None
            return haversine_km(centre, here) <= radius_km
        if "communes" in where:
            return cog in where["communes"]
        if "postalCodes" in where:
            return place.get("address", {}).get("postalCode") in where["postalCodes"]
        departments = REGIONS[where["region"]] if "region" in where else where.get("departments")
        return departments is None or (cog[:3] if cog.startswith("97") else cog[:2]) in departments

    def has_device(self, place: Json, asked: Json) -> bool:
        for device in subs(place, "ror-location-equipment"):
            if first_code(subs(device, "equipmentType")[0]["valueCodeableConcept"]) != asked["type"]:
                continue
            if "feature" not in asked:
                return True
            for limit in subs(device, "ror-location-equipment-limit"):
                value = subs(limit, "limitValue")[0]["valueQuantity"]
                if (
                    first_code(subs(limit, "equipmentFeature")[0]["valueCodeableConcept"]) == asked["feature"]
                    and value.get("code", value.get("unit")) == asked["atLeast"]["unit"]
                    and value["value"] >= asked["atLeast"]["value"]
                ):
                    return True
        return False

    def has_capacity(self, place: Json, asked: Json) -> bool:
        return any(
            self.is_indicator({one["url"]: one for one in indicator["extension"]}, asked)
            for indicator in subs(place, "ror-location-supported-capacity")
        )

    def is_indicator(self, parts: dict[str, Json], asked: Json) -> bool:
        def is_code(url: str, *expected: str) -> bool:
            return url in parts and first_code(parts[url]["valueCodeableConcept"]) in expected

        return (
            is_code("capacityType", KIND[asked.get("kind", "bed")])
            and is_code("capacityStatus", STATUS[asked.get("status", "available")])
            and is_code("temporalityCapacity", HORIZON[asked.get("horizon", "now")])
            and ("gender" not in asked or is_code("genderCapacityAvailable", *GENDER[asked["gender"]]))
            and ("closing" not in asked or is_code("capacityClosingType", CLOSING[asked["closing"]]))
            and parts["nbCapacity"]["valueInteger"] >= asked.get("atLeast", 1)
        )
