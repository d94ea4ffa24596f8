"""Example requests with their results, one of each status, as the product answers them.

``python -m tests.support.answered`` has the look-alike asked and writes them into the package.
"""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

import rorbridge.events.examples
from rorbridge.bus.answer import Answerer
from rorbridge.events.envelope import request_headers
from rorbridge.events.result import decode, encode
from rorbridge.lookalike.config import Config
from rorbridge.lookalike.dataset import generate
from rorbridge.lookalike.faults import Plan, Rule
from rorbridge.lookalike.server import serving
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.nomenclature import Nos
from rorbridge.settings import KafkaSettings
from tests.support.records import record
from tests.support.ror import ror_settings

FOLDER = Path(rorbridge.events.examples.__file__).parent / "answered"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""When the examples are asked and answered; the look-alike's data do not look at the clock."""

NANTES = {"near": {"latitude": 47.2183, "longitude": -1.5534}, "radiusKm": 30, "maxRadiusKm": 120}
BROKEN = "0529"
"""The ROR's answers about this act are cut off."""

REQUESTS: dict[str, dict[str, Any]] = {
    "matched": {
        "need": {
            "age": {"value": 35},
            "capacity": {"kind": "bed", "status": "available", "gender": "female", "horizon": "now", "atLeast": 1},
        },
        "where": NANTES,
        "answer": {"limit": 1, "order": "availability", "include": ["contacts", "capacities", "equipment"]},
        "deadline": "2026-11-24T08:00:05Z",
        "requester": {"application": "via-parcours", "purpose": "orientation"},
    },
    "no-match": {
        "need": {"activity": ["013"], "age": {"value": 6, "unit": "mo"}},
        "where": {"commune": "44162", "radiusKm": 15, "maxRadiusKm": 60},
    },
    "rejected": {
        "need": {"activity": "013", "urgent": True},
        "where": {"commune": "4416", "radiusKm": 15},
    },
    "failed": {"need": {"specificAct": [BROKEN]}, "where": {"departments": ["44"]}},
    "expired": {"need": {"activity": ["013"]}, "where": {"region": "52"}, "deadline": "2026-11-24T07:59:58Z"},
}
"""A request for each status."""


async def answered() -> dict[str, bytes]:
    """Give the files: for each status a request and its result."""
    config = Config(faults=True)
    async with serving(generate(2_000, 1), config) as address:
        settings = ror_settings(
            address, client_id=config.client_id, client_secret=config.client_secret, access_profile=1
        )
        await _cut_off(address.base_url)
        async with RorDirectory(settings) as directory:
            resolver = Resolver(directory, Nos(), Audience(), settings.access_profile, now=lambda: NOW)
            answerer = Answerer(resolver, KafkaSettings(bootstrap_servers="localhost:9092"), now=lambda: NOW)
            results = await asyncio.gather(
                *(_result(answerer, f"example-{number}", asked) for number, asked in enumerate(REQUESTS.values(), 1))
            )
    return {
        f"{status}.json": json.dumps({"request": asked, "result": result}, ensure_ascii=False, indent=2).encode()
        + b"\n"
        for (status, asked), result in zip(REQUESTS.items(), results, strict=True)
    }


async def _cut_off(base_url: str) -> None:
    plan = Plan(rules=[Rule("truncated", probability=1, where=BROKEN)])
    async with httpx.AsyncClient() as http:
        told = await http.put(httpx.URL(base_url).copy_with(path="/_faults"), content=msgspec.json.encode(plan))
        told.raise_for_status()


async def _result(answerer: Answerer, id_: str, asked: dict[str, Any]) -> dict[str, Any]:
    value = json.dumps(asked, ensure_ascii=False).encode()
    headers = request_headers(id_=id_, source="urn:via-parcours", time=NOW)
    published, *_ = await answerer.answer(record(value, headers), lambda waits: None)
    result = decode(published.value)
    if result.search:
        result = replace(result, search=replace(result.search, as_of=NOW))
    content: dict[str, Any] = json.loads(encode(result))
    return content


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in asyncio.run(answered()).items():
        (FOLDER / name).write_bytes(content)
