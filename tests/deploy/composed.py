"""compose.yaml, with each service as a process on this machine: its command, its environment, other addresses."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from rorbridge.bus.localbroker import ApacheKafka, LocalBroker
from tests.deploy.tools import CHECKOUT
from tests.support.processes import environment, free_port

COMPOSE = CHECKOUT / "deploy" / "compose.yaml"


def services() -> dict[str, Any]:
    """Give the services as the file has them."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


class Addresses:
    """Other addresses for those of the file: what only a network of containers has becomes a port of this machine."""

    def __init__(self) -> None:
        self._ports = {one: free_port() for one in (8080, 8081, 9092, 9093, 29092)}

    def port(self, number: int) -> int:
        """Give the port that stands for this one of the file."""
        return self._ports[number]

    def exchanged(self, text: str) -> str:
        """Give a command or a value with other addresses."""
        for name in ("kafka", "lookalike", "bridge", "localhost"):
            for number, port in self._ports.items():
                text = text.replace(f"{name}:{number}", f"127.0.0.1:{port}")
        for number, port in self._ports.items():
            text = text.replace(f"://:{number}", f"://127.0.0.1:{port}")
            text = str(port) if text == str(number) else text
        return text


class ComposedKafka(ApacheKafka):
    """Apache Kafka with the properties that its image would make of the environment in compose.yaml.

    Kafka's own code makes them, the very one that the image runs at its start.
    """

    def __init__(self, addresses: Addresses) -> None:
        super().__init__()
        self._addresses = addresses

    def prepare(self) -> None:
        """Write the server's properties and format its log folder, as the image does."""
        LocalBroker.prepare(self)
        self.port = self._addresses.port(9092)
        given = {name: self._addresses.exchanged(value) for name, value in services()["kafka"]["environment"].items()}
        given["KAFKA_LOG_DIRS"] = str(self.folder / "data")
        given["CLUSTER_ID"] = "cm9yYnJpZGdlLWxvY2FsMA"
        defaults = self.folder / "defaults"
        defaults.mkdir()
        for name, text in (("server.properties", ""), ("log4j2.yaml", "{}"), ("tools-log4j2.yaml", "{}")):
            (defaults / name).write_text(text)
        wrapper = [self._java, "-cp", self._class_path, "kafka.docker.KafkaDockerWrapper", "setup"]
        folders = ["-D", str(defaults), "-M", str(self.folder / "mounted"), "-F", str(self.folder)]
        done = subprocess.run(
            [*wrapper, *folders], env=given | {"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def command(name: str, addresses: Addresses) -> Sequence[str]:
    """Give the command of a service of ours as this machine runs it."""
    service = services()[name]
    entrypoint = service.get("entrypoint", ["python3", "-m", "rorbridge"])
    mounted = {one.split(":")[1]: str(COMPOSE.parent / one.split(":")[0]) for one in service.get("volumes", [])}
    words = [*entrypoint, *service.get("command", ["run"])]
    assert words[0] == "python3"
    return [sys.executable, *(mounted.get(one, addresses.exchanged(one)) for one in words[1:])]


def variables(name: str, addresses: Addresses) -> Mapping[str, str]:
    """Give the environment of a service of ours, with what the image sets."""
    given = {key: addresses.exchanged(value) for key, value in services()[name].get("environment", {}).items()}
    # The port of the endpoints is the default in the container; here it may be taken.
    return environment(given | {"RORBRIDGE_HTTP__PORT": str(addresses.port(8080))})


@contextmanager
def running(name: str, addresses: Addresses, output: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a service of ours."""
    with output.open("ab") as stream:
        process = subprocess.Popen(
            command(name, addresses),
            env=variables(name, addresses),
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with what it has started itself
        process.wait()


def healthcheck(name: str, addresses: Addresses) -> int:
    """Run the health check of a service of ours and give its exit code."""
    kind, program, *arguments = services()[name]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python3")
    assert shutil.which(sys.executable)
    ported = [one.replace("8081", str(addresses.port(8081))) for one in arguments]
    return subprocess.run([sys.executable, *ported], stderr=subprocess.DEVNULL, check=False).returncode
