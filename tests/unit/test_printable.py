"""What others wrote, on a terminal of ours: nothing of it moves the cursor, or passes for a line of ours."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from rorbridge.bus.replay import Letter
from rorbridge.cli import output
from rorbridge.cli.replay import _list
from rorbridge.cli.show import show, show_line
from rorbridge.events.result import OrientationResult, Problem, Status

EVIL = "a\x1b]0;b\x07\x9b2J\r\nrorbridge: well\u202ec"


def harmless(text: str, lines: int) -> bool:
    return len(text.splitlines()) == lines and all(one.isprintable() for one in text.splitlines())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hôpital de l’Étoile ✓", "Hôpital de l’Étoile ✓"),
        ("12\u202f000\u00a0€", "12 000 €"),
        ("a\tb\nc", "a b c"),
        ("\x1b[31m\x7f\x9b\u202e\u2066\ud800", "\ufffd[31m\ufffd\ufffd\ufffd\ufffd\ufffd"),
    ],
)
def test_what_cannot_be_seen_is_replaced(text: str, shown: str) -> None:
    assert output.printable(text) == shown


def test_results_are_shown_without_what_controls_a_terminal() -> None:
    problem = Problem(type="urn:x", title=EVIL, detail=EVIL)
    result = OrientationResult(request_id=EVIL, status=Status.FAILED, problem=problem)
    whole, line = StringIO(), StringIO()
    show(Console(file=whole, width=500), result)
    show_line(Console(file=line, width=500), result, datetime.now(UTC))
    assert harmless(whole.getvalue(), 3), whole.getvalue()
    assert harmless(line.getvalue(), 1), line.getvalue()


def test_dead_letters_are_listed_without_it(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    letter = Letter(
        key=None,
        value=b"",
        headers=(),
        time=datetime.now(UTC),
        status=EVIL,
        error=EVIL,
        message=EVIL,
        place=EVIL,
        id=EVIL,
        source=EVIL,
        attempt=1,
        is_cut=False,
    )
    _list([letter], as_json=False)
    assert harmless(capfdbinary.readouterr().out.decode(), 1)


def test_notes_keep_their_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    output.note("one\ntwo\x1b[2J")
    assert capsys.readouterr().err == "rorbridge: one\ntwo\ufffd[2J\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="an output that cannot be written to is Linux's /dev/full")
def test_what_goes_on_is_left_unsaid_where_standard_error_cannot_be_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as disk:
        monkeypatch.setattr("sys.stderr", disk)
        screen = output.remarks()
        screen.print("one")
        screen.print("two")
        output.note("three")
