"""The product's own processes, started as a user starts them and ended with the test."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from rorbridge.lookalike.config import Config
from rorbridge.lookalike.server import ServerAddress

_START_S = 90.0
_STOP_S = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Give this process's environment with *settings* in place of all of rorbridge's own."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("RORBRIDGE_")}
    return others | dict(settings)


@dataclass
class Service:
    """A running ``rorbridge run``."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    async def ready(self) -> None:
        """Wait until the lanes are open."""
        deadline = time.monotonic() + _START_S
        async with httpx.AsyncClient() as http:
            while time.monotonic() < deadline:
                assert self.process.poll() is None, self.log.read_text()
                try:
                    if (await http.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        raise AssertionError(f"not ready: {self.log.read_text()[-4000:]}")

    def terminate(self) -> int:
        """Send SIGTERM and give the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOP_S)


@contextmanager
def running_service(settings: Mapping[str, str], log: Path) -> Iterator[Service]:
    """Run ``rorbridge run``, configured by the environment alone."""
    port = free_port()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "rorbridge", "run"],
            env=environment({**settings, "RORBRIDGE_HTTP__PORT": str(port)}),
            stdout=output,
            stderr=output,
        )
    try:
        yield Service(process, f"http://127.0.0.1:{port}", log)
    finally:
        process.kill()
        process.wait()


def lookalike_settings(address: ServerAddress, config: Config, *, access_profile: int) -> dict[str, str]:
    """Give the service's settings for a look-alike that runs in this process."""
    values = {
        "BASE_URL": address.base_url,
        "TOKEN_URL": address.token_url,
        "CLIENT_ID": config.client_id,
        "CLIENT_SECRET": config.client_secret,
        "USER_PROFILE_CODE": "CU20",
        "USER_PROFILE_SYSTEM": "1.2.250.1.213.1.6.1.66",
        "ROLE_CODE": "AUTOMATE",
        "ROLE_SYSTEM": "1.2.250.1.213.1.1.4.6",
        "ACCESS_PROFILE": str(access_profile),
    }
    return {f"RORBRIDGE_ROR__{name}": value for name, value in values.items()}


@contextmanager
def running_lookalike(offers: int, *arguments: str) -> Iterator[dict[str, str]]:
    """Run ``rorbridge lookalike`` and give what it says of itself: base_url, token_url and so on."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rorbridge", "lookalike", "--json", "--offers", str(offers), *arguments],
        env=environment({}),
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        address: dict[str, str] = json.loads(process.stdout.readline())
        yield address
    finally:
        process.terminate()
        assert process.wait(_STOP_S) == 0
