"""Each example against the real thing: requests out, every kind of result in, each handled once."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rorbridge.events.envelope import correlation_id
from tests.examples.consumer import Example, Line, run
from tests.examples.requests import ENDS
from tests.examples.stage import Stage, another, of_another_version, repeat, second_attempt_of_tomorrow
from tests.support.kafka import Record
from tests.support.processes import free_port

pytestmark = pytest.mark.real_kafka


@pytest.fixture
def files(tmp_path: Path) -> Mapping[str, Path]:
    """The requests as files, by name."""
    found = {name: tmp_path / name for name in ENDS}
    for name, (content, _) in ENDS.items():
        found[name].write_text(json.dumps(content))
    return found


async def test_every_kind_of_result_is_told_and_each_once(
    stage: Stage, example: Example, files: Mapping[str, Path], tmp_path: Path
) -> None:
    group = f"all-{example.name}"
    where: list[str | Path] = [*stage.arguments(group), "--database", tmp_path / "ledger.sqlite"]
    with example.running(*where, "-X", "client.id=example", "--follow", *files.values()) as running:
        lines = {line["request"]: line for line in await running.printed(len(files))}
        assert {name: line["status"] for name, line in lines.items()} == {name: end for name, (_, end) in ENDS.items()}

        results = await stage.results()
        answers = {correlation_id(one.headers): one for one in results}
        beds = answers[lines["beds.json"]["requestId"]]
        await stage.put_and_abort(another(beds, beds.value))
        await stage.put(
            repeat(beds),
            another(beds, beds.value, correlationid="somebody-else"),
            of_another_version(beds),
            another(beds, b"no JSON"),
            another(beds, b"{}"),
            second_attempt_of_tomorrow(beds),
        )
        again = (await running.printed(len(files) + 1))[-1]
        await committed_all(stage, group)
        assert len(running.lines) == len(files) + 1
        assert running.errors.count(f"cannot read {stage.topics.results}/") == 2
    assert again == lines["beds.json"] | {"attempt": 2}

    for line in lines.values():
        tells(line, answers[line["requestId"]])
    assert lines["bundle.json"]["bundle"]["HealthcareService"] == ENDS["bundle.json"][0]["answer"]["limit"]
    assert list(lines["nameless.json"]["errors"]) == ["/patient"]
    assert "2020" in lines["late.json"]["problem"]
    assert lines["faults.json"]["retryable"] in {True, False}
    assert kept(tmp_path) == len(files) + 1

    # As if the group had crashed at every commit: all comes again, and nothing takes effect again.
    await stage.rewind(group)
    with example.running(*where, "--follow", files["at-sea.json"]) as running:
        [line] = await running.printed(1)
        await committed_all(stage, group)
        assert running.lines == [line]
    assert line["status"] == "no-match"
    assert line["requestId"] != lines["at-sea.json"]["requestId"]
    assert kept(tmp_path) == len(files) + 2


async def test_a_request_that_could_not_be_published_is_published_by_the_next_start(
    stage: Stage, example: Example, files: Mapping[str, Path], tmp_path: Path
) -> None:
    database = ["--database", str(tmp_path / "ledger.sqlite")]
    nowhere = ["--bootstrap-servers", f"127.0.0.1:{free_port()}", "--timeout", "2"]
    code, lines, errors = await asyncio.to_thread(example.ended, *nowhere, *database, files["phone.json"])
    assert (code, lines) == (1, [])
    assert errors.splitlines()[-1].startswith("Kafka: ")

    where = [*stage.arguments(f"next-{example.name}"), *database]
    code, lines, errors = await asyncio.to_thread(example.ended, *where)
    assert code == 0, errors
    assert [(line["request"], line["status"]) for line in lines] == [("phone.json", "matched")]


async def test_a_request_without_an_answer_in_time_is_named(
    stage: Stage, example: Example, files: Mapping[str, Path], tmp_path: Path
) -> None:
    where = stage.arguments(f"unheard-{example.name}", requests=stage.topics.dead_letters)
    waiting = ["--timeout", "3", "--database", str(tmp_path / "ledger.sqlite")]
    code, lines, errors = await asyncio.to_thread(example.ended, *where, *waiting, files["phone.json"])
    assert (code, lines) == (1, [])
    assert "no result yet for phone.json (" in errors


@pytest.mark.parametrize("example", ["python-consumer"], indirect=True)
def test_python_has_no_rorbridge_at_hand(example: Example) -> None:
    python = example.command[0]
    done = run([python, "-c", "import rorbridge"], example.folder)
    assert done.returncode == 1
    assert "No module named 'rorbridge'" in done.stderr


async def committed_all(stage: Stage, group: str) -> None:
    """Wait until a group has committed everything that there is to read."""
    ends: dict[int, int] = {}
    for record in await stage.results():
        ends[record.partition] = max(ends.get(record.partition, 0), record.offset + 1)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        positions = await stage.positions(group)
        if all(positions.get(partition, 0) >= end for partition, end in ends.items()):
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"committed {positions}, there is {ends}")


def tells(line: Line, record: Record) -> None:
    """Check that a line tells what the result has."""
    result: dict[str, Any] = json.loads(record.value or b"")
    assert line["requestId"] == result["requestId"]
    assert line["attempt"] == 1
    if "search" in result:
        assert (line["total"], line["complete"]) == (result["search"]["total"], result["search"]["complete"])
    if "problem" in result:
        assert result["problem"]["detail"] in line["problem"]
    assert len(line.get("offers", [])) == len(result["offers"])
    for told, offer in zip(line.get("offers", []), result["offers"], strict=True):
        assert told["name"] == offer["name"]
        assert told["distanceKm"] == offer.get("distanceKm")
        outcomes = {one["criterion"]: one for one in offer["match"]}
        assert told["met"] == {name: one["found"] for name, one in outcomes.items() if one["outcome"] == "met"}
        assert told["notVisible"] == [name for name, one in outcomes.items() if one["outcome"] == "notVisible"]
    if line["request"] == "beds.json":
        for told, offer in zip(line["offers"], result["offers"], strict=True):
            [proof] = [one for one in offer["match"] if one["criterion"] == "capacity"]
            [place] = [one for one in offer["places"] if one["reference"] == proof["source"]]
            assert place["address"]["city"] in told["place"]
            assert [one for one in told["freeBeds"] if one["for"] != "Homme" and one["number"] >= 1]
    if line["request"] == "hours.json":
        assert [told for told in line["offers"] if told["notVisible"] == ["openAt"]]
    if line["request"] == "phone.json":
        numbers = [told["phone"] for told in line["offers"] if told["phone"]]
        assert numbers
        assert all(number.removeprefix("+").isdigit() for number in numbers)


def kept(folder: Path) -> int:
    """Count the results in a ledger."""
    with sqlite3.connect(folder / "ledger.sqlite") as db:
        [count] = db.execute("SELECT count(*) FROM result").fetchone()
    return int(count)
