"""Logs: one JSON line an event on standard error, our own and the libraries' alike."""

import json
import logging
import math
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Literal

import msgspec
import structlog

from rorbridge.telemetry import traces

_LIBRARIES = ("aiokafka", "httpx", "httpcore", "uvicorn", "faststream", "opentelemetry")
"""Libraries whose chatter below a warning is left out, and whose warnings are told once and then counted."""

_REPEAT_INPUT: Final = ("opentelemetry.trace", "opentelemetry.baggage", "opentelemetry.propagators")
"""Loggers whose warnings repeat the headers of a request: what cannot be read of them is dropped without a word."""

_EVERY_S: Final = 30.0
"""How often a library may say the same: aiokafka says sixty times a second that Kafka is away."""
_MOST_REMEMBERED: Final = 256
_NUMBER: Final = re.compile(r"0x[0-9a-f]+|\d+")


class Repeats(logging.Filter):
    """Lets a line of a library through once in 30 seconds; the next one tells how many were held back.

    Lines of one level that differ in numbers alone are the same. Our own lines are not touched.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told_at: dict[tuple[str, int, str], float] = {}
        self._held_back: Counter[tuple[str, int, str]] = Counter()
        self._lock = threading.Lock()  # what exports traces has a thread of its own

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether *record* is to be logged."""
        if record.name.partition(".")[0] not in _LIBRARIES:
            return True
        key = (record.name, record.levelno, _NUMBER.sub("0", record.getMessage()))
        now = self._clock()
        with self._lock:
            if now - self._told_at.get(key, -math.inf) < _EVERY_S:
                self._held_back[key] += 1
                return False
            if len(self._told_at) >= _MOST_REMEMBERED:
                self._told_at.clear()
                self._held_back.clear()
            self._told_at[key] = now
            if held_back := self._held_back.pop(key, 0):
                record.held_back = held_back
        return True


_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)  # variables hold bodies and tokens
)


def _with_trace(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Name the trace that a line belongs to."""
    if found := traces.trace_id():
        event.setdefault("trace_id", found)
    return event


class _Lines(structlog.BytesLogger):
    """Writes lines to standard error; one that cannot be written, as on a full disk, costs that line alone."""

    def msg(self, message: bytes) -> None:
        """Write *message*."""
        with suppress(OSError, ValueError):  # ValueError: it is closed
            super().msg(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


def _json(event: object, default: Callable[[object], object]) -> bytes:
    """Write a line's JSON; five times as fast as Python's own, which takes what msgspec does not: half characters."""
    try:
        return msgspec.json.encode(event, enc_hook=default)
    except (UnicodeEncodeError, TypeError):
        return json.dumps(event, default=default).encode()


def _decoded(_logger: object, _method: str, line: Any) -> str:
    return str(line, "utf-8")


def _encoded(_logger: object, _method: str, line: Any) -> bytes:
    return bytes(line, "utf-8", "backslashreplace")


def configure(format_: Literal["json", "console"], level: str) -> None:
    """Set up logging for the process, from *level* up; libraries that say much are heard from WARNING up."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
    ]
    # To bytes, which msgspec writes; a text stream would encode them once more.
    renderer: list[structlog.types.Processor] = (
        [_TRACEBACKS, structlog.processors.JSONRenderer(_json)]
        if format_ == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
            _encoded,
        ]
    )
    # Ours go straight to standard error: through the standard library's loggers a line costs twice as much.
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(["held_back"])],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer, _decoded],
        )
    )
    handler.addFilter(Repeats())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    for name in _REPEAT_INPUT:
        logging.getLogger(name).setLevel(logging.ERROR)
