"""The product's own processes, started as a user starts them and ended with the test."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

PROC = Path("/proc")
"""Where Linux tells of its processes."""

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


def marked() -> tuple[dict[str, str], Callable[[], list[str]]]:
    """Give a variable for the environment of a process, and what lists the commands of those that have inherited it.

    Whatever a process starts inherits it, in sessions and groups of its own too. Reads /proc.
    """
    mark = uuid.uuid4().hex

    def holding() -> list[str]:
        found = []
        for process in PROC.glob("[0-9]*"):
            with suppress(OSError):  # it ends meanwhile, or is another user's
                if f"RUN_OF_A_TEST={mark}".encode() in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    return {"RUN_OF_A_TEST": mark}, holding


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


def told_environment(address: dict[str, str]) -> dict[str, str]:
    """Give the environment variables that lead to a look-alike in another process, which said this of itself."""
    names = (
        "base_url",
        "token_url",
        "client_id",
        "client_secret",
        "user_profile_code",
        "user_profile_system",
        "role_code",
        "role_system",
    )
    return {f"RORBRIDGE_ROR__{name.upper()}": address[name] for name in names}


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
