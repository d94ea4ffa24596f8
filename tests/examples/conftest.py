"""The examples, set up once, and the service that they talk to."""

import asyncio
import shutil
from collections.abc import Iterator

import httpx
import pytest

from rorbridge.bus.maven import NotToBeHadError, jdk
from tests.examples.consumer import Example, set_up
from tests.examples.requests import AMID_FAULTS
from tests.examples.stage import Stage
from tests.support.kafka import Broker, delete_topics, new_topics
from tests.support.leftout import left_out
from tests.support.processes import running_lookalike, running_service, told_environment

OFFERS = 5000


@pytest.fixture(scope="session")
def stage(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    topics = asyncio.run(new_topics(broker))
    log = tmp_path_factory.mktemp("service") / "log"
    with running_lookalike(OFFERS, "--faults") as lookalike:
        fault = {"fault": "not-json", "probability": 1, "where": str(AMID_FAULTS["latitude"])}
        httpx.put(httpx.URL(lookalike["base_url"]).join("/_faults"), json={"rules": [fault]}).raise_for_status()
        with running_service(topics.settings(broker) | told_environment(lookalike), log) as service:
            asyncio.run(service.ready())
            yield Stage(broker, topics)
            assert service.terminate() == 0
    asyncio.run(delete_topics(broker, topics))


@pytest.fixture(scope="session", params=["python-consumer", "java-consumer"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Example:
    folder = tmp_path_factory.mktemp("as-its-user")
    if request.param == "python-consumer":
        return set_up("python-consumer", folder, exit_on_sigterm=0)
    try:
        jdk("javac")
        if shutil.which("mvn") is None:
            raise NotToBeHadError("Maven (mvn) is needed: https://maven.apache.org/install.html")
    except NotToBeHadError as error:
        left_out(str(error))
    return set_up("java-consumer", folder, exit_on_sigterm=143)
