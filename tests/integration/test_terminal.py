"""Colours and progress are for a terminal; a pipe gets the result and nothing else."""

import re

import pytest

from tests.support.commands import on_terminal, rorbridge

COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3|4|9|10)[0-7][;m]")
COMMANDS = [["--help"], ["send", "--help"], ["check"], ["codes", "soins palliatifs"]]


def test_a_terminal_has_colours() -> None:
    for command in (["--help"], ["check"]):
        assert COLOUR.search(on_terminal(*command).screen), command


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_color_a_dumb_terminal_and_a_pipe_have_none(command: list[str]) -> None:
    assert not COLOUR.search(on_terminal(*command, settings={"NO_COLOR": "1"}).screen)
    assert "\x1b" not in on_terminal(*command, settings={"TERM": "dumb"}).screen
    done = rorbridge(*command)
    assert "\x1b" not in done.stdout
    assert not done.stderr


def test_progress_goes_to_the_terminal_and_the_result_to_the_pipe() -> None:
    look_alike = on_terminal("lookalike", "--offers", "500", stdout_is_pipe=True, when="RORBRIDGE_ROR__BASE_URL")
    assert "Inventing 500 offers" in look_alike.screen
    [line] = look_alike.piped.splitlines()
    assert line.startswith("RORBRIDGE_ROR__BASE_URL=http://")
    check = on_terminal("check", "--json", stdout_is_pipe=True)
    assert "Looking at the settings" in check.screen
    assert check.piped.startswith('{"ok": false')


def test_a_dumb_terminal_and_a_pipe_get_no_progress() -> None:
    for settings in ({"TERM": "dumb"}, {"TERM": "unknown"}):
        check = on_terminal("check", "--json", settings=settings, stdout_is_pipe=True)
        assert not check.screen
    assert not rorbridge("check").stderr
