"""The commands as a user types them."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rorbridge.bus.localbroker import BrokerUnavailableError, EmbeddedBroker
from rorbridge.events.examples import examples
from tests.integration.test_service import ror_settings
from tests.support.kafka import Broker, Topics
from tests.support.processes import environment, running_lookalike, running_service


def rorbridge(
    *arguments: str, settings: dict[str, str] | None = None, text: str = "", timeout_s: float = 120
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "rorbridge", *arguments],
        env=environment(settings or {}),
        input=text,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def children() -> str:
    """List processes that a demo may leave behind."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in listed.splitlines() if "noida-db" in line or "rorbridge.bus.tether" in line)


@pytest.fixture(scope="module")
def lookalike() -> Iterator[dict[str, str]]:
    with running_lookalike(2_000) as address:
        yield address


def test_the_demo_answers_every_example_and_leaves_nothing_behind() -> None:
    try:
        EmbeddedBroker()
    except BrokerUnavailableError as error:
        pytest.skip(f"no wheel of the embedded broker for this platform: {error}")
    before = children()
    done = rorbridge("demo", "--json")
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["requestId"] for one in results} == {f"demo-{one.name}" for one in examples()}
    assert {one["status"] for one in results} == {"matched"}
    assert all(one["offers"] or one["bundle"] for one in results)
    assert "for a demo with one consumer only" in done.stderr
    assert children() == before


def test_the_demo_shows_who_what_how_far_and_why() -> None:
    try:
        EmbeddedBroker()
    except BrokerUnavailableError as error:
        pytest.skip(f"no wheel of the embedded broker for this platform: {error}")
    done = rorbridge("demo", "--offers", "5000")
    assert done.returncode == 0, done.stderr
    for words in ("near a point", "matched", "✓ activity: 437", "Lyon", "27 requests, 27 results"):
        assert words in done.stdout


@pytest.mark.kafka
def test_send_publishes_waits_and_ends_with_the_status(
    broker: Broker, topics: Topics, lookalike: dict[str, str], tmp_path: Path
) -> None:
    kafka = topics.settings(broker)
    near = {"near": {"latitude": 45.76, "longitude": 4.83}, "radiusKm": 400}
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"need": {"activity": ["437"]}, "where": near}))
    nothing = json.dumps({"need": {"activity": ["zz9"]}, "where": near})
    with running_service(kafka | ror_settings(lookalike), tmp_path / "log"):
        matched = rorbridge("send", str(request), "--wait", settings=kafka)
        assert matched.returncode == 0, matched.stderr
        assert json.loads(matched.stdout)["status"] == "matched"
        no_match = rorbridge("send", "-", "--wait", "--json", settings=kafka, text=nothing)
        assert (no_match.returncode, json.loads(no_match.stdout)["status"]) == (1, "no-match")
        rejected = rorbridge("send", "-", "--wait", settings=kafka, text='{"need": {}}')
        assert (rejected.returncode, json.loads(rejected.stdout)["status"]) == (2, "rejected")
        assert "will be rejected" in rejected.stderr
        late = json.dumps(json.loads(nothing) | {"deadline": "2020-01-01T00:00:00Z"})
        assert rorbridge("send", "-", "--wait", settings=kafka, text=late).returncode == 4
        published = rorbridge("send", str(request), "--key", "case-1", settings=kafka)
        assert (published.returncode, len(published.stdout.strip())) == (0, 36)


@pytest.mark.kafka
def test_send_says_so_when_nobody_answers(broker: Broker, topics: Topics) -> None:
    done = rorbridge(
        "send", "-", "--wait", "--timeout", "1", settings=topics.settings(broker), text=examples()[0].data.decode()
    )
    assert done.returncode == 5
    assert "is the service running?" in done.stderr


def test_send_without_kafka_or_file_says_what_is_wrong() -> None:
    assert "RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS is required" in rorbridge("send", "-").stderr
    nowhere = {"RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9"}
    done = rorbridge("send", "-", settings=nowhere, text="{}")
    assert done.returncode == 69
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
    missing = rorbridge("send", "/nowhere/request.json", settings=nowhere)
    assert missing.returncode == 64
    assert "/nowhere/request.json" in missing.stderr


def test_codes_are_found_by_their_words() -> None:
    done = rorbridge("codes", "soins paliatifs")
    assert done.returncode == 0
    assert "Soins palliatifs" in done.stdout
    first = json.loads(rorbridge("codes", "soins palliatifs", "--json").stdout.splitlines()[0])
    assert (first["code"], first["display"]) == ("170", "Soins palliatifs")
    nothing = rorbridge("codes", "qwxzvbnkjh")
    assert nothing.returncode == 1
    assert "no code" in nothing.stderr


def test_schemas_writes_the_contract(tmp_path: Path) -> None:
    done = rorbridge("schemas", str(tmp_path / "contract"))
    assert done.returncode == 0
    assert (tmp_path / "contract" / "rorbridge.orientation.request.v1.schema.json").is_file()


@pytest.mark.parametrize("command", ["run", "demo", "send", "codes", "lookalike", "schemas"])
def test_every_command_has_its_help(command: str) -> None:
    done = rorbridge(command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_long_line_arrives_whole_at_a_slow_reader(unbuffered: str) -> None:
    program = (
        "from rorbridge.cli.loop import run_loop\n"
        "from rorbridge.cli.output import write_line\n"
        "import asyncio\n"
        "run_loop(asyncio.sleep(0.01))\n"
        "write_line('é' * 300_000)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env=environment({}) | {"PYTHONUNBUFFERED": unbuffered, "PYTHONIOENCODING": "utf-8"},
    ) as process:
        time.sleep(1)  # the reader is slow on purpose, so that the pipe fills
        assert process.stdout is not None
        assert process.stdout.read().decode() == "é" * 300_000 + "\n"
