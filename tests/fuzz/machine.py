"""The path from a record to its answers, against a ROR that answers whatever it is told to, on one event loop."""

import asyncio
import ssl
import sys
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import pytest
import structlog
import uvloop
from aiokafka import ConsumerRecord
from starlette.requests import Request
from starlette.responses import Response

from rorbridge.bus.answer import Answerer
from rorbridge.bus.outgoing import Outgoing
from rorbridge.orientation import circuit
from rorbridge.orientation.directory import Directory
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver
from rorbridge.ror import http
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.nomenclature import Nos
from tests.fuzz.account import peak_mib
from tests.fuzz.answered import KAFKA
from tests.support.fhir import location, page, service
from tests.support.http import Ror, scripted_ror
from tests.support.ror import ror_settings

Value = TypeVar("Value")

LONGEST_S = 20.0
"""No case may take longer, on a machine that is busy with something else."""
MOST_MIB = 300
"""By how much one case may raise the most memory that the process ever had."""
MOST_BYTES = 2_097_152
"""What a body may take here, so that one that is too large need not be."""
_MOST_STRANGE = 12
"""Searches that a script answers strangely: more than a request may fail by itself, but outages end."""

GOOD = page(service("good"), location(), distances={"10": 1.0}, total=1)
_NOTHING = page(total=0)


@dataclass(frozen=True)
class Reply:
    """An answer of the ROR."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        empty = self.status in {204, 205, 304}  # HTTP has no body there
        return Response(b"" if empty else self.body, self.status, dict(self.headers), "application/fhir+json")


@dataclass(frozen=True)
class Script:
    """What the ROR answers: one reply after the other, the last one again and again; in the end it answers well."""

    searches: Sequence[Reply] = (Reply(GOOD),)
    tokens: Sequence[Reply] = ()
    metadata: Reply = Reply(b"", 404)


@dataclass(frozen=True)
class Us:
    """Who asks the ROR, and who reads the results."""

    audience: Audience = field(default_factory=Audience)
    access_profile: int = 0


@dataclass
class Machine:
    """Runs cases on its loop, which another thread turns."""

    loop: asyncio.AbstractEventLoop
    ror: Ror
    bugs: list[BaseException] = field(default_factory=list)
    """What was logged as a bug, and tasks that failed with nobody to hear it."""

    def run(self, case: Coroutine[Any, Any, Value]) -> Value:
        """Run a coroutine to its end. Raises TimeoutError when that does not come."""
        before = peak_mib()
        found = asyncio.run_coroutine_threadsafe(case, self.loop).result(LONGEST_S)
        assert peak_mib() - before < MOST_MIB
        while self.bugs:
            raise self.bugs.pop()
        return found

    def hear(self, _: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        """Take a line of the log, as a processor of structlog."""
        error = sys.exception()
        if event["event"] == "bug" and error:
            self.bugs.append(error)
        raise structlog.DropEvent

    def miss(self, _: object, context: dict[str, Any]) -> None:
        """Take what the loop tells of, as its exception handler."""
        self.bugs.append(context.get("exception") or AssertionError(context["message"]))

    def answer(
        self, given: "ConsumerRecord[bytes, bytes]", directory: Directory, us: Us = Us()
    ) -> tuple[Outgoing, ...]:
        """Answer a record from a directory."""
        return self.run(_answer(given, directory, us))

    def answer_from_ror(
        self, given: "ConsumerRecord[bytes, bytes]", script: Script, us: Us = Us()
    ) -> tuple[Outgoing, ...]:
        """Answer a record by HTTP from a ROR that follows a script."""
        return self.run(self._from_ror(given, script, us))

    async def _from_ror(self, given: "ConsumerRecord[bytes, bytes]", script: Script, us: Us) -> tuple[Outgoing, ...]:
        self.ror.searches.clear()
        self.ror.token_requests.clear()
        self.ror.issued_at.clear()
        self.ror.tokens = [one.response() for one in script.tokens]
        self.ror.metadata = script.metadata.response()
        asked = 0

        async def search(request: Request) -> Response:
            nonlocal asked
            if request.query_params.get("_count") == "1":
                return Reply(_NOTHING).response()
            asked += 1
            if asked > _MOST_STRANGE:
                return Reply(GOOD).response()
            return script.searches[min(asked, len(script.searches)) - 1].response()

        self.ror.search = search
        async with RorDirectory(ror_settings(self.ror, timeout=10)) as directory:
            return await _answer(given, directory, us)


async def _answer(given: "ConsumerRecord[bytes, bytes]", directory: Directory, us: Us) -> tuple[Outgoing, ...]:
    resolver = Resolver(directory, Nos(), us.audience, us.access_profile)
    return await Answerer(resolver, KAFKA).answer(given, lambda waits: None)


@contextmanager
def running() -> Iterator[Machine]:
    """Run a machine until the block ends, its pauses next to nothing and its largest body small."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fuzzed")
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        for pause in ("_FIRST_PAUSE_S", "_LONGEST_PAUSE_S", "_LEAST_HOLD_OFF_S", "_LONGEST_HOLD_OFF_S"):
            patch.setattr(circuit, pause, 0.001)
        patch.setattr(circuit, "_MOST_HELD_OFF_S", 0.02)
        patch.setattr(http, "MOST_BYTES", MOST_BYTES)
        # Reading the certificates of this machine takes longer than all the rest of a case.
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        serving = scripted_ror(_never)
        try:
            ror = asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result()
            machine = Machine(loop, ror)
            loop.set_exception_handler(machine.miss)
            logging = structlog.get_config()
            structlog.configure(processors=[machine.hear])
            yield machine
            structlog.configure(**logging)
            asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def _never(request: Request) -> Response:
    raise AssertionError("a search before the first case")
