"""What was worked out for one request serves others only as far as they would be answered the same."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rorbridge.events import codesystems
from rorbridge.events.problem import parse_request
from rorbridge.events.result import encode
from rorbridge.orientation.directory import Found, Gate, Question, at_once
from rorbridge.orientation.fhir import Searchset
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver
from rorbridge.orientation.reuse import Reuse
from rorbridge.ror.nomenclature import Nos
from tests.support.fhir import Resource, concept, contact, location, official, searchset, service
from tests.unit.test_capacity import indicator, place

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PUBLIC = Audience()
SOON = "2026-12-01"


@cache
def resources() -> Searchset:
    """Offers that differ in all that requests may ask of them, three of them equally near."""
    hours = [{"daysOfWeek": ["tue"], "availableStartTime": "08:00:00", "availableEndTime": "18:00:00"}]
    closing: Resource = {"notAvailable": [{"during": {"start": SOON, "end": "2026-12-31"}}]}
    work: Resource = {
        "resourceType": "PractitionerRole",
        "id": "work",
        "healthcareService": [{"reference": "HealthcareService/city"}],
        "code": [concept(codesystems.PROFESSION["G15"], "60")],
    }
    return searchset(
        service("a", places=("A",), availableTime=hours, contacts=(contact("1", ("public", "1"), ("secret", "2")),)),
        service("b", places=("B",), activity="014", **closing),
        service("c", places=("C",)),
        service("beds", places=("beds",), characteristics=()),
        service("hidden", places=("A",), sensitive=True),
        service("city", places=("A",), field="05", ages=({"value": 18, "code": "a"}, {"value": 99, "code": "a"})),
        service("closed", places=("C",), active=False),
        place(indicator(2)) | {"id": "beds"},
        *(location(one, postal_code=code) for one, code in (("A", "44800"), ("B", "44000"), ("C", "75013"))),
        work,
        official("HealthcareService-1234564"),
        distances={"A": 1.0, "B": 1.02, "C": 1.04, "beds": 8.0},
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """A request, who may read the answer, who asks and when."""

    need: Resource = field(default_factory=lambda: {"activity": ["013", "014"]})
    where: Resource = field(default_factory=lambda: {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 10})
    answer: Resource = field(default_factory=dict)
    audience: Audience = PUBLIC
    profile: int = 1
    now: datetime = NOW
    id: str = "r"


class Same:
    """A directory that finds the same, whatever is asked."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.part: Found | None = None
        """What is left when it is short of room."""
        self.asked_anew = 0
        """How often that would not do."""

    async def search(self, question: Question, gate: Gate = at_once) -> Found:
        if self.part and question.will_do(self.part):
            return self.part
        self.asked_anew += self.part is not None
        self.part = None
        return self.found

    async def check(self) -> None:
        """Be there."""


class Forgetful(Same):
    """One that may let go of its answer, and keeps what was sent of it."""

    def __init__(self) -> None:
        super().__init__(Found(resources(), True, NOW, reuse=Reuse(keep_ready=self._keep)))
        self._kept: Found | None = None

    def _keep(self, ready: Reuse, size: int) -> None:
        self._kept = replace(self.found, searchset=None, reuse=ready)

    def let_go(self) -> None:
        self.part = self._kept


def answer(asking: Asking, found: Found) -> tuple[bytes, Counter[str]]:
    """Give the result in full, and what was held back."""
    return answer_from(asking, Same(found))


def answer_from(
    asking: Asking, directory: Same, now: Callable[[], datetime] | None = None
) -> tuple[bytes, Counter[str]]:
    content = {"need": asking.need, "where": asking.where, "answer": asking.answer}
    request = parse_request(json.dumps(content).encode())
    resolver = Resolver(directory, Nos(), asking.audience, asking.profile, now=now or (lambda: asking.now))
    redactions: Counter[str] = Counter()
    result = asyncio.run(resolver.resolve(asking.id, request, asking.now, redactions))
    return encode(replace(result, timing=None)), redactions


def alone(asking: Asking) -> tuple[bytes, Counter[str]]:
    return answer(asking, Found(resources(), True, NOW))


ONE = Asking()
OTHERS = {
    "a need": Asking(need={"activity": ["013"]}),
    "all of several": Asking(need={"activity": {"allOf": ["013", "014"]}}),
    "the same in another order": Asking(need={"activity": ["014", "013"]}),
    "an age": Asking(need={"activity": ["013"], "age": {"value": 3}}),
    "beds": Asking(need={"activity": ["013"], "capacity": {}}),
    "a code that is not known": Asking(need={"activity": ["013", "014", "999"]}),
    "a moment": Asking(need={"activity": ["013"], "openAt": "2026-11-24T09:00:00+01:00"}),
    "a professional": Asking(need={"activity": ["013"], "practitioner": {"profession": ["60"]}}),
    "a point nearby": Asking(where={"near": {"latitude": 47.21, "longitude": -1.6}, "radiusKm": 10}),
    "a radius": Asking(where={"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 5}),
    "a commune": Asking(where={"commune": "44162", "radiusKm": 10}),
    "postal codes": Asking(where={"postalCodes": ["44800"]}),
    "a limit": Asking(answer={"limit": 2}),
    "more than there is": Asking(answer={"atLeast": 9}, where=ONE.where | {"maxRadiusKm": 40}),
    "an order": Asking(answer={"order": "availability"}),
    "a fair order": Asking(answer={"order": "fair"}),
    "parts": Asking(answer={"include": []}),
    "contacts alone": Asking(answer={"include": ["contacts"]}),
    "closed ones, too": Asking(answer={"closed": "keep"}),
    "what is verified alone": Asking(need={"activity": ["013"], "careMode": ["28"]}, answer={"unverified": "drop"}),
    "a Bundle": Asking(answer={"format": "fhir-bundle"}),
    "who may read more": Asking(audience=Audience(2)),
    "who may know of sensitive units": Asking(audience=Audience(1, sensitive_units=True)),
    "another day": Asking(now=NOW + timedelta(days=10)),
    "another request": Asking(id="another"),
}
_HIDDEN = {"activity": ["013"], "specialisation": ["24"]}
_MOMENT = {"activity": ["013"], "openAt": "2026-11-24T09:00:00+01:00"}
PAIRS = {name: (ONE, other) for name, other in OTHERS.items()} | {
    "what is not seen to be met, or not": (
        Asking(need=_HIDDEN, answer={"unverified": "keep"}, profile=0),
        Asking(need=_HIDDEN, answer={"unverified": "drop"}, profile=0),
    ),
    "what another access profile sees": (Asking(need=_HIDDEN, profile=0), Asking(need=_HIDDEN, profile=1)),
    "the same moment in other words": (
        Asking(need=_MOMENT),
        Asking(need=_MOMENT | {"openAt": "2026-11-24T08:00:00Z"}),
    ),
}


@pytest.mark.parametrize(("first", "other"), PAIRS.values(), ids=PAIRS.keys())
def test_whoever_asks_for_something_else_gets_it(first: Asking, other: Asking) -> None:
    found = Found(resources(), True, NOW)
    told = answer(first, found)
    assert answer(other, found) == alone(other)
    assert alone(other) != told, "else this would prove nothing"
    assert answer(first, found) == told


EVERY = list({id(one): one for pair in PAIRS.values() for one in pair}.values())


@settings(deadline=None)
@given(st.lists(st.sampled_from(EVERY), max_size=8), st.booleans())
def test_whoever_asked_before_and_whether_there_is_room_each_is_answered_as_if_alone(
    askings: Sequence[Asking], has_room: bool
) -> None:
    found = Found(resources(), True, NOW, reuse=Reuse(lambda _: has_room))
    for number, one in enumerate(askings):
        numbered = replace(one, id=f"{one.id}-{number}")
        assert answer(numbered, found) == alone(numbered)


@settings(deadline=None)
@given(st.lists(st.sampled_from(EVERY) | st.none(), max_size=12))
def test_whatever_was_let_go_of_each_is_answered_as_if_alone(askings: Sequence[Asking | None]) -> None:
    """None: there is no room any more for the directory's answer."""
    directory = Forgetful()
    for number, one in enumerate(askings):
        if one is None:
            directory.let_go()
            continue
        numbered = replace(one, id=f"{one.id}-{number}")
        assert answer_from(numbered, directory) == alone(numbered)


@pytest.mark.parametrize(
    ("other", "anew"),
    [
        (ONE, 0),
        (replace(ONE, id="another"), 0),
        (Asking(answer={"limit": 2}), 0),
        (Asking(need={"activity": ["013"]}), 1),
        (Asking(answer={"format": "fhir-bundle"}), 1),
    ],
    ids=["the same", "another request", "fewer", "another need", "a Bundle"],
)
def test_only_who_wants_what_was_not_sent_yet_has_the_directory_asked_anew(other: Asking, anew: int) -> None:
    directory = Forgetful()
    answer_from(ONE, directory)
    directory.let_go()
    assert answer_from(other, directory) == alone(other)
    assert directory.asked_anew == anew


def test_who_wants_more_than_was_sent_has_the_directory_asked_anew() -> None:
    directory = Forgetful()
    answer_from(Asking(answer={"limit": 1}), directory)
    directory.let_go()
    assert answer_from(ONE, directory) == alone(ONE)
    assert directory.asked_anew == 1


def test_what_is_left_serves_whoever_asks_in_the_last_moment_of_a_day() -> None:
    directory = Forgetful()
    answer_from(ONE, directory)
    directory.let_go()
    clock = iter([NOW, NOW])  # when it began, and when it was looked up; then it is another day
    assert answer_from(ONE, directory, lambda: next(clock, NOW + timedelta(days=1))) == alone(ONE)
    assert directory.asked_anew == 0


def test_of_an_answer_that_nobody_was_sent_anything_of_nothing_is_left() -> None:
    directory = Forgetful()
    for one in (Asking(answer={"format": "fhir-bundle"}), Asking(where={"postalCodes": ["99999"]})):
        answer_from(one, directory)
        directory.let_go()
        assert directory.part is None


def test_what_is_held_back_counts_for_each_who_gets_the_offer() -> None:
    found = Found(resources(), True, NOW)
    told = [answer(ONE, found)[1] for _ in range(3)]
    assert told == [{"sensitive-unit": 1, "telecom": 1}] * 3


def test_who_asks_alike_gets_the_same_offers_without_their_being_made_again() -> None:
    granted: list[int] = []

    def grant(more: int) -> bool:
        granted.append(more)
        return True

    found = Found(resources(), True, NOW, reuse=Reuse(grant))
    answer(Asking(answer={"limit": 1}), found)
    assert len(granted) == 2, "for what was verified, and for one offer"
    answer(Asking(answer={"limit": 1}), found)
    assert len(granted) == 2
    whole, _ = answer(Asking(), found)
    assert len(granted) == 3, "for the other offers"
    offers = len(json.dumps(json.loads(whole)["offers"], separators=(",", ":"), ensure_ascii=False).encode())
    assert offers <= sum(granted) <= 3 * offers + 10_000
