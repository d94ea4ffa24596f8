from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from rorbridge.lookalike.app import REQUIRED_HEADERS, create_app
from rorbridge.lookalike.config import FHIR_PATH, TOKEN_PATH, Config
from rorbridge.lookalike.dataset import Dataset, generate
from rorbridge.lookalike.search.catalog import Catalog
from rorbridge.lookalike.search.engine import Engine


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return generate(700, seed=11)


@pytest.fixture(scope="session")
def catalog(dataset: Dataset) -> Catalog:
    return Catalog(dataset)


@pytest.fixture(scope="session")
def engine(catalog: Catalog) -> Engine:
    return Engine(catalog)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Ror:
    """A client of a look-alike, which has a token and sends the four headers unless told otherwise."""

    def __init__(self, http: httpx.AsyncClient, config: Config) -> None:
        self.http = http
        self.config = config
        self.headers = dict.fromkeys(REQUIRED_HEADERS, "x")

    async def token(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.config.client_id,
            "client_secret": self.config.client_secret,
        }
        answer = await self.http.post(TOKEN_PATH, data=form)
        self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    async def get(self, path: str, **headers: str) -> httpx.Response:
        url = path if path.startswith("http") else FHIR_PATH + path
        return await self.http.get(url, headers={**self.headers, **headers})

    async def bundle(self, path: str) -> dict[str, Any]:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        bundle: dict[str, Any] = answer.json()
        return bundle


Connect = Callable[[Config], Awaitable[Ror]]


@pytest.fixture(scope="session")
def app(dataset: Dataset) -> Callable[[Config], Starlette]:
    """Make the application for a configuration.

    Indexing takes time, so plain applications are shared, and those with a state of their own have little data.
    """
    made: dict[Config, Starlette] = {}
    small = generate(20)

    def application(config: Config) -> Starlette:
        if config.faults or config.clock is not Config().clock:
            return create_app(small, config)
        if config not in made:
            made[config] = create_app(dataset, config)
        return made[config]

    return application


@pytest.fixture
async def connect(app: Callable[[Config], Starlette]) -> AsyncIterator[Connect]:
    """Start a look-alike with a configuration, without a socket, and give a client of it."""
    clients = []

    async def connected(config: Config) -> Ror:
        transport = httpx.ASGITransport(app(config))
        http = httpx.AsyncClient(transport=transport, base_url="http://ror.test")
        clients.append(http)
        ror = Ror(http, config)
        await ror.token()
        return ror

    yield connected
    for http in clients:
        await http.aclose()
