"""Canned answers of the ROR: searchsets of so many offers and all that belongs to them, as the look-alike has them."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any, Final

import httpx

from rorbridge.events.need import Need
from rorbridge.events.where import Point, Where
from rorbridge.lookalike.config import Config
from rorbridge.lookalike.dataset import generate
from rorbridge.lookalike.server import serving
from rorbridge.orientation.directory import Question
from rorbridge.ror import query
from rorbridge.ror.profile import RorProfile

ACTIVITY: Final = "013"
PARIS: Final = Point(latitude=48.8566, longitude=2.3522)
RADIUS_KM: Final = 60
"""Around Paris, where there are enough offers of the activity."""
_OFFERS: Final = 60_000
Resource = dict[str, Any]
Summary = dict[str, tuple[str | None, set[str]]]


async def searchset() -> Resource:
    """Ask the look-alike for two pages of 200 offers with everything that ours asks to be included, as one.

    Sensitive units are left out: nobody publishes them, and every subject is to answer with the same.
    """
    config = Config()
    async with serving(generate(_OFFERS, seed=1), config) as address, httpx.AsyncClient(timeout=60) as http:
        credentials = {"client_id": config.client_id, "client_secret": config.client_secret}
        answer = await http.post(address.token_url, data={"grant_type": "client_credentials"} | credentials)
        profile = RorProfile("CU20", "1.2.250.1.213.1.6.1.66", "AUTOMATE", "1.2.250.1.213.1.1.4.6")
        headers = {**profile.headers(), "Authorization": f"Bearer {answer.json()['access_token']}"}
        where = Where.model_validate({"near": PARIS, "radiusKm": RADIUS_KM})
        asked = query.build(Question(Need(activity=(ACTIVITY,)), where, RADIUS_KM))
        url = httpx.URL(f"{address.base_url}/HealthcareService", params=asked.parameters)
        first: Resource = (await http.get(url, headers=headers)).raise_for_status().json()
        [following] = [one["url"] for one in first["link"] if one["relation"] == "next"]
        second: Resource = (await http.get(following, headers=headers)).raise_for_status().json()
    entries = [one for one in (*first["entry"], *second["entry"]) if not _is_sensitive(one["resource"])]
    by_name = {f"{one['resource']['resourceType']}/{one['resource']['id']}": one for one in entries}
    return {**first, "entry": list(by_name.values())}


def _is_sensitive(resource: Resource) -> bool:
    return any(
        one["url"].endswith("ror-healthcareservice-sensitive-unit") and one.get("valueBoolean")
        for one in resource.get("extension", ())
    )


def cut(page: Resource, offers: int) -> bytes:
    """Give a page as of a search that found so many offers, with what belongs to these alone."""
    by_name = {f"{one['resource']['resourceType']}/{one['resource']['id']}": one for one in page["entry"]}
    matches = [one for one in page["entry"] if one["resource"]["resourceType"] == "HealthcareService"][:offers]
    if len(matches) < offers:
        raise ValueError(f"the look-alike has only {len(matches)} offers there")
    kept: dict[str, Resource] = {}
    waiting = list(matches)
    while waiting:
        entry = waiting.pop()
        name = f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        if name not in kept:
            kept[name] = entry
            waiting += [by_name[one] for one in _references(entry["resource"]) if one in by_name]
    # What refers to an offer is included as well: roles of those who work there.
    names = {name for name in kept if name.startswith("HealthcareService/")}
    for name, entry in by_name.items():
        if name not in kept and name.startswith("PractitionerRole/") and names & set(_references(entry["resource"])):
            kept[name] = entry
            kept |= {one: by_name[one] for one in _references(entry["resource"]) if one.startswith("Practitioner/")}
    entries = [*matches, *(one for one in kept.values() if one not in matches)]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": offers, "link": [], "entry": entries}
    return json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()


def plain(page: Resource, offers: int) -> bytes:
    """Give a page as of a search that asks for offers and their places alone."""
    found: Resource = json.loads(cut(page, offers))
    found["entry"] = [
        one for one in found["entry"] if one["resource"]["resourceType"] in {"HealthcareService", "Location"}
    ]
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def summary(page: Resource) -> Summary:
    """Tell what offers a page holds: name and reference of its places, by reference; what every answer must tell."""
    resources = [one["resource"] for one in page["entry"]]
    return {
        f"HealthcareService/{one['id']}": (one.get("name"), {place["reference"] for place in one["location"]})
        for one in resources
        if one["resourceType"] == "HealthcareService"
    }


def told(result: Resource) -> Summary:
    """Tell the same of a result."""
    return {
        one["reference"]: (one.get("name"), {place["reference"] for place in one["places"]})
        for one in result["offers"]
        if one["distanceKm"] >= 0
    }


def _references(value: object) -> list[str]:
    """List the references in a resource."""
    if isinstance(value, list):
        return [found for one in value for found in _references(one)]
    if not isinstance(value, dict):
        return []
    own = [value["reference"]] if isinstance(value.get("reference"), str) else []
    return own + [found for one in value.values() for found in _references(one)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("pages", nargs="+", metavar="page", help="how many offers, such as 20, or plain-20")
    options = parser.parse_args()
    whole = asyncio.run(searchset())
    for name in options.pages:
        kind, _, number = name.rpartition("-")
        (options.folder / f"{name}.json").write_bytes((plain if kind else cut)(whole, int(number)))
