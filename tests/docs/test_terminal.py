"""The newcomer's terminal: what is wrong with a page does not pass."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import page
from tests.docs.terminal import CommandError, Names, Newcomer


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    with Newcomer(tmp_path, Names("127.0.0.1:19092")) as found:
        yield found


def type_all(newcomer: Newcomer, *lines: str) -> list[str]:
    return [newcomer.type(block) for block in page("docs/page.md", "\n".join(lines)).blocks]


def test_commands_run_at_the_root_with_what_was_exported_before(newcomer: Newcomer) -> None:
    printed = type_all(
        newcomer,
        *("```sh", "export GREETING='good morning'; hidden=1", "cd docs", "```"),
        *("```sh", "ls index.md", 'echo "$GREETING$hidden"', "```"),
        *("<!-- output -->", "```text", "good …", "```"),
    )
    assert printed[1] == "index.md\ngood morning\n"


def test_the_tests_own_environment_is_not_there(newcomer: Newcomer) -> None:
    [before, after] = type_all(
        newcomer,
        *("```sh", "command -v rorbridge || echo none", "```"),
        *("```sh", ". .venv/bin/activate", "command -v rorbridge", "```"),
    )
    assert before == "none\n"
    assert after.endswith("/.venv/bin/rorbridge\n")


def test_kafka_ports_and_topics_are_replaced_and_told_as_the_page_has_them(newcomer: Newcomer, tmp_path: Path) -> None:
    line = "localhost:9092 --port 8081 http://localhost:8081/ ror.orientation.requests"
    [told] = type_all(newcomer, "```sh", f"echo {line} | tee there", "```")
    assert told.strip() == line
    kafka, _, port, url, topic = (tmp_path / "rorbridge" / "there").read_text().split()
    assert kafka == "127.0.0.1:19092"
    assert port != "8081"
    assert url == f"http://localhost:{port}/"
    assert topic.endswith(".orientation.requests")
    assert topic != "ror.orientation.requests"


def test_a_background_process_knows_no_exports(newcomer: Newcomer) -> None:
    type_all(
        newcomer,
        *("```sh", "export GREETING=hello", "```"),
        *('<!-- run: background until "ready none" -->', "```sh", 'echo "ready ${GREETING:-none}"; sleep 600', "```"),
    )


def test_what_goes_on_ends_with_the_page(tmp_path: Path) -> None:
    with Newcomer(tmp_path, Names("127.0.0.1:19092")) as newcomer:
        type_all(
            newcomer,
            *('<!-- run: background until "ready" -->', "```sh", "sleep 600 & echo $! >one; echo ready; wait", "```"),
            *("```sh", "sleep 600 &", "echo $! >other", "```"),
        )
        numbers = [int((tmp_path / "rorbridge" / name).read_text()) for name in ("one", "other")]
        assert [is_running(one) for one in numbers] == [True, True]
    assert [is_running(one) for one in numbers] == [False, False]


def is_running(number: int) -> bool:
    """Tell whether a process runs; one that ended and that nobody took note of yet does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["```sh", "false", "true", "```"], "docs/page.md:1: ends with 1, not with 0"),
        (["```sh", "false | true", "```"], "ends with 1"),
        (["```sh", "rorbridge run", "```"], "ends with 127"),
        (["<!-- run: ends with 1 -->", "```sh", "true", "```"], "docs/page.md:2: ends with 0, not with 1"),
        (["```sh", "echo b; echo a", "```", "<!-- output -->", "```text", "a", "b", "```"], "does not print 'b'"),
        (["```console", "$ echo a", "b", "```"], "does not print 'b'"),
        (['<!-- run: background until "ready" -->', "```sh", "echo not", "```"], "does not print 'ready'"),
    ],
)
def test_a_wrong_command_does_not_pass(newcomer: Newcomer, lines: list[str], told: str) -> None:
    with pytest.raises(CommandError) as raised:
        type_all(newcomer, *lines)
    assert told in str(raised.value)
