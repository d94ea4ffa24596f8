"""Circles around a point: HAPI searches a box and tells no distance, the ROR and the look-alike a circle and do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from rorbridge.events.offer import Outcome
from tests.interop.servers import Servers, offers_of
from tests.support.oracle import Oracle, haversine_km

RADIUS_KM = 25
Json = dict[str, Any]


@pytest.fixture(scope="module")
def circle(oracle: Oracle) -> Json:
    """A request around a place, such that a corner of the box around its circle holds another offer."""
    today = datetime.now(UTC).date()
    for point in _points(oracle):
        asked = _request(*point)
        corners = _corners(oracle, point)
        wider = oracle.expected(asked, RADIUS_KM * 1.5, today)
        if corners and len(oracle.expected(asked, RADIUS_KM, today)) < len(wider):
            return asked
    raise AssertionError("no place has a neighbour in a corner")


async def test_every_offer_in_the_circle_is_found(servers: Servers, circle: Json, oracle: Oracle) -> None:
    today = datetime.now(UTC).date()
    inside = oracle.expected(circle, RADIUS_KM, today)
    in_the_box = oracle.expected(circle, RADIUS_KM * 1.5, today)
    assert inside
    assert offers_of(await servers.resolve("lookalike", circle)) == inside
    assert inside <= offers_of(await servers.resolve("chained", circle)) <= in_the_box


def test_hapi_s_box_has_corners(servers: Servers, circle: Json) -> None:
    point = circle["where"]["near"]
    near = ("near", f"{point['latitude']}|{point['longitude']}|{RADIUS_KM}|km")
    assert servers.ask_all("lookalike", "Location", near) < servers.ask_all("plain", "Location", near)


async def test_without_a_distance_from_the_server_an_offer_does_not_count_as_in_the_circle(
    servers: Servers, circle: Json
) -> None:
    ours = await servers.resolve("lookalike", circle)
    theirs = await servers.resolve("chained", circle)
    assert {one.outcome for offer in ours.offers for one in offer.match if one.criterion == "near"} == {Outcome.MET}
    told = {one.outcome for offer in theirs.offers for one in offer.match if one.criterion == "near"}
    assert told == {Outcome.NOT_VISIBLE}
    assert all(one.distance_km is not None for one in ours.offers)
    assert all(one.distance_km is None for one in theirs.offers)


def _points(oracle: Oracle) -> Iterator[tuple[float, float]]:
    for place in oracle.data.locations.values():
        if "position" in place:
            yield place["position"]["latitude"], place["position"]["longitude"]


def _corners(oracle: Oracle, centre: tuple[float, float]) -> list[tuple[float, float]]:
    """Give the positions that lie in the box around the circle, well inside of it, and not in the circle."""
    found = []
    for point in _points(oracle):
        north = haversine_km(centre, (point[0], centre[1]))
        east = haversine_km(centre, (centre[0], point[1]))
        if max(north, east) < RADIUS_KM * 0.95 and haversine_km(centre, point) > RADIUS_KM * 1.05:
            found.append(point)
    return found


def _request(latitude: float, longitude: float) -> Json:
    return {
        "need": {"field": ["01", "02", "03", "04", "05"]},
        "where": {"near": {"latitude": latitude, "longitude": longitude}, "radiusKm": RADIUS_KM},
        "answer": {"limit": 200, "include": []},
    }
