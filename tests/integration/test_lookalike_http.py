"""The look-alike on a real socket, inside this program and as a command."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from rorbridge.lookalike.config import Config
from rorbridge.lookalike.dataset import Dataset, generate
from rorbridge.lookalike.server import serving

PROGRAM = "import typer; from rorbridge.cli.lookalike import lookalike; typer.run(lookalike)"
HEADERS = {
    "Ror-Profil-Utilisateur-Code": "CU20",
    "Ror-Profil-Utilisateur-System": "1.2.250.1.213.1.6.1.66",
    "Ror-Role-Metier-Code": "AUTOMATE",
    "Ror-Role-Metier-System": "1.2.250.1.213.1.1.4.6",
}
FORM = {"grant_type": "client_credentials", "client_id": "rorbridge-demo", "client_secret": "rorbridge-demo-secret"}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return generate(600)


async def test_all_pages_of_a_search_come_over_the_network(dataset: Dataset) -> None:
    async with serving(dataset) as address, httpx.AsyncClient(headers=HEADERS) as http:
        token = (await http.post(address.token_url, data=FORM)).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        url: str | None = f"{address.base_url}/HealthcareService?_include=HealthcareService:location"
        found = []
        while url:
            bundle = (await http.get(url)).raise_for_status().json()
            found += [one["resource"]["id"] for one in bundle["entry"] if one["search"]["mode"] == "match"]
            url = next((one["url"] for one in bundle["link"] if one["relation"] == "next"), None)
    assert sorted(found) == sorted(dataset.healthcare_services)


async def test_the_server_leaves_its_port_and_the_signals_alone_when_it_ends(dataset: Dataset) -> None:
    handlers = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    async with serving(dataset, Config()) as address:
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == handlers
        port = int(address.base_url.split(":")[2].split("/")[0])
    async with serving(dataset, Config(), port=port) as again:
        assert again == address


async def test_a_taken_port_is_an_error(dataset: Dataset) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            async with serving(dataset, port=taken.getsockname()[1]):
                pass


@contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--offers", "30", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_tells_its_address_as_json_and_ends_with_0(ending: signal.Signals) -> None:
    with command("--json", "--access-profile", "0") as process:
        told = json.loads(line(process))
        token = httpx.post(told["token_url"], data={**FORM, "client_id": told["client_id"]}).json()["access_token"]
        headers = {**HEADERS, "Authorization": f"Bearer {token}"}
        assert httpx.get(f"{told['base_url']}/metadata", headers=headers).status_code == 200
        process.send_signal(ending)
        output, errors = process.communicate(timeout=20)
        assert (process.returncode, output, errors) == (0, "", "")


def test_the_command_tells_the_environment_of_rorbridge() -> None:
    with command("--client-secret", "un mot de passe", "--faults") as process:
        told = dict(one.split("=", 1) for one in shlex.split(line(process)))
        assert told["RORBRIDGE_ROR__BASE_URL"].endswith("/ws-diffusion-fhir")
        assert told["RORBRIDGE_ROR__CLIENT_SECRET"] == "un mot de passe"
        assert told["RORBRIDGE_ROR__USER_PROFILE_CODE"] == "CU20"
        assert len(told) == 8
        form = {**FORM, "client_secret": told["RORBRIDGE_ROR__CLIENT_SECRET"]}
        assert httpx.post(told["RORBRIDGE_ROR__TOKEN_URL"], data=form).status_code == 200
        origin = told["RORBRIDGE_ROR__BASE_URL"].removesuffix("/ws-diffusion-fhir")
        assert httpx.get(f"{origin}/_faults").status_code == 200


def test_the_command_says_in_one_line_that_its_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with command("--port", str(taken.getsockname()[1])) as process:
            output, errors = process.communicate(timeout=20)
    assert process.returncode == 69
    assert output == ""
    assert errors.count("\n") == 1
    assert "cannot listen" in errors
