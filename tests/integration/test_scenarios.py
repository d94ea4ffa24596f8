"""Every documented scenario through Kafka: no offer wrong, none missed, against a plain loop over the data."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rorbridge.events.examples import examples
from rorbridge.events.offer import Outcome
from rorbridge.events.result import OrientationResult, decode
from rorbridge.lookalike.config import Config
from rorbridge.lookalike.server import serving
from tests.support.communes import communes
from tests.support.kafka import Broker, Topics, publish, read
from tests.support.oracle import Oracle
from tests.support.processes import running_service
from tests.support.requests import ANSWERED, Sent, headers
from tests.support.ror import lookalike_environment

MOST = 200
OFFERS = 20_000


def scenarios() -> list[tuple[str, dict[str, Any]]]:
    """Give the example requests, each asking for as many offers as may be."""
    found = []
    for example in examples():
        content = json.loads(example.data)
        content.setdefault("answer", {})
        if "format" not in content["answer"]:  # a Bundle of 200 offers is more than a broker takes
            content["answer"] |= {"limit": MOST, "include": []}
        found.append((example.name, content))
    return found


async def ask(
    broker: Broker, topics: Topics, settings: dict[str, str], log: Path, asked: list[tuple[str, dict[str, Any]]]
) -> dict[str, OrientationResult]:
    """Send requests to a service of their own, and give the results by name."""
    sent = [Sent(name, None, json.dumps(content).encode(), headers(name), ANSWERED) for name, content in asked]
    await publish(broker, topics.requests, sent)
    with running_service(topics.settings(broker) | settings, log) as service:
        records = await read(broker, [topics.results], until=lambda found: len(found) >= len(sent), timeout_s=180)
        assert await asyncio.to_thread(service.terminate) == 0
    results = [decode(record.value or b"") for record in records]
    assert Counter(one.request_id for one in results) == Counter(name for name, _ in asked)
    return {one.request_id: one for one in results}


def offers_of(result: OrientationResult) -> list[str]:
    """Give the ids of the offers, from either format."""
    if result.bundle is None:
        return [one.reference.split("/")[1] for one in result.offers]
    return [entry["resource"]["id"] for entry in result.bundle["entry"] if entry["search"]["mode"] == "match"]


def check(name: str, content: dict[str, Any], result: OrientationResult, oracle: Oracle) -> int:
    """Compare a result with the truth; give how many offers there were."""
    assert result.search is not None, (name, result.problem)
    today = datetime.now(UTC).date()
    *narrower, last = result.search.rounds
    for told in narrower:
        too_few = len(oracle.expected(content, told.radius_km, today))
        assert told.kept == too_few < content["answer"].get("atLeast", 1), name
    expected = oracle.expected(content, last.radius_km, today)
    found = offers_of(result)
    assert len(found) == len(set(found))
    assert set(found) <= expected, (name, "wrong", set(found) - expected)
    assert len(found) == min(len(expected), content["answer"]["limit"]), (name, "missed", expected - set(found))
    assert result.search.total == len(expected)
    assert result.status == ("matched" if expected else "no-match")
    return len(expected)


@pytest.mark.kafka
@pytest.mark.parametrize(
    "seed", [pytest.param(one, marks=pytest.mark.xdist_group(f"seed {one}")) for one in range(1, 6)]
)
async def test_no_offer_is_wrong_and_none_is_missed(seed: int, broker: Broker, topics: Topics, tmp_path: Path) -> None:
    oracle = Oracle(OFFERS, seed, communes())
    asked = scenarios()
    async with serving(oracle.data, Config()) as address:
        results = await ask(
            broker, topics, lookalike_environment(address, Config(), access_profile=1), tmp_path / "log", asked
        )
    counts = {name: check(name, content, results[name], oracle) for name, content in asked}
    assert sum(count > 0 for count in counts.values()) >= len(counts) - 2, counts
    for name, content in asked:
        for offer in results[name].offers:
            criteria = {*content["need"], *content.get("where", {})} - {"radiusKm", "maxRadiusKm"}
            assert {evidence.criterion for evidence in offer.match} == criteria


@pytest.mark.kafka
async def test_the_capacity_trap_catches_nobody(broker: Broker, topics: Topics, tmp_path: Path) -> None:
    """The server ANDs conditions over different indicators, so most of its answer is false here."""
    oracle = Oracle(4_000, 7, communes())
    split_indicators(oracle)
    capacity = {"kind": "bed", "status": "available", "gender": "female", "horizon": "now", "atLeast": 3}
    asked = [
        (
            f"trap-{region}",
            {"need": {"capacity": capacity}, "where": {"region": region}, "answer": {"limit": MOST, "include": []}},
        )
        for region in ("11", "84", "93", "44", "76", "75")
    ]
    async with serving(oracle.data, Config()) as address:
        results = await ask(
            broker, topics, lookalike_environment(address, Config(), access_profile=1), tmp_path / "log", asked
        )
    kept = sum(check(name, content, results[name], oracle) for name, content in asked)
    rounds = [told for one in results.values() if one.search for told in one.search.rounds]
    found = sum(told.found for told in rounds)
    assert kept > 0
    assert found >= 2 * kept, "the trap is no trap"
    assert sum((told.left_out or {}).get("capacity", 0) for told in rounds) > 0
    assert all(
        evidence.outcome is Outcome.MET for one in results.values() for offer in one.offers for evidence in offer.match
    )


def split_indicators(oracle: Oracle) -> None:
    """Give most places indicators that meet every condition together, and none of them all by itself."""
    sd = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-location-supported-capacity"
    for number, place in enumerate(sorted(oracle.data.locations.values(), key=lambda one: str(one["id"]))):
        indicators = [one for one in place["extension"] if one["url"] == sd]
        if not indicators:
            continue
        others = [one for one in place["extension"] if one["url"] != sd]
        true = [indicator(indicators[0], "02", "01", 5)]
        trap = [indicator(indicators[0], "02", "02", 5), indicator(indicators[0], "01", "01", 9)]
        trap.append(indicator(indicators[0], "02", "01", 1))
        place["extension"] = others + (true if number % 5 == 0 else trap)


def indicator(template: dict[str, Any], status: str, gender: str, number: int) -> dict[str, Any]:
    """Copy an indicator with another status, gender and number: a bed, now."""
    nos = "https://mos.esante.gouv.fr/NOS/TRE_{0}/FHIR/TRE-{0}"

    def coded(url: str, name: str, code: str) -> dict[str, Any]:
        return {"url": url, "valueCodeableConcept": {"coding": [{"system": nos.format(name), "code": code}]}}

    changed = {
        "capacityType": coded("capacityType", "R329-NatureCapacite", "01"),
        "capacityStatus": coded("capacityStatus", "R330-TypeStatutCapacite", status),
        "temporalityCapacity": coded("temporalityCapacity", "R331-TemporaliteCapacite", "01"),
        "genderCapacityAvailable": coded("genderCapacityAvailable", "R332-GenreCapacite", gender),
        "nbCapacity": {"url": "nbCapacity", "valueInteger": number},
    }
    kept = [one for one in template["extension"] if one["url"] not in changed]
    return {"url": template["url"], "extension": [*kept, *changed.values()]}
