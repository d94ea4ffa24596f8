"""The local brokers: they start, keep what they are given, and leave nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from rorbridge.bus.localbroker import (
    ApacheKafka,
    BrokerUnavailableError,
    EmbeddedBroker,
    LocalBroker,
    kafka_version,
)
from rorbridge.bus.maven import NotToBeHadError, brought
from rorbridge.bus.topics import create
from rorbridge.settings import KafkaSettings

POM = Path(__file__).parents[2] / "deploy" / "kafka" / "pom.xml"


async def write_and_read(broker: LocalBroker, value: bytes, expected: list[bytes]) -> None:
    await create(KafkaSettings(bootstrap_servers=broker.bootstrap_servers), {"t": 1})
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers)
    await producer.start()
    await producer.send_and_wait("t", value)
    await producer.stop()
    consumer = AIOKafkaConsumer("t", bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    assert [(await consumer.getone()).value for _ in expected] == expected
    await consumer.stop()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.kafka
async def test_the_embedded_broker_takes_and_gives_records_and_leaves_nothing_behind() -> None:
    try:
        broker = EmbeddedBroker()
    except BrokerUnavailableError as error:
        pytest.skip(f"no wheel of it for this platform: {error}")
    with broker:
        await write_and_read(broker, b"one", [b"one"])
    assert not listens(broker.port)
    assert not broker.folder.exists()


@pytest.mark.real_kafka
async def test_apache_kafka_keeps_its_records_through_a_crash_and_leaves_nothing_behind() -> None:
    if "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
        pytest.skip("the tests run on a given cluster; no local broker is wanted")
    with ApacheKafka() as broker:
        await write_and_read(broker, b"one", [b"one"])
        broker.kill()
        assert not listens(broker.port)
        broker.start()
        await write_and_read(broker, b"two", [b"one", b"two"])
    assert not listens(broker.port)
    assert not broker.folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_tethered_process_ends_with_its_holder_even_by_sigkill() -> None:
    hold = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-m', 'rorbridge.bus.tether', 'sleep', '300'],\n"
        "                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "print(int(p.stdout.readline()), flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    pid = int(holder.stdout.readline())
    os.kill(pid, 0)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_without_maven_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotToBeHadError, match=r"Maven .* https://"):
        brought(POM, "kafka")


def test_without_java_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerUnavailableError, match=r"JDK 17 .* https://"):
        ApacheKafka()


def program(folder: Path, name: str, *lines: str) -> None:
    """Put a program of another's into *folder*, as little of it as is looked at."""
    found = folder / name
    found.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    found.chmod(0o755)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("""echo 'openjdk version "11.0.2" 2019-01-15' >&2""",), 'is: openjdk version "11.0.2"'),
        (("exit 1",), "is: no version"),
    ],
)
def test_a_java_that_is_too_old_is_told_with_its_version(
    lines: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin", "java", *lines)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(BrokerUnavailableError, match="Apache Kafka: a JDK 17 or newer is needed") as raised:
        ApacheKafka()
    assert says in str(raised.value)


def test_what_maven_says_is_told_and_half_of_a_kafka_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "mvn", 'for last; do :; done; echo half > "${last#*=}/half.jar"; echo no such host; exit 1')
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(NotToBeHadError, match="Maven could not get kafka: no such host"):
        brought(POM, "kafka")
    assert list((tmp_path / "cache" / "rorbridge").iterdir()) == []


@pytest.mark.parametrize("another", [False, True], ids=["alone", "another was quicker"])
def test_what_maven_brought_is_kept_whole_for_the_next_time(
    another: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "cache" / "rorbridge" / f"kafka-{kafka_version()}"
    meanwhile = [f"mkdir -p {kept}; echo jar > {kept}/kafka.jar"] if another else []
    program(tmp_path, "mvn", *meanwhile, 'for last; do :; done; echo jar > "${last#*=}/kafka.jar"')
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert brought(POM, "kafka") == kept
    (tmp_path / "mvn").unlink()
    assert brought(POM, "kafka") == kept
    assert [one.name for one in kept.iterdir()] == ["kafka.jar"]
    assert list(kept.parent.iterdir()) == [kept]


def test_without_the_wheel_of_the_embedded_broker_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "noida_db", None)
    with pytest.raises(BrokerUnavailableError, match=r"pip install 'rorbridge\[demo\]'"):
        EmbeddedBroker()


class Failing(LocalBroker):
    """One that ends at once."""

    def command(self) -> Sequence[str]:
        return ["sh", "-c", "echo no room on the disk >&2; exit 1"]


def test_a_broker_that_does_not_start_shows_the_end_of_its_log_and_leaves_nothing_behind() -> None:
    broker = Failing("a broker")
    with pytest.raises(BrokerUnavailableError, match="a broker did not start; the end of its log:\nno room"), broker:
        pass
    assert not broker.folder.exists()
    broker.signal(signal.SIGKILL)  # to nobody: least of all to us


class Misconfigured(ApacheKafka):
    """One whose properties Kafka does not take."""

    def _server_properties(self) -> str:
        return super()._server_properties().replace("node.id=1", "node.id=one")


@pytest.mark.real_kafka
def test_a_kafka_whose_storage_cannot_be_prepared_says_why() -> None:
    broker = Misconfigured()
    with (
        pytest.raises(BrokerUnavailableError, match=r"the storage could not be formatted: (.|\n)*Invalid value one"),
        broker,
    ):
        pass
    assert not broker.folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_process_that_will_not_end_is_killed() -> None:
    impatient = (
        "import sys\nfrom rorbridge.bus import tether\ntether._PATIENCE_S = 0.5\nsys.exit(tether.main(sys.argv[1:]))\n"
    )
    tether = subprocess.Popen(
        [sys.executable, "-c", impatient, "sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert tether.stdout is not None
    assert tether.stderr is not None
    pid = int(tether.stdout.readline())
    assert tether.stderr.readline() == b"deaf\n"
    tether.communicate(timeout=30)
    assert tether.returncode == 256 - signal.SIGKILL, "as an exit code shows a signal"
    assert not alive(pid)
