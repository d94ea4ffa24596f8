"""The order of offers."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rorbridge.events.request import Order
from rorbridge.orientation.candidate import Candidate, CandidatePlace
from rorbridge.orientation.fhir import HealthcareService
from rorbridge.orientation.match import Verdict
from rorbridge.orientation.rank import merit, rank, tiers
from tests.support.fhir import Resource, searchset
from tests.unit.test_capacity import indicator, place


def verdict(id_: str, distance_km: float | None = None) -> Verdict:
    return Verdict(Candidate(HealthcareService(id_), (), (), (), 0, {}, sensitive=False), None, (), distance_km)


def ranked(found: Iterable[Verdict], order: Order, request_id: str) -> list[Verdict]:
    by_id = {one.candidate.service.id: one for one in found}
    kept = tiers((merit(one, order), id_) for id_, one in by_id.items())
    return [by_id[id_] for id_ in rank(kept, request_id, 1_000)]


def ids(verdicts: list[Verdict]) -> list[str]:
    return [one.candidate.service.id for one in verdicts]


distances = st.lists(st.none() | st.floats(0, 500), max_size=20)


@given(distances, st.text(max_size=5))
def test_nearer_comes_first_and_what_has_no_distance_last(found: list[float | None], request_id: str) -> None:
    in_order = ranked([verdict(str(n), km) for n, km in enumerate(found)], "distance", request_id)
    told = [one.distance_km for one in in_order]
    near = [km for km in told if km is not None]
    assert told == [*near, *[None] * (len(told) - len(near))]
    assert all(after >= before - 0.1 for before, after in pairwise(near))


@given(st.permutations(["a", "b", "c", "d"]), st.text(max_size=5), st.sampled_from(["distance", "fair"]))
def test_the_same_request_gets_the_same_order_whatever_the_server_s(order: list[str], request_id: str, by: str) -> None:
    expected = ids(ranked([verdict(one, 1.0) for one in "abcd"], by, request_id))  # type: ignore[arg-type]  # drawn above
    assert ids(ranked([verdict(one, 1.0) for one in order], by, request_id)) == expected  # type: ignore[arg-type]


def test_over_many_requests_no_equal_is_favoured() -> None:
    first = Counter(
        ids(ranked([verdict(one, 2.0) for one in "abcd"], "distance", f"request-{n}"))[0] for n in range(4000)
    )
    assert set(first) == set("abcd")
    assert all(850 < times < 1150 for times in first.values())


def with_capacity(id_: str, *shown: Resource) -> Verdict:
    found = searchset(place(*shown))
    spot = CandidatePlace(found.locations["10"], None)
    return Verdict(Candidate(HealthcareService(id_), (spot,), (), (), 0, {}, sensitive=False), None, (), None, spot)


def test_most_free_beds_come_first_then_the_freshest_number_then_what_shows_none() -> None:
    offers = [
        verdict("none"),
        with_capacity("installed", indicator(40, status="01")),
        with_capacity("two-old", indicator(2, updated="2026-11-20T07:00:00Z")),
        with_capacity("two-new", indicator(2, updated="2026-11-24T07:00:00+01:00")),
        with_capacity("five", indicator(5, updated="2020-01-01T00:00:00Z")),
    ]
    told = ids(ranked(offers, "availability", "r"))
    assert told[:3] == ["five", "two-new", "two-old"]
    assert set(told[3:]) == {"none", "installed"}
