"""Brokers on this machine, for the demo and for tests: one embedded in a wheel, and Apache Kafka from its jars."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from rorbridge.bus import maven

_START_S = 60.0
_STOP_S = 25.0
_LOCALHOST = "127.0.0.1"
_CLUSTER_ID = "cm9yYnJpZGdlLWxvY2FsMA"  # 16 bytes in base64, as the storage tool asks
_POM = Path(__file__).parent / "kafka-pom.xml"
_POM_OF_CHECKOUT = Path(__file__).parents[2] / "deploy" / "kafka" / "pom.xml"


class BrokerUnavailableError(RuntimeError):
    """A local broker cannot be had; the text says what is missing and how to get it."""


class LocalBroker:
    """A broker process that ends with us. Start and stop it as a context manager, or by hand."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = Path()
        self.port = 0
        self._tether: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._log: IO[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"{_LOCALHOST}:{self.port}"

    @property
    def log_path(self) -> Path:
        """Where the broker's own output goes."""
        return self.folder / "broker.log"

    def command(self) -> Sequence[str]:
        """Give the command that runs the broker. Raises BrokerUnavailableError when it is not there."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Choose port and folder; called once, before the first start."""
        self.folder = Path(tempfile.mkdtemp(prefix="rorbridge-broker-"))
        self.port = _free_port()

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start it on its port, with the data it had, and wait until it listens. Raises BrokerUnavailableError."""
        self._log = self.log_path.open("ab")
        self._tether = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "rorbridge.bus.tether", *self.command()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=self.folder,
            start_new_session=True,
        )
        if self._tether.stdout is None:
            raise AssertionError("a pipe was asked for")
        self._pid = int(self._tether.stdout.readline() or 0)
        deadline = time.monotonic() + _START_S
        while not _listens(self.port):
            if self._tether.poll() is not None or time.monotonic() > deadline:
                tail = self.log_path.read_text(errors="replace")[-2000:]
                raise BrokerUnavailableError(f"{self.name} did not start; the end of its log:\n{tail}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the broker in good order, keeping its data."""
        if self._tether is None:
            return
        if self._tether.stdin and self._tether.stdout:
            self._tether.stdin.close()
            self._tether.stdout.close()
        try:
            self._tether.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._tether.wait()
        self._tether = None
        self._pid = 0  # the system may give the number to another process
        if self._log:
            self._log.close()

    def kill(self) -> None:
        """End the broker as a crash would, keeping its data."""
        self.signal(signal.SIGKILL)
        self.stop()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the broker's process, such as SIGSTOP and SIGCONT to freeze and thaw it."""
        if not self._pid:
            return  # process 0 would be our own group, all of it
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)

    def close(self) -> None:
        """End the broker and remove its data."""
        self.stop()
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)


class EmbeddedBroker(LocalBroker):
    """A small broker from a wheel (noida-db), for a first look with one consumer and for nothing else."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("noida_db")
        if found is None or found.origin is None:
            raise BrokerUnavailableError(
                "the embedded broker is not installed: pip install 'rorbridge[demo]' (Linux, macOS arm64), "
                "or use Apache Kafka: rorbridge demo --broker kafka"
            )
        super().__init__("the embedded broker (noida-db)")
        self._binary = Path(found.origin).parent / "noida-db"

    def command(self) -> Sequence[str]:
        """Give the command that runs nothing but its Kafka."""
        data = str(self.folder / "data")
        return [str(self._binary), "start", "--only", "kafka", "--kafka-port", str(self.port), "--data-dir", data]


class ApacheKafka(LocalBroker):
    """Apache Kafka, one process that is broker and controller (KRaft, KIP-500)."""

    def __init__(self) -> None:
        try:
            self.version = kafka_version()
            self._java = maven.jdk()
            self._class_path = f"{maven.brought(_pom(), 'kafka')}/*"
        except maven.NotToBeHadError as error:
            raise BrokerUnavailableError(f"Apache Kafka: {error}") from None
        super().__init__(f"Apache Kafka {self.version}")

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def prepare(self) -> None:
        """Write the server's properties and format its log folder."""
        super().prepare()
        self._properties.write_text(self._server_properties())
        self._format()

    def command(self) -> Sequence[str]:
        """Give the command that runs the server; small and quick to start, since tests wait for it."""
        return [
            *(self._java, "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            *("-cp", self._class_path, "kafka.Kafka", str(self._properties)),
        ]

    def _server_properties(self) -> str:
        controller_port = _free_port()
        settings: Mapping[str, object] = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "listeners": f"PLAINTEXT://{_LOCALHOST}:{self.port},CONTROLLER://{_LOCALHOST}:{controller_port}",
            "advertised.listeners": f"PLAINTEXT://{_LOCALHOST}:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.bootstrap.servers": f"{_LOCALHOST}:{controller_port}",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())

    def _format(self) -> None:
        """Prepare the log folder, as a new cluster of one."""
        tool = [self._java, "-cp", self._class_path, "kafka.tools.StorageTool"]
        options = ["format", "--standalone", "-t", _CLUSTER_ID, "-c", str(self._properties)]
        done = subprocess.run([*tool, *options], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise BrokerUnavailableError(f"{self.name}: the storage could not be formatted: {done.stderr[-1000:]}")


def kafka_version() -> str:
    """Give the version of Apache Kafka that the pom pins. Raises NotToBeHadError when it names none."""
    return maven.version(_pom(), "kafka")


def _pom() -> Path:
    return _POM if _POM.is_file() else _POM_OF_CHECKOUT


def _free_port() -> int:
    with socket.create_server((_LOCALHOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((_LOCALHOST, port), timeout=0.5):
            return True
    except OSError:
        return False
