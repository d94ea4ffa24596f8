"""From a request to its result, with a directory in memory."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rorbridge.events.problem import problem
from rorbridge.events.request import OrientationRequest
from rorbridge.events.result import OrientationResult, Status, decode, encode
from rorbridge.orientation.directory import DirectoryError, DirectoryUnavailableError, Found, Gate, Question, at_once
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver, radii
from rorbridge.ror.nomenclature import Nos
from tests.support.fhir import Resource, contact, location, searchset, service

CONTENT = {
    "need": {"activity": ["013"]},
    "where": {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 10},
}
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SLOW = problem("ror-too-slow", "The ROR took too long", "no full answer within 30 s", retryable=True)


@dataclass
class Memory:
    """A directory that finds every resource within the radius asked."""

    offers: dict[str, float]
    delay_s: float = 0.0
    error: DirectoryError | None = None
    complete: bool = True
    away: bool = False
    changes: Resource = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)

    async def check(self) -> None:
        if self.away:
            raise DirectoryUnavailableError(problem("ror-unavailable", "away", "HTTP 503"))

    async def search(self, question: Question, gate: Gate = at_once) -> Found:
        self.asked.append(question)
        await asyncio.sleep(self.delay_s)
        if self.error:
            raise self.error
        near = {id_: km for id_, km in self.offers.items() if km <= (question.radius_km or 1e9)}
        resources = [service(id_, places=(f"L{id_}",), **self.changes) for id_ in near]
        places = [location(f"L{id_}") for id_ in near]
        distances = {f"L{id_}": km for id_, km in near.items()}
        return Found(searchset(*resources, *places, distances=distances), self.complete, NOW)


def resolve(
    directory: Memory,
    *,
    audience: Audience | None = None,
    **changes: Any,
) -> tuple[OrientationResult, Counter[str]]:
    content = CONTENT | changes
    request = OrientationRequest.model_validate_json(json.dumps(content))
    resolver = Resolver(directory, Nos(), audience or Audience(), 0, now=lambda: NOW)
    redactions: Counter[str] = Counter()
    found = asyncio.run(resolver.resolve("r-1", request, NOW, redactions))
    assert decode(encode(found)) == found
    return found, redactions


def test_offers_come_nearest_first_and_no_more_than_asked() -> None:
    found, _ = resolve(Memory({"a": 9.0, "b": 1.5, "c": 4.0}), answer={"limit": 2})
    assert found.status is Status.MATCHED
    assert [one.reference for one in found.offers] == ["HealthcareService/b", "HealthcareService/c"]
    assert found.search is not None
    assert (found.search.total, found.search.complete) == (3, True)


def test_the_circle_widens_until_there_is_enough_and_the_rounds_are_told() -> None:
    directory = Memory({"a": 9.0, "b": 15.0, "c": 35.0, "d": 70.0})
    where = {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 10, "maxRadiusKm": 50}
    found, _ = resolve(directory, where=where, answer={"atLeast": 3})
    assert found.search is not None
    assert [(one.radius_km, one.found, one.kept) for one in found.search.rounds] == [(10, 1, 1), (20, 2, 2), (40, 3, 3)]
    assert len(directory.asked) == 3


def test_radii_double_and_end_at_the_widest() -> None:
    request = OrientationRequest.model_validate_json(
        '{"need":{"activity":["1"]},"where":{"commune":"44162","radiusKm":10,"maxRadiusKm":50}}'
    )
    assert list(radii(request)) == [10, 20, 40, 50]


@pytest.mark.parametrize("radius_km", [5e-324, 1e-300, 0.001, 0.25, 0.5, 499.9, 500])
def test_however_small_the_first_circle_there_are_no_more_than_twelve(radius_km: float) -> None:
    where = {"commune": "44162", "radiusKm": radius_km, "maxRadiusKm": 500}
    request = OrientationRequest.model_validate_json(json.dumps(CONTENT | {"where": where}))
    found = [one for one in radii(request) if one is not None]
    assert (found[0], found[-1]) == (radius_km, 500)
    assert len(found) <= 12
    assert found == sorted(set(found))


def test_no_offer_is_no_match() -> None:
    found, _ = resolve(Memory({}))
    assert found.status is Status.NO_MATCH
    assert found.problem is None


def test_what_does_not_meet_the_need_is_left_out_and_counted() -> None:
    found, _ = resolve(Memory({"a": 1.0, "b": 2.0}), need={"activity": ["014"]})
    assert found.status is Status.NO_MATCH
    assert found.search is not None
    assert found.search.rounds[0].left_out == {"activity": 2}


def test_a_cut_answer_is_not_complete() -> None:
    found, _ = resolve(Memory({"a": 1.0}, complete=False))
    assert found.search is not None
    assert not found.search.complete


def test_a_passed_deadline_expires_before_anything_is_asked() -> None:
    directory = Memory({"a": 1.0})
    found, _ = resolve(directory, deadline=(NOW - timedelta(seconds=1)).isoformat())
    assert found.status is Status.EXPIRED
    assert found.problem is not None
    assert "2026-11-24T07:59:59" in found.problem.detail
    assert not directory.asked


def test_a_deadline_that_comes_while_we_wait_expires() -> None:
    found, _ = resolve(Memory({"a": 1.0}, delay_s=30), deadline=(NOW + timedelta(seconds=0.05)).isoformat())
    assert found.status is Status.EXPIRED


def test_a_request_that_alone_takes_too_long_fails_and_is_worth_repeating() -> None:
    slow = Memory({}, error=DirectoryUnavailableError(SLOW, is_too_slow=True))
    found, _ = resolve(slow)
    assert found.status is Status.FAILED
    assert found.problem == SLOW
    assert len(slow.asked) == 2, "the first time may have been the end of an outage"


def test_when_nobody_is_answered_slowness_is_an_outage_and_the_deadline_still_holds() -> None:
    deadline = (NOW + timedelta(seconds=0.3)).isoformat()
    slow = Memory({}, error=DirectoryUnavailableError(SLOW, is_too_slow=True), away=True)
    found, _ = resolve(slow, deadline=deadline)
    assert found.status is Status.EXPIRED


def test_a_directory_s_error_is_the_result_s_problem() -> None:
    trouble = problem("ror-refused", "Refused", "invalid: bad code")
    found, _ = resolve(Memory({}, error=DirectoryError(trouble)))
    assert (found.status, found.problem) == (Status.FAILED, trouble)


def test_a_sensitive_unit_shows_in_no_offer_and_in_no_count() -> None:
    hidden = {"extension": service(sensitive=True)["extension"]}
    found, redactions = resolve(Memory({"a": 1.0}, changes=hidden))
    assert found.status is Status.NO_MATCH
    assert found.search is not None
    assert (found.search.total, found.search.rounds[0].found, found.search.rounds[0].left_out) == (0, 0, None)
    assert redactions == {"sensitive-unit": 1}
    found, _ = resolve(Memory({"a": 1.0}, changes=hidden), audience=Audience(sensitive_units=True))
    assert found.status is Status.MATCHED


def test_asking_by_professional_tells_the_public_nothing_of_offers_outside_of_ville() -> None:
    asked = {"activity": ["013"], "practitioner": {"profession": ["60"]}}
    found, redactions = resolve(Memory({"a": 1.0}), need=asked)
    assert found.status is Status.NO_MATCH
    assert found.search is not None
    assert found.search.rounds[0].found == 0
    assert redactions == {"practitioner": 1}
    assert resolve(Memory({"a": 1.0}), need=asked, audience=Audience(2))[0].search.rounds[0].found == 1  # type: ignore[union-attr]


def test_restricted_contacts_are_held_back_and_counted_by_rule() -> None:
    secret = {"extension": service(contacts=(contact("1", ("01 99 00 00 01", "2")),))["extension"]}
    found, redactions = resolve(Memory({"a": 1.0}, changes=secret))
    assert b"01 99 00 00 01" not in encode(found)
    assert redactions == {"telecom": 1}


def test_unverified_offers_are_kept_or_dropped_as_the_request_says() -> None:
    hidden = Memory({"a": 1.0})
    specialisation = {"activity": ["013"], "specialisation": ["24"]}
    assert resolve(hidden, need=specialisation)[0].status is Status.MATCHED
    found, _ = resolve(hidden, need=specialisation, answer={"unverified": "drop"})
    assert found.status is Status.NO_MATCH
    assert found.search is not None
    assert found.search.rounds[0].unverified == {"specialisation": 1}
    capacity = {"activity": ["013"], "capacity": {}}
    found, _ = resolve(hidden, need=capacity)
    assert found.status is Status.NO_MATCH
    assert found.search is not None
    assert found.search.rounds[0].unverified == {"capacity": 1}
    assert resolve(hidden, need=capacity, answer={"unverified": "keep"})[0].status is Status.MATCHED


def test_an_unknown_code_is_searched_and_warned_of() -> None:
    directory = Memory({"a": 1.0})
    found, _ = resolve(directory, need={"activity": ["999"]})
    assert directory.asked
    assert [one.pointer for one in found.warnings] == ["/need/activity/0"]


def test_the_same_answer_comes_as_a_bundle() -> None:
    found, _ = resolve(Memory({"a": 1.0, "b": 2.0}), answer={"format": "fhir-bundle", "limit": 1})
    assert found.status is Status.MATCHED
    assert found.offers == ()
    assert found.bundle is not None
    assert [one["resource"]["id"] for one in found.bundle["entry"]] == ["a", "La"]
    assert found.bundle["total"] == 2


async def test_of_many_answers_that_are_due_one_is_worked_out_in_a_turn_of_the_event_loop() -> None:
    """Else commits and heartbeats, which take many turns, would wait for all of them each time."""
    request = OrientationRequest.model_validate_json(json.dumps(CONTENT))
    resolver = Resolver(Memory({"a": 1.0}), Nos(), Audience(), 0, now=lambda: NOW)
    turn = 0
    ended: list[int] = []

    async def count() -> None:
        nonlocal turn
        while len(ended) < 50:
            turn += 1
            await asyncio.sleep(0)

    async def one(number: int) -> None:
        await resolver.resolve(f"r-{number}", request, NOW, Counter())
        ended.append(turn)

    await asyncio.gather(count(), *(one(number) for number in range(50)))
    assert len(set(ended)) == 50


async def test_verifying_thousands_of_offers_lets_others_have_their_turns() -> None:
    request = OrientationRequest.model_validate_json(json.dumps(CONTENT))
    resolver = Resolver(Memory({str(number): 1.0 for number in range(2_000)}), Nos(), Audience(), 0, now=lambda: NOW)
    resolving = asyncio.create_task(resolver.resolve("r-1", request, NOW, Counter()))
    turns = 0
    while not resolving.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 10


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"answer": {"include": ["contacts"]}}, False),
        ({"answer": {"include": ["practitioners"]}}, True),
        ({"answer": {"include": [], "format": "fhir-bundle"}}, True),
        ({"answer": {"include": []}, "need": {"practitioner": {"profession": ["60"]}}}, True),
    ],
)
def test_who_works_there_is_asked_for_only_where_it_is_wanted(changes: Resource, wanted: bool) -> None:
    directory = Memory({"a": 1.0})
    resolve(directory, **changes)
    assert [one.people for one in directory.asked] == [wanted]
