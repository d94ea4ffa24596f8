"""A ROR that costs next to nothing: canned answers after a set time, on bare sockets, in a process of its own.

``/{offers}/HealthcareService`` answers with so many offers. ``/calls`` tells how many searches there were.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import cast

import uvloop

_TOKEN = json.dumps({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}).encode()
_METADATA = b'{"resourceType": "CapabilityStatement"}'  # tells nothing, so that all is asked for


def _response(body: bytes, kind: str, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Stub:
    """What all connections share."""

    def __init__(self, answers: dict[str, bytes], latency_s: float) -> None:
        self.answers = {name: _response(body, "application/fhir+json") for name, body in answers.items()}
        self.latency_s = latency_s
        self.calls = 0
        self.token = _response(_TOKEN, "application/json")
        self.metadata = _response(_METADATA, "application/fhir+json")

    def answer(self, path: str) -> tuple[bytes, float]:
        """Give the response to a path, and after how many seconds it is sent."""
        first, _, rest = path.strip("/").partition("/")
        if rest.startswith("HealthcareService") and first in self.answers:
            self.calls += 1
            return self.answers[first], self.latency_s
        match rest or first:
            case "metadata":
                return self.metadata, 0
            case "token":
                return self.token, 0
            case "calls":
                return _response(str(self.calls).encode(), "text/plain"), 0
        return _response(b"", "text/plain", "404 Not Found"), 0


class Connection(asyncio.Protocol):
    """One connection, kept alive; one request at a time, as HTTP clients do it."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to write to."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole."""
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end or len(body) < _content_length(head):
            return
        self._buffer = b""
        path = head.split(b" ", 2)[1].split(b"?", 1)[0].decode()
        response, after_s = self._stub.answer(path)
        if after_s:
            asyncio.get_running_loop().call_later(after_s, self._write, response)
        else:
            self._write(response)

    def _write(self, response: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(response)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def _serve(stub: Stub) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stub), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="with the answers, {offers}.json each")
    parser.add_argument("--latency-ms", type=float, default=0)
    options = parser.parse_args()
    canned = {file.stem: file.read_bytes() for file in options.folder.glob("*.json")}
    if not canned:
        sys.exit(f"no answers in {options.folder}")
    uvloop.run(_serve(Stub(canned, options.latency_ms / 1000)))
