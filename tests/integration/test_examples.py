"""Every example in the help of a command does what it shows, typed as it stands; so 0 comes about for each command."""

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from rorbridge.bus.localbroker import BrokerUnavailableError, EmbeddedBroker
from rorbridge.events.examples import examples as requests
from tests.support.commands import COMMANDS, Ended, examples, rorbridge, typed
from tests.support.processes import PROC, free_port, marked
from tests.support.stage import Stage

FAILS = '{"need": {"activity": ["zz8"]}, "where": {"commune": "44162", "radiusKm": 15}}'
KAFKA_AWAY = {"RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder that holds the files which the examples name."""
    (tmp_path / "request.json").write_bytes(requests()[0].data)
    (tmp_path / "rorbridge.toml").write_text("[log]\nlevel = 'INFO'\n")
    return tmp_path


def ended(command: str, stage: Stage, folder: Path, code: int = 0) -> list[Ended]:
    found = [typed(line, stage.settings, folder) for line in examples(command)]
    assert [one.code for one in found] == [code] * len(found), found
    return found


@pytest.mark.kafka
def test_examples_of_send(stage: Stage, folder: Path) -> None:
    published, waited, as_json = ended("send", stage, folder)
    assert re.fullmatch(r"[0-9a-f-]{36}\n", published.piped)
    assert json.loads(waited.piped)["status"] == "matched"
    [line] = as_json.piped.splitlines()
    assert json.loads(line)["offers"]


@pytest.mark.kafka
def test_examples_of_watch(stage: Stage, folder: Path) -> None:
    rorbridge("send", "-", "--wait", settings=stage.settings, text=FAILS)
    failed, first = examples("watch")
    stopped = typed(failed, stage.settings, folder, once="\n")
    assert stopped.code == 130
    assert {json.loads(line)["status"] for line in stopped.piped.splitlines()} == {"failed"}
    counted = typed(first, stage.settings, folder)
    assert counted.code == 0
    [line] = counted.piped.splitlines()
    assert json.loads(line)["requestId"]


@pytest.mark.kafka
def test_examples_of_replay(stage: Stage, folder: Path) -> None:
    rorbridge("send", "-", "--wait", settings=stage.settings, text=FAILS)
    listed, sent = ended("replay", stage, folder)
    assert "failed" in listed.piped
    assert f"to {stage.topics.requests}" in sent.piped or "no such dead letter" in sent.piped


@pytest.mark.real_kafka
def test_examples_of_check(stage: Stage, folder: Path) -> None:
    table, as_json, creating = ended("check", stage, folder)
    assert "write rights" in table.piped
    assert json.loads(as_json.piped)["ok"]
    assert "all three" in creating.piped  # there is nothing to create


@pytest.mark.kafka
def test_examples_of_run(stage: Stage, folder: Path) -> None:
    for line in examples("run"):
        settings = stage.settings | KAFKA_AWAY | {"RORBRIDGE_HTTP__PORT": str(free_port())}
        assert typed(line, settings, folder, once="kafka-unreachable", by=signal.SIGTERM).code == 0


def test_examples_of_lookalike(tmp_path: Path) -> None:
    for line in examples("lookalike"):
        port = str(free_port())
        assert "--port 8081" in line
        ready = typed(line.replace("8081", port), {}, tmp_path, once="\n")
        assert ready.code == 0
        assert f"RORBRIDGE_ROR__BASE_URL=http://127.0.0.1:{port}/" in ready.piped


def test_examples_of_codes_and_schemas_and_of_the_program(tmp_path: Path) -> None:
    table, code, as_json = (typed(line, {}, tmp_path) for line in examples("codes"))
    assert (table.code, code.code, as_json.code) == (0, 0, 0)
    assert "Soins palliatifs" in table.piped
    assert "013   Cardiologie générale" in code.piped
    assert len([json.loads(line)["code"] for line in as_json.piped.splitlines()]) == 3
    [line] = examples("schemas")
    assert typed(line, {}, tmp_path).code == 0
    assert (tmp_path / "contract" / "rorbridge.orientation.request.v1.schema.json").is_file()
    _demo, help_ = examples()
    assert "Publish a request" in typed(help_, {}, tmp_path).piped


@pytest.fixture
def embedded_broker() -> None:
    """Skip a test of the demo where its broker cannot be had."""
    try:
        EmbeddedBroker()
    except BrokerUnavailableError as error:
        pytest.skip(f"no wheel of the embedded broker for this platform: {error}")


@pytest.mark.usefixtures("embedded_broker")
def test_the_demo_shows_who_what_how_far_and_why(tmp_path: Path) -> None:
    line, _ = examples("demo")
    assert line == examples()[0]
    done = typed(line, {}, tmp_path)
    assert done.code == 0, done
    for words in ("near a point", "matched", "✓ activity: 437", "Lyon", "27 requests, 27 results"):
        assert words in done.piped


@pytest.mark.usefixtures("embedded_broker")
@pytest.mark.skipif(not PROC.is_dir(), reason="what is left behind is looked for in /proc")
def test_the_demo_answers_every_example_and_leaves_nothing_behind(tmp_path: Path) -> None:
    _, line = examples("demo")
    mark, left = marked()
    done = typed(line, mark, tmp_path)
    assert done.code == 0, done
    assert not left()
    results = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert {one["requestId"] for one in results} == {f"demo-{one.name}" for one in requests()}
    assert {one["status"] for one in results} == {"matched"}
    assert all(one["offers"] or one["bundle"] for one in results)
    assert "for a demo with one consumer only" in done.piped


TESTS: dict[str, Callable[..., None]] = {
    "send": test_examples_of_send,
    "watch": test_examples_of_watch,
    "replay": test_examples_of_replay,
    "check": test_examples_of_check,
    "run": test_examples_of_run,
    "lookalike": test_examples_of_lookalike,
    "codes": test_examples_of_codes_and_schemas_and_of_the_program,
    "schemas": test_examples_of_codes_and_schemas_and_of_the_program,
    "demo": test_the_demo_shows_who_what_how_far_and_why,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples_and_a_test_that_runs_them(command: str) -> None:
    assert examples(command)
    assert all(line.startswith(f"rorbridge {command}") for line in examples(command))
    assert command in TESTS
