"""Every exit code that the help documents comes about, and what goes wrong is told in a line."""

import asyncio
import json
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import pytest

from rorbridge.bus.deadletter import STATUS
from rorbridge.bus.localbroker import BrokerUnavailableError, EmbeddedBroker
from rorbridge.cli.exits import EXITS, Exit
from tests.support.commands import COMMAND, Ended, no_reader, on_terminal, rorbridge, surroundings, typing
from tests.support.kafka import publish
from tests.support.processes import PROC, marked
from tests.support.requests import NO_EVENT, Sent
from tests.support.stage import Stage

NOWHERE = {"RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9"}
FULL = Path("/dev/full")
NEAR = {"near": {"latitude": 45.76, "longitude": 4.83}, "radiusKm": 400}
REQUEST = {"need": {"activity": ["437"]}, "where": NEAR}


def piped(*arguments: str, settings: Mapping[str, str] | None = None, text: str = "") -> Ended:
    done = rorbridge(*arguments, settings=settings, text=text)
    return Ended(done.returncode, done.stderr, done.stdout)


def into(output: int | IO[str], *arguments: str, settings: Mapping[str, str] | None) -> Ended:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=surroundings(settings),
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stderr, "")


def unread(*arguments: str, settings: Mapping[str, str] | None = None) -> Ended:
    """Run a command whose output nobody reads."""
    with no_reader() as pipe:
        return into(pipe, *arguments, settings=settings)


def full(*arguments: str, settings: Mapping[str, str] | None = None) -> Ended:
    """Run a command whose output goes to a disk that is full."""
    with FULL.open("w") as disk:
        return into(disk, *arguments, settings=settings)


def broken(part: str, *arguments: str) -> Ended:
    """Run a command with a mistake of ours: something that it calls is no function."""
    module = part.rpartition(".")[0]
    program = f"import {module}; {part} = None; from rorbridge.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=surroundings({}), capture_output=True, text=True, check=False
    )
    return Ended(done.returncode, done.stderr, done.stdout)


def watched(stage: Stage) -> Ended:
    """Watch a result, with an output that cannot be written to."""
    sent(stage, {"need": {}}, "--wait")
    return full("watch", "--from-beginning", settings=stage.settings)


def following(stage: Stage) -> Ended:
    """Watch results, and interrupt it once it has shown one, whichever that is."""
    sent(stage, {"need": {}}, "--wait")
    return on_terminal("watch", "--from-beginning", settings=stage.settings, when=" ms ")


def deaf(stage: Stage, *arguments: str, when: str) -> Ended:
    """Run a command on a terminal, with a Kafka that takes connections and says nothing, and interrupt it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        servers = f"127.0.0.1:{listener.getsockname()[1]}"
        settings = stage.settings | {"RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": servers}
        return on_terminal(*arguments, settings=settings, when=when)


def sent(stage: Stage, request: object, *options: str) -> Ended:
    return piped("send", "-", *options, settings=stage.settings, text=json.dumps(request))


def port_in_use(stage: Stage, *arguments: str) -> Ended:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        settings = {**stage.settings, **NOWHERE, "RORBRIDGE_HTTP__PORT": port}
        return piped(*arguments, *(["--port", port] if "lookalike" in arguments else []), settings=settings)


def demo_without_patience() -> Ended:
    program = "from rorbridge.cli import main, stage; stage._PATIENCE_S = 0; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "demo", "--offers", "100"],
        env=surroundings({}),
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stderr, done.stdout)


def demo_interrupted() -> Ended:
    """Interrupt a demo in its midst; nothing that it has started is left behind."""
    mark, left = marked()

    def interrupt(process: "subprocess.Popen[bytes]", _: int) -> None:
        running = "\n".join(left())
        assert "noida-db" in running
        assert "rorbridge.bus.tether" in running
        process.send_signal(signal.SIGINT)

    ended = on_terminal("demo", "--offers", "100", settings=mark, when="invented offers", then=interrupt)
    assert not left()
    return ended


def demo_without_maven(folder: Path) -> Ended:
    return piped("demo", "--broker", "kafka", settings={"PATH": str(folder), "XDG_CACHE_HOME": str(folder)})


def file(folder: Path, request: object) -> str:
    path = folder / "request.json"
    path.write_text(json.dumps(request))
    return str(path)


def many_letters(stage: Stage) -> str:
    """Put more dead letters than are sent without a question, and give the key that they have."""
    key = f"many-{time.monotonic_ns()}"
    one = Sent("", key.encode(), b"hello", [(STATUS, b"failed")], NO_EVENT)
    letters = [
        Sent("", one.key, one.value, [*one.headers, ("rorbridge-replay-of", f"{key}-{n}".encode())], NO_EVENT)
        for n in range(11)
    ]
    asyncio.run(publish(stage.broker, stage.topics.dead_letters, letters))
    return key


Provoke = Callable[[Stage, Path], Ended]
PROVOKED: dict[tuple[str, Exit], Provoke] = {
    ("run", Exit.NO): lambda stage, _: port_in_use(stage, "run"),
    ("run", Exit.USAGE): lambda *_: piped("run", "--config", "/nowhere/rorbridge.toml"),
    ("check", Exit.NO): lambda *_: piped("check", settings=NOWHERE),
    ("check", Exit.USAGE): lambda *_: piped("check", "--jason"),
    ("check", Exit.INTERRUPTED): lambda stage, _: deaf(stage, "check", when="Looking at Kafka"),
    ("check", Exit.READER_GONE): lambda *_: unread("check"),
    ("demo", Exit.NO): lambda *_: demo_without_patience(),
    ("demo", Exit.USAGE): lambda *_: piped("demo", "--offers", "many"),
    ("demo", Exit.UNAVAILABLE): lambda _, folder: demo_without_maven(folder),
    ("demo", Exit.INTERRUPTED): lambda *_: demo_interrupted(),
    ("demo", Exit.READER_GONE): lambda *_: unread("demo", "--offers", "100"),
    ("send", Exit.NO): lambda stage, _: sent(stage, {"need": {"activity": ["zz9"]}, "where": NEAR}, "--wait"),
    ("send", Exit.REJECTED): lambda stage, _: sent(stage, {"need": {}}, "--wait"),
    ("send", Exit.FAILED): lambda stage, _: sent(stage, {"need": {"activity": ["zz8"]}, "where": NEAR}, "--wait"),
    ("send", Exit.EXPIRED): lambda stage, _: sent(stage, REQUEST | {"deadline": "2020-01-01T00:00:00Z"}, "--wait"),
    ("send", Exit.UNANSWERED): lambda stage, _: sent(stage, REQUEST, "--wait", "--timeout", "0"),
    ("send", Exit.USAGE): lambda stage, _: piped("send", "/nowhere/request.json", settings=stage.settings),
    ("send", Exit.UNAVAILABLE): lambda *_: piped("send", "-", settings=NOWHERE, text=json.dumps(REQUEST)),
    ("send", Exit.INTERRUPTED): lambda stage, folder: deaf(
        stage, "send", "--wait", file(folder, REQUEST), when="Waiting for the result"
    ),
    ("send", Exit.READER_GONE): lambda stage, folder: unread("send", file(folder, REQUEST), settings=stage.settings),
    ("watch", Exit.USAGE): lambda *_: piped("watch", "--from-beginning", "--since", "1h"),
    ("watch", Exit.UNAVAILABLE): lambda *_: piped("watch", settings=NOWHERE),
    ("watch", Exit.INTERRUPTED): lambda stage, _: following(stage),
    ("watch", Exit.READER_GONE): lambda stage, _: unread("watch", settings=stage.settings),
    ("replay", Exit.NO): lambda stage, _: on_terminal(
        *("replay", "--key", many_letters(stage)), settings=stage.settings, when="again?", then=typing("n\n")
    ),
    ("replay", Exit.USAGE): lambda stage, _: piped("replay", "--key", many_letters(stage), settings=stage.settings),
    ("replay", Exit.UNAVAILABLE): lambda *_: piped("replay", settings=NOWHERE),
    ("replay", Exit.INTERRUPTED): lambda stage, _: deaf(stage, "replay", when="Reading the dead letters"),
    ("replay", Exit.READER_GONE): lambda stage, _: unread(
        "replay", "--dry-run", "--key", many_letters(stage), settings=stage.settings
    ),
    ("codes", Exit.NO): lambda *_: piped("codes", "qwxzvbnkjh"),
    ("codes", Exit.USAGE): lambda *_: piped("codes", "soins", "--limit", "0"),
    ("codes", Exit.READER_GONE): lambda *_: unread("codes", "soins"),
    ("lookalike", Exit.USAGE): lambda *_: piped("lookalike", "--access-profile", "6"),
    ("lookalike", Exit.UNAVAILABLE): lambda stage, _: port_in_use(stage, "lookalike", "--offers", "10"),
    ("schemas", Exit.USAGE): lambda _, folder: piped("schemas", file(folder, {})),
    ("schemas", Exit.READER_GONE): lambda _, folder: unread("schemas", str(folder)),
    ("lookalike", Exit.READER_GONE): lambda *_: unread("lookalike", "--offers", "10"),
    ("check", Exit.OUTPUT): lambda *_: full("check"),
    ("demo", Exit.OUTPUT): lambda *_: full("demo", "--offers", "100"),
    ("send", Exit.OUTPUT): lambda stage, folder: full("send", file(folder, REQUEST), settings=stage.settings),
    ("watch", Exit.OUTPUT): lambda stage, _: watched(stage),
    ("replay", Exit.OUTPUT): lambda stage, _: full(
        "replay", "--dry-run", "--key", many_letters(stage), settings=stage.settings
    ),
    ("codes", Exit.OUTPUT): lambda *_: full("codes", "soins"),
    ("lookalike", Exit.OUTPUT): lambda *_: full("lookalike", "--offers", "10"),
    ("schemas", Exit.OUTPUT): lambda _, folder: full("schemas", str(folder)),
    ("run", Exit.SOFTWARE): lambda *_: broken("rorbridge.settings.load", "run"),
    ("check", Exit.SOFTWARE): lambda *_: broken("rorbridge.settings.load", "check"),
    ("demo", Exit.SOFTWARE): lambda *_: broken("rorbridge.lookalike.dataset.generate", "demo"),
    ("send", Exit.SOFTWARE): lambda _, folder: broken("rorbridge.settings.load", "send", file(folder, REQUEST)),
    ("watch", Exit.SOFTWARE): lambda *_: broken("rorbridge.settings.load", "watch"),
    ("replay", Exit.SOFTWARE): lambda *_: broken("rorbridge.settings.load", "replay"),
    ("codes", Exit.SOFTWARE): lambda *_: broken("rorbridge.ror.terminology.search", "codes", "soins"),
    ("lookalike", Exit.SOFTWARE): lambda *_: broken("rorbridge.lookalike.dataset.generate", "lookalike"),
    ("schemas", Exit.SOFTWARE): lambda _, folder: broken(
        "rorbridge.events.schemas.write_schemas", "schemas", str(folder)
    ),
}


def test_no_documented_exit_code_is_without_its_test() -> None:
    documented = {(command, code) for command, codes in EXITS.items() for code in codes}
    assert set(PROVOKED) == documented - {(command, Exit.OK) for command in EXITS}, "0 is for test_examples.py"


@pytest.mark.kafka
@pytest.mark.parametrize(("command", "code"), PROVOKED, ids=lambda value: getattr(value, "name", value))
def test_a_documented_exit_code_comes_about(command: str, code: Exit, stage: Stage, tmp_path: Path) -> None:
    if command == "demo" and code not in {Exit.USAGE, Exit.UNAVAILABLE}:
        try:
            EmbeddedBroker()
        except BrokerUnavailableError as error:
            pytest.skip(f"no wheel of the embedded broker for this platform: {error}")
    if code is Exit.OUTPUT and not FULL.exists():
        pytest.skip("an output that cannot be written to is Linux's /dev/full")
    if (command, code) == ("demo", Exit.INTERRUPTED) and not PROC.is_dir():
        pytest.skip("what is left behind is looked for in /proc")
    ended = PROVOKED[command, code](stage, tmp_path)
    assert ended.code == code, ended
    assert ("Traceback" in ended.screen) == (code is Exit.SOFTWARE), ended
    if code is Exit.SOFTWARE:
        assert "please report" in ended.screen.splitlines()[-1]
    if code in {Exit.USAGE, Exit.UNAVAILABLE, Exit.OUTPUT} and (command, code) != ("demo", Exit.OUTPUT):
        [line] = ended.screen.splitlines()
        assert line.startswith("rorbridge: ")
    if "\x1b[?25l" in ended.screen:
        assert "\x1b[?25h" in ended.screen.rpartition("\x1b[?25l")[2], "the cursor is shown again"
    if code is Exit.READER_GONE:
        assert not ended.screen or command == "demo"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["send", "--help"]])
def test_help_that_cannot_be_written_ends_as_results_do(arguments: list[str]) -> None:
    ended = unread(*arguments)
    assert (ended.code, ended.screen) == (Exit.READER_GONE, "")
    if FULL.exists():
        ended = full(*arguments)
        assert ended.code == Exit.OUTPUT
        assert ended.screen.count("\n") == 1


@pytest.mark.kafka
@pytest.mark.skipif(not FULL.exists(), reason="an output that cannot be written to is Linux's /dev/full")
@pytest.mark.parametrize(
    ("request_", "streams", "code"),
    [
        (REQUEST, ">&-", Exit.READER_GONE),
        (REQUEST, ">/dev/full", Exit.OUTPUT),
        (REQUEST, ">/dev/full 2>/dev/full", Exit.OUTPUT),
        ({"need": {}}, "2>/dev/full", Exit.REJECTED),
        ({"need": {}}, "2>&-", Exit.REJECTED),
        ({"need": {}}, ">&- 2>&-", Exit.READER_GONE),
    ],
)
def test_send_says_of_no_request_how_it_ended_when_it_cannot_say_so(
    request_: object, streams: str, code: Exit, stage: Stage, tmp_path: Path
) -> None:
    command = shlex.join([*COMMAND, "send", file(tmp_path, request_), "--wait"])
    done = subprocess.run(["bash", "-c", f"{command} {streams}"], env=surroundings(stage.settings), check=False)
    assert done.returncode == code
