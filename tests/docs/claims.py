"""What a command names: make targets, our commands and options, modules, options of openssl, files of the repository.

For commands that are not run, and for those within sentences: what they name must at least be there.
"""

import importlib.util
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache

import typer

from rorbridge.cli import app
from tests.docs.pages import ROOT

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_BREAK = re.compile(r"[();<>|&]+|[{}]")
_OUTER = {"exec", "sudo", "time", "env", "export"}
_LONG = re.compile(r"--[a-z][a-z0-9-]*")
_ALGORITHMS = frozenset({"-aes-256-cbc", "-sha256"})
"""Names of ciphers and digests, which openssl takes as options and does not list with them."""
_SHORT = re.compile(r"-[a-zA-Z0-9_]+")


def complaints(commands: str) -> list[str]:
    """Say what the commands name that is not there."""
    return [complaint for words in _simple_commands(commands) for complaint in _complaints(words)]


def _simple_commands(commands: str) -> Iterator[list[str]]:
    """Give the words of each command; lines that the shell alone understands are left out."""
    for line in re.sub(r"\\\n\s*", " ", commands).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:
            continue  # a text over several lines
        simple: list[str] = []
        for word in [*words, ";"]:
            if _BREAK.fullmatch(word):
                if simple:
                    yield simple
                simple = []
            elif simple or not (_ASSIGNMENT.match(word) or word in _OUTER):
                simple.append(word)


def _complaints(words: list[str]) -> Iterator[str]:
    program, *rest = words
    match program.rsplit("/", maxsplit=1)[-1]:
        case "make":
            yield from _make(rest)
        case "rorbridge":
            yield from _rorbridge(rest)
        case "openssl":
            yield from _openssl(rest)
        case "python" | "python3":
            yield from _python(rest)
        case _:
            pass
    yield from _paths(words)


def _make(words: list[str]) -> Iterator[str]:
    for word in words:
        if not word.startswith("-") and "=" not in word and word not in _targets():
            yield f"the Makefile has no target {word}"


@cache
def _targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _rorbridge(words: list[str]) -> Iterator[str]:
    command = typer.main.get_command(app)
    told = "rorbridge"
    rest = [one for one in words if not (one.startswith("[") or one.isupper())]  # usage: [OPTIONS] FILE
    while (commands := getattr(command, "commands", None)) and rest and not rest[0].startswith("-"):
        told = f"{told} {rest[0]}"
        if rest[0] not in commands:
            yield f"there is no command `{told}`"
            return
        command = commands[rest.pop(0)]
    known = {"--help", *(one for parameter in command.params for one in (*parameter.opts, *parameter.secondary_opts))}
    for option in rest:
        name = option.partition("=")[0]
        if (_LONG.fullmatch(name) or _SHORT.fullmatch(name)) and name not in known:
            yield f"`{told}` has no option {name}"


def _openssl(words: list[str]) -> Iterator[str]:
    if not shutil.which("openssl") or not words:
        return
    done = subprocess.run(["openssl", words[0], "-help"], capture_output=True, text=True, check=False)
    known = set(re.findall(r"^ (-[a-zA-Z0-9_]+)", done.stdout + done.stderr, re.MULTILINE))
    if done.returncode or not known:
        yield f"openssl has no command {words[0]}"
        return
    for word in words[1:]:
        if _SHORT.fullmatch(word) and word not in known | _ALGORITHMS:
            yield f"openssl {words[0]} has no option {word}"


def _python(words: list[str]) -> Iterator[str]:
    if words[:1] == ["-m"] and importlib.util.find_spec(words[1]) is None:
        yield f"there is no module {words[1]}"


def _paths(words: list[str]) -> Iterator[str]:
    """Look for files of the repository: what begins with one of its folders."""
    folders = {one.name for one in ROOT.iterdir() if one.is_dir() and not one.name.startswith((".", "build", "dist"))}
    for word in words:
        path = word.rpartition("=")[2]
        first, slash, _ = path.partition("/")
        if slash and first in folders and not re.search(r"[*?<>{}$]", path) and not (ROOT / path).exists():
            yield f"{path} is not in the repository"
