"""The servers of a session: each started once, by the first test that needs it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from rorbridge.bus.maven import NotToBeHadError
from tests.interop.apicurio import Apicurio, running_apicurio
from tests.interop.hapi import Hapi, running_hapi
from tests.interop.keycloak import Keycloak, running_keycloak
from tests.interop.requests import requests
from tests.interop.servers import OFFERS, SEED, Servers
from tests.support.communes import communes
from tests.support.leftout import left_out
from tests.support.oracle import Oracle
from tests.support.processes import running_lookalike


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """The truth about the data that both servers hold."""
    return Oracle(OFFERS, SEED, communes())


@pytest.fixture(scope="session")
def requested(oracle: Oracle) -> dict[str, dict[str, Any]]:
    return requests(oracle, datetime.now(UTC).date())


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    try:
        with running_keycloak(tmp_path_factory.mktemp("keycloak")) as running:
            yield running
    except NotToBeHadError as error:
        left_out(str(error))


@pytest.fixture(scope="session")
def hapi(tmp_path_factory: pytest.TempPathFactory, oracle: Oracle) -> Iterator[Hapi]:
    try:
        with running_hapi(tmp_path_factory.mktemp("hapi"), oracle.data) as running:
            yield running
    except NotToBeHadError as error:
        left_out(str(error))


@pytest.fixture(scope="session")
def apicurio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apicurio]:
    try:
        with running_apicurio(tmp_path_factory.mktemp("apicurio")) as running:
            yield running
    except NotToBeHadError as error:
        left_out(str(error))


@pytest.fixture(scope="session")
def servers(keycloak: Keycloak, hapi: Hapi) -> Iterator[Servers]:
    """HAPI behind Keycloak's tokens, and the look-alike, with the same data."""
    # Both FHIR servers speak plain HTTP, so that no client has to read the authorities of the system.
    with (
        running_lookalike(OFFERS, "--seed", str(SEED)) as lookalike,
        httpx.Client(verify=False, timeout=30.0) as http,
    ):
        yield Servers(keycloak, hapi, lookalike, http)
