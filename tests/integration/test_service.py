"""``rorbridge run`` as its own process, against ``rorbridge lookalike`` and a broker."""

import asyncio
import json
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from rorbridge.events.envelope import correlation_id
from rorbridge.events.result import OrientationResult, decode
from tests.support.kafka import PARTITIONS, Broker, Record, Topics, publish, read, read_all
from tests.support.processes import running_lookalike, running_service, told_environment
from tests.support.requests import Sent, broken, valid


@pytest.fixture(scope="module")
def lookalike() -> Iterator[dict[str, str]]:
    """The look-alike at the size that the contract of the first slice names."""
    with running_lookalike(50_000, "--faults") as address:
        yield address


def by_request(results: list[Record]) -> dict[str, OrientationResult]:
    found: dict[str, OrientationResult] = {}
    for record in results:
        id_ = correlation_id(record.headers)
        assert id_ is not None
        assert record.value is not None
        found[id_] = decode(record.value)
        assert found[id_].request_id == id_
    return found


def place(letter: Record) -> tuple[int, int]:
    headers = dict(letter.headers)
    [partition] = struct.unpack(">i", headers["kafka_dlt-original-partition"])
    [offset] = struct.unpack(">q", headers["kafka_dlt-original-offset"])
    return partition, offset


@pytest.mark.kafka
async def test_a_thousand_mixed_requests_get_a_thousand_answers(
    broker: Broker, topics: Topics, lookalike: dict[str, str], tmp_path: Path
) -> None:
    sent = valid(980, seed=1)
    for number, one in enumerate(broken()):
        sent.insert(number * 49, one)
    assert len(sent) == 1000
    events = {one.id: one for one in sent if one.expected}
    await publish(broker, topics.requests, sent)
    settings = topics.settings(broker) | told_environment(lookalike)
    with running_service(settings, tmp_path / "log") as service:
        await service.ready()
        await read(broker, [topics.results], until=lambda found: len(found) >= len(events), timeout_s=180)
        assert service.process.poll() is None
        results = await read_all(broker, topics.results)
        letters = await read_all(broker, topics.dead_letters)
        assert service.terminate() == 0

    assert Counter(correlation_id(one.headers) for one in results) == Counter(list(events))
    answers = by_request(results)
    for record in results:
        id_ = correlation_id(record.headers) or ""
        request, answer = events[id_], answers[id_]
        assert record.key == request.key
        assert answer.status in request.expected, (id_, answer.problem)
        if answer.problem:
            told = answer.problem.detail + "".join(one.pointer + one.detail for one in answer.problem.errors)
            assert request.says in told
    assert sum(answer.status == "matched" for answer in answers.values()) > 500

    assert order_by_key(results) == order_of_keys(sent)

    requests = {(one.partition, one.offset): one for one in await read_all(broker, topics.requests)}
    dead = {place(letter): letter for letter in letters}
    expected_dead = {where for where, one in requests.items() if is_dead(one, events, answers)}
    assert set(dead) == expected_dead
    for where, letter in dead.items():
        assert (letter.key, letter.value or None) == (requests[where].key, requests[where].value)
    no_events = [one for one in sent if not one.expected]
    reasons = {dict(letter.headers)["kafka_dlt-exception-message"].decode() for letter in letters}
    assert all(any(one.says in text for text in reasons) for one in no_events)


def order_by_key(results: list[Record]) -> dict[bytes, list[str]]:
    """Give the requests answered under each key, in the order of their results."""
    found: dict[bytes, list[str]] = {}
    for one in sorted(results, key=lambda record: record.offset):
        if one.key is not None:
            found.setdefault(one.key, []).append(correlation_id(one.headers) or "")
    return found


def order_of_keys(sent: list[Sent]) -> dict[bytes, list[str]]:
    found: dict[bytes, list[str]] = {}
    for one in sent:
        if one.key is not None and one.expected:
            found.setdefault(one.key, []).append(one.id)
    return found


def is_dead(record: Record, events: dict[str, Sent], answers: dict[str, OrientationResult]) -> bool:
    id_ = dict(record.headers).get("ce_id", b"").decode()
    return id_ not in events or answers[id_].status in {"rejected", "failed"}


async def answered(
    broker: Broker, topics: Topics, lookalike: dict[str, str], log: Path, sent: list[Sent]
) -> dict[str, OrientationResult]:
    """Run the service until there are as many results as were sent; give them by their requests."""
    with running_service(topics.settings(broker) | told_environment(lookalike), log) as service:
        results = await read(broker, [topics.results], until=lambda found: len(found) >= len(sent), timeout_s=120)
        assert service.terminate() == 0
    return by_request(results)


@pytest.mark.kafka
async def test_a_topic_that_ends_before_what_is_committed_is_read_from_its_beginning(
    broker: Broker, topics: Topics, lookalike: dict[str, str], tmp_path: Path
) -> None:
    sent = valid(12, seed=4)
    await publish(broker, topics.requests, sent)
    before = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers, group_id=topics.group, enable_auto_commit=False
    )
    await before.start()
    partitions = [TopicPartition(topics.requests, number) for number in range(PARTITIONS)]
    before.assign(partitions)
    await before.commit({one: OffsetAndMetadata(1_000, "") for one in partitions})  # as of a topic that is no more
    await before.stop()
    log = tmp_path / "log"
    answers = await answered(broker, topics, lookalike, log, sent)
    assert answers.keys() == {one.id for one in sent}
    assert log.read_text().count('"topic-began-anew"') == PARTITIONS


@pytest.mark.kafka
async def test_every_offer_can_be_traced_and_every_criterion_is_reported(
    broker: Broker, topics: Topics, lookalike: dict[str, str], tmp_path: Path
) -> None:
    sent = valid(60, seed=2)
    await publish(broker, topics.requests, sent)
    answers = await answered(broker, topics, lookalike, tmp_path / "log", sent)
    for one in sent:
        asked = json.loads(one.value or b"")
        criteria = {*asked["need"], *asked.get("where", {})} - {"radiusKm", "maxRadiusKm"}
        for offer in answers[one.id].offers:
            kind, _, id_ = offer.reference.partition("/")
            assert kind == "HealthcareService"
            assert id_
            assert {evidence.criterion for evidence in offer.match} == criteria
            for evidence in offer.match:
                assert evidence.outcome in {"met", "notVisible"}
                assert evidence.found or evidence.outcome == "notVisible"
                assert evidence.source or evidence.outcome == "notVisible"
            places = {place.reference for place in offer.places}
            assert all(p.startswith("Location/") for p in places)
            assert all(not telecom.confidentiality > 1 for c in offer.contacts for telecom in c.telecoms)
            assert not offer.sensitive


@pytest.mark.kafka
async def test_sigterm_in_the_midst_and_a_new_start_lose_no_request(
    broker: Broker, topics: Topics, lookalike: dict[str, str], tmp_path: Path
) -> None:
    sent = valid(600, seed=3)
    await publish(broker, topics.requests, sent)
    settings = topics.settings(broker) | told_environment(lookalike) | {"RORBRIDGE_KAFKA__WINDOW": "20"}
    with running_service(settings, tmp_path / "first") as first:
        before = await read(broker, [topics.results], until=lambda found: len(found) >= 50)
        assert first.terminate() == 0
    before = await read_all(broker, topics.results)
    assert 50 <= len(before) < 600, "the stop came after the work"
    with running_service(settings, tmp_path / "second") as second:
        await read(broker, [topics.results], until=lambda found: len(found) >= 600, timeout_s=120)
        assert second.terminate() == 0
    results = await read_all(broker, topics.results)
    # A clean stop drains and commits, so nothing is answered twice either.
    assert Counter(correlation_id(one.headers) for one in results) == Counter(one.id for one in sent)


@pytest.mark.real_kafka
async def test_a_killed_service_repeats_at_most_and_loses_no_request(
    broker: Broker, topics: Topics, lookalike: dict[str, str], tmp_path: Path
) -> None:
    sent = valid(600, seed=4)
    await publish(broker, topics.requests, sent)
    settings = topics.settings(broker) | told_environment(lookalike) | {"RORBRIDGE_KAFKA__WINDOW": "20"}
    with running_service(settings, tmp_path / "first") as first:
        await read(broker, [topics.results], until=lambda found: len(found) >= 50)
        first.process.kill()
        first.process.wait()
    ids = {one.id for one in sent}
    with running_service(settings, tmp_path / "second") as second:
        await read(
            broker,
            [topics.results],
            until=lambda found: {correlation_id(one.headers) for one in found} == ids,
            timeout_s=120,
        )
        assert second.terminate() == 0
    results = await read_all(broker, topics.results)
    assert {correlation_id(one.headers) for one in results} == ids
    event_ids: dict[str | None, set[bytes]] = {}
    for one in results:
        event_ids.setdefault(correlation_id(one.headers), set()).add(dict(one.headers)["ce_id"])
    assert all(len(found) == 1 for found in event_ids.values()), "a repeat has the same id, so a reader can drop it"


@pytest.mark.kafka
async def test_a_wrong_setting_ends_the_start_with_a_line_that_names_it(tmp_path: Path) -> None:
    with running_service({"RORBRIDGE_KAFKA__BOOTSTRAP_SERVER": "x"}, tmp_path / "log") as service:
        assert await asyncio.to_thread(service.process.wait, 30) == 64
        [line] = service.log.read_text().splitlines()
        assert "RORBRIDGE_KAFKA__BOOTSTRAP_SERVER: there is no such setting" in line
