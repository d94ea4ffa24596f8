"""Apache Camel: a parallel split of each batch that its Kafka component reads. Its sources are in ``camel/``."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from tests.bench.peers import UnavailableError
from tests.bench.subject import Subject

_SOURCES: Final = Path(__file__).parent / "camel"
_BUILD: Final = Path(__file__).parents[3] / "build" / "peers" / "camel"

_WARM_UP: Final = 6_000
"""Until the JVM has compiled what runs often: with 1,000 requests one costs three times the CPU, with more no less."""

_JVM: Final = [
    "-XX:+UseParallelGC",  # for throughput on few processors: HotSpot's tuning guide, "Selecting a Collector"
    *("-Xms256m", "-Xmx256m"),  # a fixed size, as the same guide advises; half or twice made no clear difference
]


def subjects() -> list[Subject]:
    """Build the peer, and give it without and with its cache. Raises UnavailableError."""
    java = shutil.which("java")
    if java is None:
        raise UnavailableError("Camel needs a JDK 17 or newer: https://adoptium.net/")
    _build()
    version = ET.parse(_SOURCES / "pom.xml").findtext(".//{*}camel.version")
    command = [java, *_JVM, "-cp", f"{_BUILD}/classes:{_BUILD}/lib/*", "rorbridge.peer.Peer"]
    return [
        Subject(f"Camel {version}", command, warm_up=_WARM_UP),
        Subject(f"Camel {version}, cache 30 s", command, {"RORBRIDGE_ROR__CACHE_TTL": "30"}, warm_up=_WARM_UP),
    ]


def _build() -> None:
    """Compile, and put the libraries beside it, when the sources are not those of the last time."""
    stamp = _BUILD / "sources.sha256"
    sources = _digest()
    if stamp.is_file() and stamp.read_text() == sources:
        return
    maven = shutil.which("mvn")
    if maven is None:
        raise UnavailableError("Maven (mvn) is needed to build Camel: https://maven.apache.org/install.html")
    shutil.rmtree(_BUILD, ignore_errors=True)
    goals = ["compile", "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={_BUILD / 'lib'}"]
    done = subprocess.run(
        [maven, "-q", "-B", "-f", str(_SOURCES / "pom.xml"), f"-Dbuild.folder={_BUILD}", *goals],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(f"Maven could not build Camel: {(done.stdout + done.stderr)[-2000:]}")
    stamp.write_text(sources)


def _digest() -> str:
    files = sorted(one for one in _SOURCES.rglob("*") if one.is_file())
    digest = hashlib.sha256()
    for one in files:
        digest.update(f"{one.relative_to(_SOURCES)}\0".encode() + one.read_bytes())
    return digest.hexdigest()
