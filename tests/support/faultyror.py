"""A ROR on raw sockets that shows one fault at one place: what no HTTP library would let a server do."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.support.fhir import location, page, service

Content = dict[str, Any]
Shows = Callable[["Call"], Awaitable[None]]
"""Shows a fault in the place of the answer that is due."""

PAGES = 3
OFFERS = 2 * PAGES


class Place(StrEnum):
    """Where a fault shows."""

    TOKEN = "token"
    FIRST = "first page"
    NEXT = "next page"


class Lasting(StrEnum):
    """For how long a fault shows, and for whom."""

    ONCE = "once"
    ALONE = "for ever, for this search alone"
    EVERYWHERE = "for ever, for all"


@dataclass
class Call:
    """One call, and the content of the answer that is due to it."""

    ror: "FaultyRor"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    place: Place | None
    """None for the check, the metadata and the last page, which no fault is about alone."""
    content: Content | None
    """None for what there is nothing of."""

    @property
    def body(self) -> bytes:
        return json.dumps(self.content).encode()

    async def answer(
        self, status: int = 200, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer in full; without *body* what is due."""
        body = self.body if body is None else body
        await self.send(_head(status, {"Content-Length": str(len(body)), **(headers or {})}) + body)

    async def answer_without_end(
        self, piece: bytes, *, first: bytes = b"", encoding: str = "identity", pause_s: float = 0
    ) -> None:
        """Begin an answer with *first*, and send *piece* again and again until the client has enough."""
        await self.send(_head(200, {"Transfer-Encoding": "chunked", "Content-Encoding": encoding}))
        chunk = first + piece
        while True:
            await self.send(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await asyncio.sleep(pause_s)
            chunk = piece

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


class FaultyRor:
    """The ROR with its token endpoint, on two ports. Used as an async context manager."""

    def __init__(self, shows: Shows | None, place: Place, lasting: Lasting) -> None:
        """*shows* None is a port on which nobody listens."""
        self._shows, self._place, self._lasting = shows, place, lasting
        self._has_begun = place is not Place.NEXT
        self._is_over = False
        self.shown = 0
        self.bugs: list[Exception] = []
        """What went wrong here, which would look like a fault that was meant."""
        self.strayed = 0
        """Calls to a host that is not ours."""
        self.without_token = 0
        self.token_life_s = 300.0
        """After which a token is no longer taken."""
        self.page_pause_s = 0.0
        self._issued: dict[str, float] = {}
        self._listening: dict[bool, asyncio.Server] = {}
        self._ports: dict[bool, int] = {True: 0, False: 0}
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        await self._listen(tokens=True)
        await self._listen(tokens=False)
        self.token_url = f"http://127.0.0.1:{self._ports[True]}/token"
        self.base_url = f"http://127.0.0.1:{self._ports[False]}/ws"
        self._other = await asyncio.start_server(self._stray, "127.0.0.1")
        self.elsewhere = f"http://localhost:{self._other.sockets[0].getsockname()[1]}"
        if self._shows is None and self._has_begun:
            self._unplug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self._other, *self._listening.values()):
            server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def end(self) -> None:
        """End the fault."""
        self._is_over = True
        for tokens in self._ports:
            if not self._listening[tokens].is_serving():
                await self._listen(tokens=tokens)

    async def _listen(self, *, tokens: bool) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.add(writer)
            try:
                await self._answer_all(reader, writer, tokens=tokens)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass  # the client has enough
            except Exception as error:
                self.bugs.append(error)
            finally:
                self._writers.discard(writer)
                writer.close()

        self._listening[tokens] = await asyncio.start_server(serve, "127.0.0.1", self._ports[tokens])
        self._ports[tokens] = self._listening[tokens].sockets[0].getsockname()[1]

    def _unplug(self) -> None:
        self._listening[self._place is Place.TOKEN].close()
        for writer in self._writers:
            writer.close()

    async def _stray(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.strayed += 1
        writer.close()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, tokens: bool) -> None:
        while not writer.is_closing():
            line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
            await reader.readexactly(int(headers.get("content-length", "0")))
            place, content = self._token() if tokens else self._due(line.split(" ")[1])
            call = Call(self, reader, writer, place, content)
            if self._shows and self._strikes(place):
                self.shown += 1
                await self._shows(call)
            else:
                await self._answer(call, headers.get("authorization", ""))

    def _strikes(self, place: Place | None) -> bool:
        if self._is_over:
            return False
        if self._lasting is Lasting.ONCE:
            return place is self._place and not self.shown
        if self._lasting is Lasting.ALONE or self._place is Place.TOKEN:
            return place is self._place
        self._has_begun |= place is self._place
        return self._has_begun and place is not Place.TOKEN

    async def _answer(self, call: Call, authorization: str) -> None:
        if call.place is Place.TOKEN:
            await call.answer()
            return
        token = authorization.removeprefix("Bearer ")
        if token not in self._issued:
            self.without_token += 1
        if time.monotonic() - self._issued.get(token, 0.0) > self.token_life_s:
            await call.answer(401, b"")
            return
        await asyncio.sleep(self.page_pause_s)
        await call.answer(*((404, b"") if call.content is None else ()))
        if call.place is Place.FIRST and self._shows is None and not self._has_begun:
            self._has_begun = True
            self._unplug()

    def _token(self) -> tuple[Place, Content]:
        token = f"canary-token-{len(self._issued)}"
        self._issued[token] = time.monotonic()
        return Place.TOKEN, {"access_token": token, "token_type": "Bearer", "expires_in": 300}

    def _due(self, target: str) -> tuple[Place | None, Content | None]:
        url = urlsplit(target)
        asked = parse_qs(url.query)
        if url.path == "/ws/metadata":
            return None, {"resourceType": "CapabilityStatement"}
        if asked.get("_count") == ["1"]:
            return None, json.loads(page(total=0))
        if url.path not in {"/ws", "/ws/HealthcareService"}:
            return None, None
        number = int(asked.get("_getpagesoffset", ["0"])[0])
        return {0: Place.FIRST, 1: Place.NEXT}.get(number), self._page(number)

    def _page(self, number: int) -> Content:
        place = f"{number}0"
        offers = (service(f"{number}{letter}", places=(place,)) for letter in "ab")
        following = self.page_url(number + 1) if number + 1 < PAGES else None
        text = page(*offers, location(place), distances={place: 1.0}, next_=following, total=OFFERS)
        found: Content = json.loads(text)
        return found

    def page_url(self, number: int) -> str:
        return f"{self.base_url}?_getpages=abc&_getpagesoffset={number}"


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} So it is", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
