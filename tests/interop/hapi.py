"""HAPI FHIR's JPA server, put together by java/HapiServer.java."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from rorbridge.bus.maven import brought, jdk
from rorbridge.lookalike.resources import Dataset
from tests.interop.load import load
from tests.interop.process import POMS, running
from tests.support.processes import free_port

SOURCE: Final = Path(__file__).parent / "java" / "HapiServer.java"

CHAINED: Final = (
    "location.near",
    "location.address-postalcode",
    "location.commune-cog",
    "location.capacity-type",
    "location.capacity-status",
    "location.capacity-closing-type",
    "location.capacity-update-date",
    "location.gender-capacity-available",
    "location.nb-capacity",
    "location.temporality-capacity",
    "location.temporary-assignement",
    "location.equipment-type",
)
"""What ``/chained`` and ``/small`` tell of: the chains that we ask and that HAPI answers as the ROR does.

``location.limit-value`` is not among them: HAPI compares the unit's system, and that of the ANS's own requests is not
that of its data (docs/interop.md).
"""


@dataclass(frozen=True)
class Hapi:
    """A running HAPI with the look-alike's data."""

    origin: str

    def base(self, name: str) -> str:
        """Give the FHIR base of a name: ``plain``, ``chained`` or ``small``, as java/HapiServer.java has them."""
        return f"{self.origin}/{name}"

    def forget(self, pages: int) -> None:
        """Have it forget every kept search before each of the *pages* next pages that are asked for."""
        httpx.post(f"{self.origin}/forget", params={"pages": pages}).raise_for_status()


@contextmanager
def running_hapi(folder: Path, dataset: Dataset) -> Iterator[Hapi]:
    """Run HAPI in *folder* with *dataset* in it. Raises NotToBeHadError where it cannot be had."""
    java, javac = jdk("java"), jdk("javac")
    jars = f"{brought(POMS / 'hapi' / 'pom.xml', 'hapi')}/*"
    subprocess.run([javac, "-nowarn", "-proc:none", "-cp", jars, "-d", str(folder), str(SOURCE)], check=True)
    port = free_port()
    command = [
        *(java, "-Xms256m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
        *("-cp", f"{folder}:{jars}", "HapiServer", str(port), ",".join(CHAINED)),
    ]
    with running(command, folder, lambda: _listens(port)):
        hapi = Hapi(f"http://127.0.0.1:{port}")
        load(hapi.base("plain"), dataset)
        yield hapi


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False
