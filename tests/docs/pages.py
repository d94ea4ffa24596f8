"""The pages of the documentation, and what is said in them of their commands.

Each fenced block of a shell (``sh``, ``console`` and their like) is run, in the order of its page, as a newcomer would:
from the root of a fresh copy of the repository, in one terminal a page, where what was exported stays, and so does the
folder that was changed to. A block must end with 0, and so must every line in it. Ports and topics of the text are
replaced by free ones, and ``localhost:9092`` by the session's Kafka. In a ``console`` block the lines that begin with
``$`` are run, and the others are its output.

A comment right before a block, which no reader sees, says what is to be done otherwise:

    <!-- run: background until "text" -->
        in a terminal of its own, which knows nothing of the page's exports; it goes on until the page ends, and what
        follows waits until it prints the text
    <!-- run: ends with 1 -->
        its exit code is to be this one
    <!-- not run: reason -->
        it is only looked at: targets, options and paths that it names must exist
    <!-- not run "make test": reason -->
        the same for those lines of the block that begin so; the others are run
    <!-- output -->
        before a block of text: the block above printed these lines, in this order, maybe among others; … is anything

And once a page, for all of it:

    <!-- given: settings -->
        the page takes for granted that rorbridge is on the PATH, that the settings of Kafka and the look-alike are
        exported, that both are running, and that the three topics are there
    <!-- given: service -->
        and that ``rorbridge run`` is running
    <!-- commands: those of quick-start.md -->
        another language of that page: its commands are the same ones, comments aside, and are run there
    <!-- commands: run by tests/examples/test_consumers.py -->
        that test runs them; here they are only looked at

Whatever begins like one of these and is none of them is an error, and so is a command that hides in a block of text.
Blocks are found by markdown-it-py, the parser under MyST. Of what is on PyPI to run commands in Markdown nothing fits:
pytest-markdown-docs runs Python alone, mktestdocs and pytest-codeblocks have each block by itself and leave out without
a reason, byexample and tesh want prompts in all blocks; none has processes that go on, nor ports to be replaced.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "tests/README.md",
    "docs/*.md",
    "examples/**/README.md",
    "deploy/**/README.md",
)
SHELLS = frozenset({"sh", "bash", "console", "shell", "zsh"})
OTHERS = frozenset(
    {"csharp", "css", "diff", "go", "html", "http", "ini", "java", "javascript", "js", "promql", "properties"}
    | {"python", "sql", "toml", "ts", "typescript", "xml", "yaml"}
)
"""Languages of blocks that hold no commands; those of json, text and none are looked into."""
MADE = {"docs/commands.md": "tests/integration/test_examples.py"}
"""Pages that a tool makes from the code, without room for a comment, and the test that runs their commands."""
DIRECTIVES = frozenset({"{toctree}"})
"""What a page may have MyST do; a code host shows it as it is."""

_COMMAND = re.compile(r"\s*(\$ |(make|rorbridge|docker|helm|kubectl|curl|pip|openssl|kafka-\w+\.sh) [a-z-])")
_MARK = re.compile(r"<!--\s*((?:run|not run|given|output|commands)\b.*?)\s*-->", re.DOTALL)
_LEAST_REASON = 10


class PageError(ValueError):
    """Something in a page that cannot be followed; the text begins with its place."""


@dataclass(frozen=True)
class Block:
    """Commands of a page."""

    page: str
    line: int
    """Where its fence opens."""
    commands: str
    """What is to be run; empty when nothing is."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Commands that are not run, and why."""
    until: str | None = None
    """What a process that goes on prints when it is ready."""
    code: int = 0
    output: tuple[str, ...] = ()
    """Lines that it prints."""

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """What a page has to run and to look at."""

    name: str
    given: str | None
    """What it takes for granted: ``settings`` or ``service``."""
    same_as: str | None
    """The page whose commands it has."""
    blocks: tuple[Block, ...]
    json: tuple[tuple[int, str], ...]
    """Its JSON, by lines."""
    inline: tuple[tuple[int, str], ...]
    """Its code within sentences, by lines."""


def pages() -> list[Page]:
    """Read all pages. Raises PageError."""
    found = sorted({file for pattern in PAGES for file in ROOT.glob(pattern) if ".venv" not in file.parts})
    return [page(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in found]


def page(name: str, text: str) -> Page:
    """Read one page. Raises PageError."""
    return _Reader(name).read(text)


class _Reader:
    """Goes through a page once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._given: str | None = None
        self._same_as: str | None = None
        self._run_by = MADE.get(name)
        self._blocks: list[Block] = []
        self._json: list[tuple[int, str]] = []
        self._inline: list[tuple[int, str]] = []
        self._marks: list[tuple[int, str]] = []

    def read(self, text: str) -> Page:
        for token in MarkdownIt("commonmark").enable("table").parse(text):
            self._take(token)
        self._nothing_pending()
        blocks = [_left_out(one, f"run by {self._run_by}") if self._run_by else one for one in self._blocks]
        return Page(self._name, self._given, self._same_as, tuple(blocks), tuple(self._json), tuple(self._inline))

    def _take(self, token: Token) -> None:
        line = token.map[0] + 1 if token.map else 0
        match token.type:
            case "html_block":
                if "<pre" in token.content:
                    raise PageError(f"{self._name}:{line}: <pre> may hide commands; write a fence")
                for found in _MARK.finditer(token.content):
                    self._mark(line, " ".join(found[1].split()))
            case "fence":
                self._fence(line, token.info.strip().split(maxsplit=1)[0] if token.info.strip() else "", token.content)
            case "code_block":
                self._text(line, token.content)
            case "inline":
                self._nothing_pending()
                code = [one.content for one in token.children or () if one.type == "code_inline"]
                self._inline += [(line, one) for one in code]
            case _:
                pass

    def _mark(self, line: int, mark: str) -> None:
        if found := re.fullmatch(r"given: (settings|service)", mark):
            self._once(line, self._given)
            self._given = found[1]
        elif found := re.fullmatch(r"commands: those of (\S+)", mark):
            self._once(line, self._same_as or self._run_by)
            self._same_as = found[1]
        elif found := re.fullmatch(r"commands: run by (\S+)", mark):
            self._once(line, self._same_as or self._run_by)
            self._run_by = found[1]
            if not (ROOT / found[1]).is_file():
                raise PageError(f"{self._name}:{line}: {found[1]} is not there")
        else:
            self._marks.append((line, mark))

    def _once(self, line: int, there: str | None) -> None:
        if there:
            raise PageError(f"{self._name}:{line}: such a comment stands once in a page")

    def _nothing_pending(self) -> None:
        if self._marks:
            line, mark = self._marks[0]
            raise PageError(f"{self._name}:{line}: {mark!r} stands right before a block, and here is none")

    def _fence(self, line: int, language: str, content: str) -> None:
        if language in SHELLS:
            self._blocks.append(self._commands(line, language, content))
        elif language in {"", "text"}:
            self._text(line, content)
        elif language == "json":
            self._json.append((line, content))
        elif language.startswith("{") and language not in DIRECTIVES:
            raise PageError(f"{self._name}:{line}: {language}: write a plain fence, which a code host shows as well")
        elif language not in OTHERS | DIRECTIVES:
            raise PageError(f"{self._name}:{line}: whether {language} is a shell tests/docs/pages.py does not know")
        self._nothing_pending()

    def _text(self, line: int, content: str) -> None:
        if self._marks:
            where, mark = self._marks.pop(0)
            if mark != "output" or not self._blocks:
                raise PageError(f"{self._name}:{where}: {mark!r} cannot stand before a block of text")
            printed = tuple(one for one in content.splitlines() if one.strip())
            self._blocks[-1] = replace(self._blocks[-1], output=printed)
        elif hidden := next((one for one in content.splitlines() if _COMMAND.match(one)), None):
            raise PageError(f"{self._name}:{line}: {hidden.strip()!r} looks like a command; its fence must say sh")

    def _commands(self, line: int, language: str, content: str) -> Block:
        commands, printed = _session(content) if language == "console" else (content, [])
        block = Block(self._name, line, commands, output=tuple(printed))
        for where, mark in self._marks:
            block = self._marked(block, where, mark)
        self._marks.clear()
        return block

    def _marked(self, block: Block, where: int, mark: str) -> Block:
        if found := re.fullmatch(r'run: background until "(.+)"', mark):
            return replace(block, until=found[1])
        if found := re.fullmatch(r"run: ends with (\d+)", mark):
            return replace(block, code=int(found[1]))
        if (found := re.fullmatch(r'not run(?: "(.+?)")?: (.+)', mark)) and len(found[2]) >= _LEAST_REASON:
            rest, taken = _taken(block.commands, found[1] or "")
            if not taken.strip():
                raise PageError(f"{block.page}:{where}: no line of the block begins with {found[1]!r}")
            return replace(block, commands=rest, left_out=(*block.left_out, (taken, found[2])))
        raise PageError(f"{block.page}:{where}: {mark!r} is none of the comments that tests/docs/pages.py tells of")


def _left_out(block: Block, why: str) -> Block:
    """Leave all of a block out."""
    return replace(block, commands="", left_out=(*block.left_out, (block.commands, why)))


def _session(content: str) -> tuple[str, list[str]]:
    """Tell what was typed from what was printed."""
    typed, printed = [], []
    for line in content.splitlines():
        if line.startswith(("$ ", "> ")):
            typed.append(line[2:])
        elif line.strip():
            printed.append(line)
    return "".join(f"{one}\n" for one in typed), printed


def _taken(commands: str, beginning: str) -> tuple[str, str]:
    """Take the lines that begin so out of a block: what is left of it, and what was taken."""
    lines = commands.splitlines(keepends=True)
    return (
        "".join(one for one in lines if not one.startswith(beginning)),
        "".join(one for one in lines if one.startswith(beginning)),
    )


def without_comments(block: Block) -> Iterator[str]:
    """Give a block's commands without what is said to people: comments, and space between."""
    for line in (block.commands + "".join(one for one, _ in block.left_out)).splitlines():
        if kept := re.sub(r"(^|\s+)#( .*|$)", "", line).strip():
            yield kept
