"""A service with its look-alike and topics, for the commands that talk to them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.kafka import Broker, Topics, delete_topics, new_topics
from tests.support.processes import running_lookalike, running_service, told_environment


@dataclass(frozen=True)
class Stage:
    """What runs, and the settings that lead to it."""

    broker: Broker
    topics: Topics
    settings: dict[str, str]


@contextmanager
def running_stage(broker: Broker, log: Path) -> Iterator[Stage]:
    """Run a look-alike of 2,000 offers and the service. A search for activity zz8 is answered with what is no JSON."""
    topics = asyncio.run(new_topics(broker))
    with running_lookalike(2_000, "--faults") as address:
        plan = {"rules": [{"fault": "not-json", "probability": 1, "where": "zz8"}]}
        origin = address["base_url"].partition("/ws-")[0]
        httpx.put(f"{origin}/_faults", json=plan).raise_for_status()
        settings = topics.settings(broker) | told_environment(address)
        with running_service(settings, log) as service:
            asyncio.run(service.ready())
            yield Stage(broker, topics, settings)
    asyncio.run(delete_topics(broker, topics))
