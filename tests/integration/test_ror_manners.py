"""How we behave towards the ROR: limits, equal searches that share a call, and what is kept for how long."""

import asyncio
import gzip
import json
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request
from starlette.responses import Response

from rorbridge.events.request import OrientationRequest
from rorbridge.events.result import OrientationResult, Status
from rorbridge.orientation.directory import DirectoryUnavailableError
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver
from rorbridge.ror import query
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.errors import RorAnswerError
from rorbridge.ror.nomenclature import Nos
from tests.support.fhir import location, page, service
from tests.support.http import scripted_ror
from tests.support.ror import question, ror_settings


@dataclass
class Server:
    """A ROR that takes its time, and notes how it is treated."""

    latency_s: float = 0.0
    open: int = 0
    most_open: int = 0
    asked_at: list[float] = field(default_factory=list)

    async def search(self, request: Request) -> Response:
        self.asked_at.append(time.monotonic())
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        await asyncio.sleep(self.latency_s)
        self.open -= 1
        body = page(service(), location(), distances={"10": 1.0}, total=1)
        return Response(body, media_type="application/fhir+json")

    def most_within(self, seconds: float) -> int:
        """Give how many calls came within *seconds* at the busiest time."""
        return max(number - bisect_left(self.asked_at, at - seconds) + 1 for number, at in enumerate(self.asked_at))


def request(number: int, **changes: object) -> OrientationRequest:
    content: dict[str, object] = {
        "need": {"activity": ["013"]},
        "where": {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": number + 1},
    }
    return OrientationRequest.model_validate_json(json.dumps(content | changes))


async def resolve(directory: RorDirectory, requests: list[OrientationRequest]) -> list[OrientationResult]:
    """Resolve requests, up to 1,000 at the same time, as ten full lanes would."""
    resolver = Resolver(directory, Nos(), Audience(), 0)
    room = asyncio.Semaphore(1_000)

    async def one(number: int, asked: OrientationRequest) -> OrientationResult:
        async with room:
            return await resolver.resolve(f"r-{number}", asked, datetime.now(UTC), Counter())

    return await asyncio.gather(*(one(number, asked) for number, asked in enumerate(requests)))


async def test_ten_thousand_requests_of_two_hundred_needs_cost_two_hundred_calls() -> None:
    server = Server(latency_s=0.01)
    async with scripted_ror(server.search) as ror, RorDirectory(ror_settings(ror, cache_ttl=3600)) as directory:
        found = await resolve(directory, [request(number % 200) for number in range(10_000)])
    assert {one.status for one in found} == {Status.MATCHED}
    assert len(ror.searches) == 200
    sources = Counter(one.search.source for one in found if one.search)
    assert sources["ror"] == 200
    assert sources["cache"] > 0
    assert sources["shared"] > 0
    assert sources.total() == 10_000


async def test_an_answer_is_asked_for_again_when_its_time_is_over_and_says_from_when_it_is() -> None:
    server = Server()
    clock = [0.0]
    async with scripted_ror(server.search) as ror, RorDirectory(ror_settings(ror, cache_ttl=60)) as directory:
        directory._sharing = type(directory._sharing)(clock=lambda: clock[0])
        first = await directory.search(question())
        clock[0] = 59.0
        second = await directory.search(question())
        clock[0] = 61.0
        third = await directory.search(question())
    assert [one.source for one in (first, second, third)] == ["ror", "cache", "ror"]
    assert first.as_of == second.as_of < third.as_of


async def test_what_was_worked_out_from_an_answer_takes_room_in_the_cache_once_for_all_who_ask_alike() -> None:
    server = Server()
    alike = request(4, need={"activity": ["013", "014"]})
    sizes = []
    async with scripted_ror(server.search) as ror, RorDirectory(ror_settings(ror, cache_ttl=60)) as directory:
        await directory.search(question())
        for asked in ([], [alike], [alike] * 10):
            await resolve(directory, asked)
            sizes.append(directory._sharing.whole.currsize)
    assert len(ror.searches) == 1
    assert sizes[0] < sizes[1] == sizes[2]


async def test_free_beds_are_asked_for_again_sooner() -> None:
    server = Server()
    clock = [0.0]
    settings = {"cache_ttl": 60, "capacity_cache_ttl": 5}
    beds = question(need='{"activity": ["013"], "capacity": {}}')
    async with scripted_ror(server.search) as ror, RorDirectory(ror_settings(ror, **settings)) as directory:
        directory._sharing = type(directory._sharing)(clock=lambda: clock[0])
        for at in (0.0, 4.0, 6.0):
            clock[0] = at
            await directory.search(beds)
            await directory.search(question())
    assert len(ror.searches) == 3, "twice for the beds, once for the rest"


async def test_what_two_needs_leave_to_verification_is_told_for_each_though_they_share_an_answer() -> None:
    server = Server()
    babies = question(need='{"activity": ["013"], "age": {"value": 3, "unit": "mo"}}')
    everyone = question(need='{"activity": ["013"]}')
    async with scripted_ror(server.search) as ror, RorDirectory(ror_settings(ror)) as directory:
        found = [await directory.search(one) for one in (everyone, babies)]
    assert [one.verified_only for one in found] == [(), ("age",)]
    assert len(ror.searches) == 1


async def test_a_failure_is_shared_with_those_who_wait_and_kept_for_nobody() -> None:
    answers = [Response("<h1>503</h1>", 503)]

    async def search(request: Request) -> Response:
        await asyncio.sleep(0.05)
        return answers.pop() if answers else Response(page(service(), total=1), media_type="application/fhir+json")

    async with scripted_ror(search) as ror, RorDirectory(ror_settings(ror)) as directory:
        both = await asyncio.gather(*(directory.search(question()) for _ in range(2)), return_exceptions=True)
        assert [type(one).__name__ for one in both] == ["RorUnavailableError"] * 2
        assert (await directory.search(question())).source == "ror"
    assert len(ror.searches) == 2


async def test_who_gives_up_waiting_disturbs_nobody_and_the_last_one_ends_the_call() -> None:
    server = Server(latency_s=0.3)
    settings = {"max_concurrency": 2, "cache_ttl": 0}
    async with scripted_ror(server.search) as ror, RorDirectory(ror_settings(ror, **settings)) as directory:
        await directory.offered()
        await directory.token()
        impatient, patient = (asyncio.create_task(directory.search(question())) for _ in range(2))
        await asyncio.sleep(0.05)
        impatient.cancel()
        assert (await patient).source == "shared"
        lonely = asyncio.create_task(directory.search(question(2.0)))
        await asyncio.sleep(0.05)
        lonely.cancel()
        # Its turn is free again at once, so this one ends long before the call given up would have.
        server.latency_s = 0.0
        async with asyncio.timeout(0.2):
            await directory.search(question(3.0))


async def test_with_the_cache_off_neither_concurrency_nor_rate_is_ever_exceeded() -> None:
    server = Server(latency_s=0.03)
    settings = {"cache_ttl": 0, "capacity_cache_ttl": 0, "max_concurrency": 8, "max_rate": 150}
    async with scripted_ror(server.search) as ror, RorDirectory(ror_settings(ror, **settings)) as directory:
        found = await resolve(directory, [request(number % 200) for number in range(10_000)])
    assert {one.status for one in found} == {Status.MATCHED}
    assert not any(one.search.source == "cache" for one in found if one.search)
    assert len(ror.searches) >= 1_000, "few enough at once that most had to be asked for anew"
    assert server.most_open <= 8
    assert server.most_open >= 4, "the limit was felt"
    # A call may leave in time and be taken up late, so that two meet; a second's worth is 150.
    assert server.most_within(1.0) <= 152


async def test_the_same_without_a_rate_fills_all_places_and_no_more() -> None:
    server = Server(latency_s=0.2)
    async with (
        scripted_ror(server.search) as ror,
        RorDirectory(ror_settings(ror, cache_ttl=0, max_concurrency=16)) as directory,
    ):
        await resolve(directory, [request(number) for number in range(100)])
        assert server.most_open == 16
        await asyncio.gather(*(directory.search(question(radius_km=600 + n)) for n in range(40)), directory.check())
        assert server.most_open == 16, "a check is a call as well"


async def test_a_check_has_the_next_call_that_ends_and_needs_no_search_to_end() -> None:
    came: list[str] = []
    full, may_end, may_go_on = asyncio.Event(), asyncio.Semaphore(0), asyncio.Event()

    async def search(asked: Request) -> Response:
        is_check = asked.query_params["location.near"] == dict(query.CHECK)["location.near"]
        came.append("check" if is_check else "search")
        if len(came) == 2:
            full.set()
        if not is_check:
            await may_end.acquire()
        return Response(page(service(), total=1), media_type="application/fhir+json")

    async def gate() -> None:
        await may_go_on.wait()

    async with (
        scripted_ror(search) as ror,
        RorDirectory(ror_settings(ror, cache_ttl=0, max_concurrency=2)) as directory,
    ):
        searches = [asyncio.create_task(directory.search(question(1.0 + number))) for number in range(6)]
        await full.wait()
        check = asyncio.create_task(directory.check())
        await asyncio.sleep(0.05)
        assert came == ["search", "search"], "no call more than may be"
        may_end.release()
        await check
        assert came[2] == "check", "the searches that wait come after it"
        for _ in range(5):
            may_end.release()
        await asyncio.gather(*searches)

        stopped = [asyncio.create_task(directory.search(question(20.0 + number), gate)) for number in range(2)]
        await asyncio.sleep(0.05)
        await directory.check()  # all places are taken by searches that the circuit stops
        for _ in range(2):
            may_end.release()
        may_go_on.set()
        await asyncio.gather(*stopped)


async def test_waiting_for_its_turn_costs_a_search_no_budget_but_the_request_s_deadline_holds() -> None:
    server = Server(latency_s=0.2)
    settings = {"max_concurrency": 2, "timeout": 0.35, "cache_ttl": 0}
    soon = (datetime.now(UTC) + timedelta(seconds=0.5)).isoformat()
    async with scripted_ror(server.search) as ror, RorDirectory(ror_settings(ror, **settings)) as directory:
        await directory.offered()
        found = await resolve(directory, [*(request(n) for n in range(4)), request(9, deadline=soon)])
    assert [one.status for one in found] == [Status.MATCHED] * 4 + [Status.EXPIRED]
    assert server.most_open == 2


async def test_waiting_for_the_rate_costs_no_budget_either() -> None:
    async def pages(asked: Request) -> Response:
        offset = int(asked.query_params.get("_getpagesoffset", "0"))
        following = f"?_getpages=a&_getpagesoffset={offset + 1}" if offset < 4 else None
        return Response(page(service(str(offset)), next_=following, total=5), media_type="application/fhir+json")

    async with (
        scripted_ror(pages) as ror,
        RorDirectory(ror_settings(ror, max_rate=5, timeout=0.4)) as directory,
    ):
        assert len((await directory.search(question())).whole.services) == 5


async def test_a_search_that_takes_too_long_says_so_and_frees_its_place() -> None:
    server = Server(latency_s=5.0)
    async with (
        scripted_ror(server.search) as ror,
        RorDirectory(ror_settings(ror, timeout=0.2, max_concurrency=2)) as directory,
    ):
        with pytest.raises(DirectoryUnavailableError, match=r"no full answer within 0\.2 s") as caught:
            await directory.search(question())
        assert caught.value.is_too_slow
        server.latency_s = 0.0
        assert (await directory.search(question(2.0))).whole.services


@pytest.mark.parametrize("zipped", [False, True])
async def test_an_answer_of_fifty_megabytes_is_refused_though_it_came_as_fifty_kilobytes(zipped: bool) -> None:
    body = b'{"resourceType": "Bundle"' + b" " * 50_000_000 + b"}"
    packed = gzip.compress(body) if zipped else body
    headers = {"content-encoding": "gzip"} if zipped else {}

    async def search(asked: Request) -> Response:
        return Response(packed, headers=headers, media_type="application/fhir+json")

    async with scripted_ror(search) as ror, RorDirectory(ror_settings(ror)) as directory:
        with pytest.raises(RorAnswerError, match="larger than 32 MiB"):
            await directory.search(question())


async def test_connections_are_kept_and_reused() -> None:
    peers: set[tuple[str, int]] = set()

    async def search(asked: Request) -> Response:
        assert asked.client is not None
        peers.add((asked.client.host, asked.client.port))
        return Response(page(service(), total=1), media_type="application/fhir+json")

    async with scripted_ror(search) as ror, RorDirectory(ror_settings(ror, cache_ttl=0)) as directory:
        for number in range(20):
            await directory.search(question(radius_km=number + 1))
    assert len(peers) == 1


async def test_a_token_that_lives_three_seconds_is_renewed_on_the_way_and_none_is_refused() -> None:
    expired = 0

    async def pages(asked: Request) -> Response:
        nonlocal expired
        token = asked.headers["authorization"].removeprefix("Bearer ")
        if time.monotonic() - ror.issued_at[token] > 3:
            expired += 1
        offset = int(asked.query_params.get("_getpagesoffset", "0"))
        following = f"?_getpages=a&_getpagesoffset={offset + 1}" if offset < 40 else None
        await asyncio.sleep(0.1)
        return Response(page(service(str(offset)), next_=following), media_type="application/fhir+json")

    async with scripted_ror(pages) as ror:
        ror.token_lifetime_s = 3
        async with RorDirectory(ror_settings(ror)) as directory:
            assert len((await directory.search(question())).whole.services) == 41
    assert expired == 0
    assert ror.issued >= 2


async def test_a_token_request_does_not_end_with_the_deadline_of_who_came_first() -> None:
    async with scripted_ror(Server().search) as ror:
        ror.token_takes_s = 0.6
        soon = [(datetime.now(UTC) + timedelta(seconds=0.3)).isoformat() for _ in range(5)]
        async with RorDirectory(ror_settings(ror)) as directory:
            early = await resolve(directory, [request(n, deadline=at) for n, at in enumerate(soon)])
            await asyncio.sleep(0.4)
            assert (await directory.search(question())).whole.services
    assert {one.status for one in early} == {Status.EXPIRED}
    assert ror.issued == 1


async def test_a_token_endpoint_that_fails_while_the_former_token_is_good_is_no_trouble_yet() -> None:
    clock = [0.0]
    async with scripted_ror(Server().search) as ror, RorDirectory(ror_settings(ror, cache_ttl=0)) as directory:
        directory._tokens._clock = lambda: clock[0]
        await directory.search(question(1.0))
        ror.tokens.append(Response("<h1>503</h1>", 503))
        clock[0] = 250.0  # of 300; it is renewed from 240 on
        await directory.search(question(2.0))
        clock[0] = 253.0
        await directory.search(question(3.0))
        assert len(ror.token_requests) == 2, "it is not asked again at once"
        clock[0] = 256.0
        await directory.search(question(4.0))
        assert ror.issued == 2


async def test_metadata_that_hiccups_does_not_count_as_all_offered() -> None:
    statement = {"type": "HealthcareService", "searchParam": [{"name": "location.near"}]}
    async with scripted_ror(Server().search) as ror, RorDirectory(ror_settings(ror)) as directory:
        ror.metadata = Response("<h1>503</h1>", 503)
        with pytest.raises(DirectoryUnavailableError):
            await directory.search(question())
        ror.metadata = Response(
            json.dumps({"resourceType": "CapabilityStatement", "rest": [{"resource": [statement]}]}),
            media_type="application/fhir+json",
        )
        assert (await directory.search(question())).verified_only == ("activity",)


async def test_throttling_without_a_word_of_when_to_come_again_burns_no_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rorbridge.orientation.circuit._LEAST_HOLD_OFF_S", 0.05)
    monkeypatch.setattr("rorbridge.ror.retryafter._UNTOLD_S", 0.05)
    free_at = [0.0]

    async def throttles(asked: Request) -> Response:
        if asked.query_params.get("_count") != "1":  # the check always gets through
            now = time.monotonic()
            if now < free_at[0]:
                return Response("<h1>429</h1>", 429)
            free_at[0] = now + 0.01
        return Response(page(service(), location(), distances={"10": 1.0}, total=1))

    async with scripted_ror(throttles) as ror, RorDirectory(ror_settings(ror)) as directory:
        found = await resolve(directory, [request(number) for number in range(60)])
    assert {one.status for one in found} == {Status.MATCHED}


async def test_who_waits_for_a_turn_makes_no_call_while_all_hold_off() -> None:
    server = Server(latency_s=0.02)

    async def throttled_once(asked: Request) -> Response:
        is_first = not server.asked_at
        answer = await server.search(asked)
        return Response(status_code=429, headers={"Retry-After": "2"}) if is_first else answer

    async with scripted_ror(throttled_once) as ror, RorDirectory(ror_settings(ror, max_concurrency=3)) as directory:
        found = await resolve(directory, [request(number) for number in range(50)])
    assert {one.status for one in found} == {Status.MATCHED}
    begin = server.asked_at[0]
    assert sum(at - begin < 1.9 for at in server.asked_at) <= 4, "those that were on their way"
