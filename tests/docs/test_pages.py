"""How pages are read, and that nothing in them can be overlooked."""

import pytest

from tests.docs.claims import complaints
from tests.docs.pages import Block, Page, PageError, page


def read(*lines: str) -> Page:
    return page("docs/page.md", "\n".join(lines) + "\n")


def block(*lines: str) -> Block:
    [found] = read(*lines).blocks
    return found


def test_a_block_of_a_shell_is_to_be_run() -> None:
    for language in ("sh", "bash", "console"):
        assert block(f"```{language}", "$ true" if language == "console" else "true", "```").commands == "true\n"


def test_a_block_within_a_list_is_found() -> None:
    assert block("- so:", "", "  ```sh", "  true", "  ```").commands == "true\n"


def test_a_console_tells_commands_from_output() -> None:
    found = block("```console", "$ cat <<END", "> hello", "> END", "hello", "```")
    assert found.commands == "cat <<END\nhello\nEND\n"
    assert found.output == ("hello",)


def test_a_block_that_is_not_run_has_a_reason() -> None:
    found = block("<!-- not run: it takes a week -->", "```sh", "sleep 1w", "```")
    assert (found.commands, found.left_out) == ("", (("sleep 1w\n", "it takes a week"),))


def test_lines_that_are_not_run_have_a_reason_and_the_others_are_run() -> None:
    found = block('<!-- not run "sleep": it takes a week -->', "```sh", "true", "sleep 1w", "```")
    assert (found.commands, found.left_out) == ("true\n", (("sleep 1w\n", "it takes a week"),))


def test_a_page_may_be_run_by_another_test_and_is_looked_at_all_the_same() -> None:
    found = block("<!-- commands: run by tests/docs/test_pages.py -->", "", "```sh", "make nothing", "```")
    assert (found.commands, found.left_out) == ("", (("make nothing\n", "run by tests/docs/test_pages.py"),))


def test_output_belongs_to_the_block_before() -> None:
    assert block("```sh", "echo a", "```", "", "<!-- output -->", "```text", "a", "```").output == ("a",)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["<!-- not run -->", "```sh", "true", "```"], "none of the comments"),
        (["<!-- not run: slow -->", "```sh", "true", "```"], "none of the comments"),
        (['<!-- not run "make": it is not there -->', "```sh", "true", "```"], "no line of the block begins"),
        (["<!-- run: in the background -->", "```sh", "true", "```"], "none of the comments"),
        (["<!-- not run: it takes a week -->", "", "Some text.", "", "```sh", "true", "```"], "here is none"),
        (["<!-- not run: it takes a week -->"], "here is none"),
        (["<!-- output -->", "```text", "a", "```"], "cannot stand before a block of text"),
        (["<!-- given: everything -->", "```sh", "true", "```"], "none of the comments"),
        (["<!-- given: service --> <!-- given: settings -->"], "once in a page"),
        (["<!-- commands: run by tests/nowhere.py -->"], "tests/nowhere.py is not there"),
        (["```text", "$ rorbridge run", "```"], "must say sh"),
        (["```", "make test", "```"], "must say sh"),
        (["    rorbridge send x", ""], "must say sh"),
        (["```fish", "true", "```"], "does not know"),
        (["```{code-block} sh", "true", "```"], "plain fence"),
        (["<pre>make test</pre>"], "may hide commands"),
    ],
)
def test_what_cannot_be_followed_is_an_error_with_its_place(lines: list[str], told: str) -> None:
    with pytest.raises(PageError, match=told) as raised:
        read("# Page", "", *lines)
    assert str(raised.value).startswith("docs/page.md:3: ")


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        ("make nothing", "the Makefile has no target nothing"),
        ("make demo && FOO=1 make -s nothing", "the Makefile has no target nothing"),
        ("rorbridge fly", "there is no command `rorbridge fly`"),
        ("cat x | rorbridge send - --fast", "`rorbridge send` has no option --fast"),
        ("RORBRIDGE_X=1 rorbridge --fast run", "`rorbridge` has no option --fast"),
        ("python -m tests.nothing", "there is no module tests.nothing"),
        ("docker compose -f deploy/nothing.yaml up", "deploy/nothing.yaml is not in the repository"),
        ("rorbridge send --wait \\\n  schemas/examples/nothing.json", "schemas/examples/nothing.json is not in"),
        ("openssl fly", "openssl has no command fly"),
        ("openssl x509 -in a -fly", "openssl x509 has no option -fly"),
    ],
)
def test_what_a_command_names_and_is_not_there_is_told(commands: str, told: str) -> None:
    [complaint] = complaints(commands)
    assert complaint.startswith(told)


@pytest.mark.parametrize(
    "commands",
    [
        "make chaos MINUTES=20",
        "rorbridge replay --status failed -y --since 2h # comment --fast",
        "python -m tests.chaos --minutes 1",
        "rorbridge send --wait schemas/examples/01-one-activity.json",
        "openssl x509 -in a.pem -noout -subject -checkend 5184000",
        "openssl genpkey -algorithm RSA -aes-256-cbc -out a.key",
        "rorbridge",
        "rorbridge [OPTIONS] COMMAND [ARGS]...",
        "rorbridge send [OPTIONS] FILE",
        "rorbridge.orientation.request.v1",
    ],
)
def test_what_is_there_is_no_complaint(commands: str) -> None:
    assert complaints(commands) == []
