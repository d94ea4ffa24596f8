"""The commands as a user types them, apart from what their examples and exit codes show."""

import json
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from rorbridge import __version__
from rorbridge.cli.exits import EXITS
from rorbridge.cli.show import show
from rorbridge.events.offer import Offer
from rorbridge.events.result import OrientationResult, Round, Search, Status
from tests.support.commands import COMMANDS, examples, rorbridge, surroundings
from tests.support.stage import Stage

HEAVY = (
    "aiokafka",
    "aiohttp",
    "faststream",
    "fhir",
    "httpx",
    "pydantic",
    "rapidfuzz",
    "structlog",
    "uvicorn",
    "uvloop",
)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


@pytest.mark.parametrize("command", [*COMMANDS, ""])
def test_help_shows_examples_that_can_be_copied_and_the_exit_codes(command: str) -> None:
    done = rorbridge(*filter(None, [command]), "--help", settings={"COLUMNS": "80"})
    assert done.returncode == 0
    assert "\x1b" not in done.stdout, "no colours on a pipe"
    assert not done.stderr
    assert examples(command)
    assert set(examples(command)) <= set(lines(done.stdout)), "a line that is cut or folded cannot be copied"
    told = [int(found[1]) for line in lines(done.stdout) if (found := re.match(r"(\d+)  ", line))]
    assert told == [code.value for code in EXITS[command]] if command else "Exit codes" in done.stdout


def test_the_program_without_a_command_shows_its_help_as_a_mistake() -> None:
    done = rorbridge()
    assert done.returncode == 64
    assert done.stdout == rorbridge("--help").stdout


def test_the_module_is_the_program() -> None:
    program = [str(Path(sys.executable).parent / "rorbridge")]
    for arguments in (["--version"], ["watch", "--help"], ["sned"]):
        done = subprocess.run(
            program + arguments, env=surroundings({}), capture_output=True, text=True, check=False, timeout=60
        )
        same = rorbridge(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (same.returncode, same.stdout, same.stderr)


def test_the_version_is_told() -> None:
    assert rorbridge("--version").stdout == f"rorbridge {__version__}\n"


def test_the_command_line_alone_loads_none_of_the_heavy_libraries() -> None:
    program = "import sys, rorbridge.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {name.partition(".")[0] for name in done.stdout.split()} & set(HEAVY)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sned"], "did you mean 'send'"),
        (["send"], "missing argument"),
        (["watch", "--count", "0"], "--count"),
        (["watch", "--status", "matchd"], "'--status': 'matchd' is not one of 'matched', 'no-match', 'rejected', "),
        (["replay", "--since", "yesterday"], "yesterday is neither a time such as"),
        (["send", "-"], "rorbridge_kafka__bootstrap_servers is required"),
    ],
)
def test_a_mistake_is_told_in_a_line_that_says_which(arguments: list[str], says: str) -> None:
    done = rorbridge(*arguments)
    assert done.returncode == 64
    [line] = done.stderr.splitlines()
    assert says in line.lower()
    assert not done.stdout


@pytest.mark.kafka
def test_a_topic_that_is_not_there_is_named(stage: Stage) -> None:
    for setting, arguments in (("REQUESTS", ["send", "-"]), ("DEAD_LETTER", ["replay"])):
        settings = stage.settings | {f"RORBRIDGE_KAFKA__{setting}_TOPIC": "no-such-topic"}
        done = rorbridge(*arguments, settings=settings, text="{}")
        assert done.returncode == 69
        assert "has no topic no-such-topic" in done.stderr.splitlines()[-1]


def test_misspelled_words_find_their_code() -> None:
    done = rorbridge("codes", "soins paliatifs")
    assert done.returncode == 0
    assert "170   Soins palliatifs" in done.stdout
    assert rorbridge("codes", "soins", "paliatifs").stdout == done.stdout


def test_a_code_tells_what_it_stands_for_in_each_nomenclature() -> None:
    done = rorbridge("codes", "013", "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["code"] for one in found} == {"013"}
    assert "Cardiologie générale" in {one["display"] for one in found}
    assert len({one["system"] for one in found}) == len(found) > 1
    assert rorbridge("codes", "00013").returncode == 1


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
        env=surroundings({}) | {"PYTHONUNBUFFERED": unbuffered, "PYTHONIOENCODING": "utf-8"},
    ) as process:
        time.sleep(1)  # the reader is slow on purpose, so that the pipe fills
        assert process.stdout is not None
        assert process.stdout.read().decode() == "é" * 300_000 + "\n"


NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def shown(*, total: int, sent: int) -> str:
    offers = tuple(Offer(reference=f"HealthcareService/{n}", name=f"Offer {n}") for n in range(sent))
    search = Search(rounds=(Round(found=total, kept=total),), total=total, complete=True, source="ror", as_of=NOW)
    result = OrientationResult(request_id="case", status=Status.MATCHED, offers=offers, search=search)
    screen = StringIO()
    show(Console(file=screen, width=100), result, most=2)
    return screen.getvalue()


def test_offers_that_the_result_leaves_out_are_told_apart_from_those_that_are_not_shown() -> None:
    assert "offers: 13, the first 10 in the result" in shown(total=13, sent=10)
    assert "… and 8 more" in shown(total=13, sent=10)
    assert "offers: 3\n" in shown(total=3, sent=3)
