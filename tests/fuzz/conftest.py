"""The two profiles of the fuzzing, its parts, and the machine that the cases run on."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.fuzz.account import ACCOUNT
from tests.fuzz.amount import CASES, PART, PARTS
from tests.fuzz.machine import Machine, running

_NO_HURRY = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

settings.register_profile(
    "fuzz-short", max_examples=200, derandomize=True, database=None, deadline=None, suppress_health_check=_NO_HURRY
)
settings.register_profile(
    "fuzz-long",
    max_examples=min(CASES, PART) or PART,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=_NO_HURRY,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "part" in metafunc.fixturenames:
        metafunc.parametrize("part", range(PARTS))


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    yield
    ACCOUNT.part_done()


@pytest.fixture(scope="package")
def machine() -> Iterator[Machine]:
    """The service's insides and a scripted ROR, on one event loop for the whole run."""
    with running() as found:
        yield found
