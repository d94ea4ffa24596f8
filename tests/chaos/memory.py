"""``python -m tests.chaos.memory``: the service's memory over many requests with large answers."""

import argparse
import asyncio
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from rorbridge.bus.localbroker import ApacheKafka
from rorbridge.events import codesystems as cs
from rorbridge.events.request import OrientationRequest
from rorbridge.orientation.directory import Question
from rorbridge.ror import query
from rorbridge.ror.profile import RorProfile
from rorbridge.ror.terminology import concepts
from tests.support.kafka import PARTITIONS, Broker, new_topics
from tests.support.processes import running_lookalike, running_service
from tests.support.requests import headers

_NEED = {"need": {"activity": ["013"]}, "where": {"region": "11"}}


def needs() -> Iterator[bytes]:
    """Give needs that all ask for 013, each with two other activities of its own, so that no answer serves two."""
    others = [one for one in concepts(cs.ACTIVITY) if one != "013"]
    for pair in itertools.combinations(others, 2):
        yield json.dumps(_NEED | {"need": {"activity": ["013", *pair]}}).encode()


async def canned_answer(address: dict[str, str], size: int) -> bytes:
    """Fetch a real searchset from the look-alike, and keep what comes to at least *size* bytes."""
    names = ("user_profile_code", "user_profile_system", "role_code", "role_system")
    profile = RorProfile(*(address[name] for name in names)).headers()
    request = OrientationRequest.model_validate_json(json.dumps(_NEED))
    asked_for = query.build(Question(request.need, request.where, None), None)
    async with httpx.AsyncClient(timeout=60) as http:
        secret = {"client_id": address["client_id"], "client_secret": address["client_secret"]}
        answer = await http.post(address["token_url"], data={"grant_type": "client_credentials", **secret})
        asked = await http.get(
            f"{address['base_url']}/HealthcareService",
            params=[
                *(one for one in asked_for.parameters if one[0] != "_count"),
                ("_count", str(max(size // 17_000, 1))),
            ],
            headers={"Authorization": f"Bearer {answer.json()['access_token']}", **profile},
        )
        found = asked.raise_for_status().json()
    found["link"] = []
    assert 0.7 < len(asked.content) / size < 1.4, len(asked.content)
    found["note"] = "x" * max(size - len(asked.content), 0)
    return json.dumps(found).encode()


async def serve(body: bytes) -> asyncio.Server:
    """Serve *body* to any search, at next to no cost."""
    token = b'{"access_token":"t","expires_in":3600}'

    def answer(content: bytes) -> bytes:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: {len(content)}\r\n\r\n"
        return head.encode() + content

    ready, ready_token = answer(body), answer(token)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"POST"):
                    length = next(
                        int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-le")
                    )
                    await reader.readexactly(length)
                    writer.write(ready_token)
                else:
                    writer.write(ready)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return await asyncio.start_server(client, "127.0.0.1", 0)


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1_048_576


async def main(requests: int, size: int) -> None:
    with running_lookalike(2_000) as address:
        body = await canned_answer(address, size)
    server = await serve(body)
    port = server.sockets[0].getsockname()[1]
    names = ("client_id", "client_secret", "user_profile_code", "user_profile_system", "role_code", "role_system")
    ror = {f"RORBRIDGE_ROR__{name.upper()}": address[name] for name in names}
    ror |= {"RORBRIDGE_ROR__BASE_URL": f"http://127.0.0.1:{port}/ws"}
    ror |= {"RORBRIDGE_ROR__TOKEN_URL": f"http://127.0.0.1:{port}/token", "RORBRIDGE_LOG__LEVEL": "WARNING"}
    with ApacheKafka() as kafka:
        broker = Broker(kafka.bootstrap_servers, is_real=True)
        topics = await new_topics(broker)
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, linger_ms=5)
        await producer.start()
        for number, value in enumerate(itertools.islice(needs(), requests)):
            id_ = f"r-{number}"
            await producer.send(topics.requests, value, key=id_.encode(), headers=headers(id_))
        await producer.stop()
        consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers)
        await consumer.start()
        results = [TopicPartition(topics.results, one) for one in range(PARTITIONS)]
        samples: list[tuple[int, float]] = []
        with running_service(topics.settings(broker) | ror, Path(tempfile.mkdtemp()) / "log") as service:
            begin = time.monotonic()
            done = 0
            while done < requests:
                await asyncio.sleep(2)
                done = sum((await consumer.end_offsets(results)).values())  # markers of transactions count in it
                samples.append((done, resident_mib(service.process.pid)))
            took = time.monotonic() - begin
            code = service.terminate()
        await consumer.stop()
    server.close()
    steady = [mib for at, mib in samples if at > requests / 10]
    print(
        f"{requests} requests, ROR answers of {len(body)} bytes, {took:.0f} s, exit {code}: resident MiB at 10 % "
        f"{steady[0]:.0f}, median {statistics.median(steady):.0f}, least {min(steady):.0f}, most {max(steady):.0f}, "
        f"at the end {steady[-1]:.0f}"
    )


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=100_000)
    options.add_argument("--bytes", type=int, default=65_536)
    given = options.parse_args()
    asyncio.run(main(given.requests, given.bytes))
