"""Each fault of the ROR, at each place where it may show, ends in the outcome that docs/reliability.md tells."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rorbridge.bus.answer import Answerer
from rorbridge.events.result import OrientationResult, Status
from rorbridge.orientation import circuit
from rorbridge.orientation.candidate import join
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver
from rorbridge.ror import client, http
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.nomenclature import Nos
from tests.support import faults
from tests.support.faults import FAULTS, Fault, Outcome
from tests.support.faultyror import OFFERS, FaultyRor, Lasting, Place
from tests.support.ror import SECRET, question, ror_settings
from tests.support.tls import Authority
from tests.unit.test_answer import KAFKA, record, result

CASES = [(fault, place, lasting) for fault in FAULTS for place in fault.at for lasting in fault.lastings(place)]
SHORT_S, LONG_S = 0.5, 30.0


@pytest.fixture(scope="module")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of one authority: to read all of the system's for each case would take most of the time."""
    return Authority("Test").write(tmp_path_factory.mktemp("faults"))


@pytest.fixture(autouse=True)
def _short_pauses_and_low_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuit, "_FIRST_PAUSE_S", 0.005)
    monkeypatch.setattr(circuit, "_LONGEST_PAUSE_S", 0.02)
    monkeypatch.setattr(circuit, "_LEAST_HOLD_OFF_S", 0.005)
    monkeypatch.setattr(circuit, "_LONGEST_HOLD_OFF_S", 0.02)
    monkeypatch.setattr(http, "MOST_BYTES", faults.MOST_BYTES)
    monkeypatch.setattr(client, "_MOST_PAGES", 10)


@pytest.mark.parametrize(
    ("fault", "place", "lasting"), CASES, ids=[f"{fault.name}-{place}-{lasting}" for fault, place, lasting in CASES]
)
async def test_a_fault_ends_as_the_page_tells(
    fault: Fault, place: Place, lasting: Lasting, one_authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = fault.at[place]
    budget_s = SHORT_S if fault.is_slow else LONG_S
    monkeypatch.setattr(client, "_ASIDE_S", budget_s)
    async with asyncio.timeout(LONG_S), FaultyRor(fault.shows, place, lasting) as ror:
        settings = ror_settings(ror, timeout=budget_s, cache_ttl=0, ca_bundle=one_authority)
        async with RorDirectory(settings) as directory:
            resolver = Resolver(directory, Nos(), Audience(), 0)
            if lasting is _clearest(fault, place):
                await _search_ends_in(outcome, directory)
            if outcome.ends[lasting] is Status.EXPIRED:
                await _is_an_outage(outcome, resolver, ror.end)
            else:
                _is(outcome, outcome.ends[lasting], *await _ask(resolver, outcome.ends[lasting]))
                if outcome.ends[lasting] is Status.FAILED:
                    assert resolver.circuit.problem is None, "others are parked for what is one request's own trouble"
    assert not ror.bugs
    assert fault.shows is None or ror.shown
    assert not ror.strayed, "a host that is not ours was called"
    assert not ror.without_token


def _clearest(fault: Fault, place: Place) -> Lasting:
    """Give when a search meets the fault itself, and not what the fault does to the calls before it."""
    return Lasting.ALONE if Lasting.ALONE in fault.lastings(place) else Lasting.EVERYWHERE


async def _search_ends_in(outcome: Outcome, directory: RorDirectory) -> None:
    if outcome.error is None:
        found = await directory.search(question())
        candidates = list(join(found.whole))
        assert len(candidates) == OFFERS - outcome.lost
        assert len(found.whole.broken) == outcome.lost
        assert sum(not one.places for one in candidates) == outcome.unplaced
        assert found.complete
        return
    with pytest.raises(outcome.error) as caught:
        await directory.search(question())
    assert type(caught.value) is outcome.error
    assert caught.value.problem.type == f"urn:rorbridge:problem:{outcome.problem}"
    assert caught.value.__cause__ is None
    _tells_no_secret(str(caught.value), repr(caught.value.problem))


async def _is_an_outage(outcome: Outcome, resolver: Resolver, end: Callable[[], Awaitable[None]]) -> None:
    """One request waits for its end, and another, with a deadline, does not."""
    patient = asyncio.create_task(_ask(resolver, Status.MATCHED))
    while resolver.circuit.problem is None:
        assert not patient.done(), patient.result()
        await asyncio.sleep(0.005)
    told = resolver.circuit.problem
    _is(outcome, Status.EXPIRED, *await _ask(resolver, Status.EXPIRED))
    assert outcome.circuit in told
    _tells_no_secret(told)
    assert not patient.done()
    await end()
    _is(outcome, Status.MATCHED, *await patient)


async def _ask(resolver: Resolver, expected: Status) -> tuple[OrientationResult, int]:
    """Put a request, with a deadline that suits what is *expected*; give its result and how many dead letters."""
    within_s = 0.1 if expected is Status.EXPIRED else LONG_S
    request = {
        "need": {"activity": ["013"]},
        "where": {"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 10},
        "deadline": (datetime.now(UTC) + timedelta(seconds=within_s)).isoformat(),
    }
    first, *letters = await Answerer(resolver, KAFKA).answer(record(json.dumps(request).encode()), lambda waits: None)
    return result(first), len(letters)


def _is(outcome: Outcome, status: Status, found: OrientationResult, letters: int) -> None:
    assert found.status is status, found.problem
    assert letters == (status is Status.FAILED)
    match status:
        case Status.MATCHED:
            assert len(found.offers) == OFFERS - outcome.lost
        case Status.EXPIRED:
            assert found.problem is not None
            assert found.problem.type == "urn:rorbridge:problem:expired"
        case _:
            assert found.problem is not None
            assert found.problem.type == f"urn:rorbridge:problem:{outcome.problem}"
            assert found.problem.retryable == (outcome is not faults.REFUSED)
            _tells_no_secret(repr(found.problem))


def _tells_no_secret(*texts: str) -> None:
    for text in texts:
        assert faults.CANARY not in text
        assert "canary-token" not in text
        assert SECRET not in text
