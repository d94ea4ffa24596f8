"""Shell completion, asked of the program itself and of real shells."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import COMMANDS, surroundings
from tests.support.leftout import left_out

PROGRAMS = str(Path(sys.executable).parent)

IN_BASH = """
source <(rorbridge --show-completion)
complete -p rorbridge
COMP_WORDS=(%(words)s) COMP_CWORD=%(last)d
_rorbridge_completion rorbridge
printf '%%s\\n' "${COMPREPLY[@]}"
"""
IN_FISH = "rorbridge --show-completion | source; complete -C '%(line)s'"
IN_ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'autoload -Uz compinit && compinit -u -D; source <(rorbridge --show-completion); echo rea""dy'
zpty -r shell out '*ready*'
zpty -w -n shell $'%(line)s\\t'
zpty -r shell out '*%(whole)s*'
zpty -d shell
"""


def ran(command: list[str], settings: dict[str, str]) -> str:
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        env=surroundings({"PATH": path, "TERM": "xterm", **settings}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def asked(shell: str, line: str) -> list[str]:
    """Ask the program for completions as a shell's script does; the last word is being typed."""
    words = line.split(" ")
    variables = {
        "_RORBRIDGE_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    return ran(["rorbridge"], variables).splitlines()


def in_shell(shell: str, *options: str, script: str, home: Path) -> str:
    found = shutil.which(shell)
    if found is None:
        left_out(f"{shell} is not installed: apt-get install {shell}")
    return ran([found, *options, "-c", script], {"HOME": str(home)})


def test_commands_options_and_their_values_are_offered() -> None:
    assert sorted(asked("bash", "rorbridge ")) == COMMANDS
    assert asked("bash", "rorbridge watch --s") == ["--since", "--status"]
    assert asked("bash", "rorbridge watch --status ") == ["matched", "no-match", "rejected", "failed", "expired"]
    assert asked("bash", "rorbridge replay --status no") == ["no-event"]
    assert asked("bash", "rorbridge demo --broker k") == ["kafka"]


def test_words_of_the_nomenclatures_are_offered() -> None:
    assert "palliatifs" in asked("bash", "rorbridge codes palli")
    assert "réanimation" in asked("bash", "rorbridge codes réa")
    assert "reanimation" in asked("bash", "rorbridge codes rea"), "the search does not mind"
    assert not "".join(asked("bash", "rorbridge codes p")), "there are too many"


@pytest.mark.parametrize("line", ["rorbridge send re", "rorbridge run --config ro", "rorbridge schemas co"])
def test_where_a_file_belongs_the_shell_offers_its_own(line: str) -> None:
    assert not "".join(asked("bash", line))


def test_zsh_and_fish_are_told_what_a_command_does() -> None:
    [line] = asked("fish", "rorbridge wat")
    assert line == "watch\tFollow the results, from now on, until Ctrl-C."
    assert '"watch":"Follow the results, from now on, until Ctrl-C."' in " ".join(asked("zsh", "rorbridge wat"))


def test_bash_completes(tmp_path: Path) -> None:
    script = IN_BASH % {"words": "rorbridge watch --status fa", "last": 3}
    registered, offered = in_shell("bash", "--norc", script=script, home=tmp_path).splitlines()
    assert offered == "failed"
    assert registered == "complete -o default -F _rorbridge_completion rorbridge", "files where nothing is offered"


def test_fish_completes(tmp_path: Path) -> None:
    script = IN_FISH % {"line": "rorbridge watch --status fa"}
    assert in_shell("fish", "--no-config", script=script, home=tmp_path).split() == ["failed"]


def test_zsh_completes(tmp_path: Path) -> None:
    script = IN_ZSH % {"line": "rorbridge watch --status fa", "whole": "--status failed"}
    in_shell("zsh", "-f", script=script, home=tmp_path)


def test_completion_can_be_installed(tmp_path: Path) -> None:
    in_shell("bash", "--norc", script="rorbridge --install-completion; true", home=tmp_path)
    script = "source ~/.bashrc; complete -p rorbridge"
    assert "_rorbridge_completion" in in_shell("bash", "--norc", script=script, home=tmp_path)
