"""The local brokers: they start, keep what they are given, and leave nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from rorbridge.bus.localbroker import (
    ApacheKafka,
    BrokerUnavailableError,
    EmbeddedBroker,
    LocalBroker,
)
from rorbridge.bus.maven import NotToBeHadError, brought
from rorbridge.bus.topics import create
from rorbridge.settings import KafkaSettings


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
        brought(Path("deploy/kafka/pom.xml"), "kafka")


def test_without_java_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerUnavailableError, match=r"JDK 17 .* https://"):
        ApacheKafka()
