"""How commands end: every exit code and what it means, in one table."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """The exit codes. Those from 64 on mean the same everywhere, as sysexits and shells have them."""

    OK = 0
    NO = 1
    """What was asked for is not so, or could not be done; see the command."""
    REJECTED = 2
    FAILED = 3
    EXPIRED = 4
    UNANSWERED = 5
    USAGE = 64
    """Wrong options, arguments, files or settings (EX_USAGE)."""
    UNAVAILABLE = 69
    """Something that is needed is not there: Kafka, a broker for the demo, a port (EX_UNAVAILABLE)."""
    SOFTWARE = 70
    """Something that nobody thought of went wrong in rorbridge itself (EX_SOFTWARE)."""
    OUTPUT = 74
    """Standard output cannot be written to, such as on a full disk (EX_IOERR)."""
    INTERRUPTED = 130
    """SIGINT, as a shell tells it: 128 and the signal's number."""
    READER_GONE = 141
    """Whoever read the output is gone: what SIGPIPE looks like to a shell."""


_USAGE: Final = {Exit.USAGE: "an option, an argument, a file or a setting is wrong; a line says which"}
_SOFTWARE: Final = {Exit.SOFTWARE: "a mistake of ours; please report it with what standard error says"}
_KAFKA: Final = {Exit.UNAVAILABLE: "Kafka cannot be reached or refuses us, or a topic is not there"}
_OUTPUT: Final = {**_SOFTWARE, Exit.OUTPUT: "the output cannot be written to, as on a full disk"}
_GONE: Final = {Exit.READER_GONE: "whoever read the output is gone, as with `head -1`, or it is closed"}
_ENDED: Final = {**_OUTPUT, Exit.INTERRUPTED: "interrupted (Ctrl-C)", **_GONE}

EXITS: Final[Mapping[str, Mapping[Exit, str]]] = {
    "run": {
        Exit.OK: "ended by SIGTERM or SIGINT, with what was in hand finished",
        Exit.NO: "the service could not start, or not go on; its log says why",
        **_USAGE,
        **_SOFTWARE,
    },
    "check": {
        Exit.OK: "nothing failed",
        Exit.NO: "a step failed; the settings are the first step",
        **_USAGE,
        **_ENDED,
    },
    "demo": {
        Exit.OK: "every example request was answered",
        Exit.NO: "one was not",
        **_USAGE,
        Exit.UNAVAILABLE: "the broker cannot be had; a line says what is missing and how to get it",
        **_ENDED,
    },
    "send": {
        Exit.OK: "published; with `--wait`: `matched`",
        Exit.NO: "`no-match`",
        Exit.REJECTED: "`rejected`",
        Exit.FAILED: "`failed`",
        Exit.EXPIRED: "`expired`",
        Exit.UNANSWERED: "no result within `--timeout`, or none that can be read",
        **_USAGE,
        **_KAFKA,
        **_ENDED,
    },
    "watch": {
        Exit.OK: "`--count` results were shown",
        **_USAGE,
        Exit.UNAVAILABLE: "Kafka cannot be reached at the start, or refuses us",
        **_ENDED,
    },
    "replay": {
        Exit.OK: "sent, or listed; also when there is no such dead letter",
        Exit.NO: "you did not agree, and nothing was sent",
        **_USAGE,
        **_KAFKA,
        **_ENDED,
    },
    "codes": {
        Exit.OK: "codes were found",
        Exit.NO: "there is no such code, and none has such words",
        **_USAGE,
        **_OUTPUT,
        **_GONE,
    },
    "lookalike": {
        Exit.OK: "ended by SIGTERM or SIGINT",
        **_USAGE,
        Exit.UNAVAILABLE: "the address cannot be listened on",
        **_OUTPUT,
        **_GONE,
    },
    "schemas": {Exit.OK: "written", **_USAGE, **_OUTPUT, **_GONE},
}
"""What a code means at each command."""


def exit_codes(command: str) -> str:
    """Give the exit codes of a command as a Markdown table."""
    rows = "\n".join(f"| {code.value} | {means} |" for code, means in EXITS[command].items())
    return f"| exit code | means |\n|---|---|\n{rows}"
