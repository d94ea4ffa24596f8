"""The broker that a test session runs on: said in the header, and what it left out in the last lines."""

import os
import signal
from collections.abc import AsyncIterator, Iterator

import hypothesis  # noqa: F401 - its plugin imports it at the very end, where CPython 3.11 may fail to compile it
import pytest

from tests.support.kafka import Broker, Choice, Topics, choose, delete_topics, new_topics

_CHOICE = pytest.StashKey[Choice]()


def pytest_configure(config: pytest.Config) -> None:
    # A script's shell has the jobs in its background ignore Ctrl-C, and what they start ignores it, too.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    choice = choose(os.environ)
    if choice.refusal:
        pytest.exit(f"RORBRIDGE_TEST_BROKER=kafka, but: {choice.refusal}", returncode=3)
    config.stash[_CHOICE] = choice


def pytest_report_header(config: pytest.Config) -> str:
    choice = config.stash[_CHOICE]
    return f"broker: {choice.name}" + (f" (left out: {choice.left_out})" if choice.left_out else "")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    choice = config.stash[_CHOICE]
    for item in items:
        # One process works on a file, whose fixtures are made once; what is marked otherwise is on its own.
        if "xdist_group" not in item.keywords:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))
        if "real_kafka" in item.keywords and not choice.is_real:
            item.add_marker(pytest.mark.skip(reason=f"needs Apache Kafka: {choice.left_out}"))
        if "kafka" in item.keywords and choice.start is None:
            item.add_marker(pytest.mark.skip(reason=f"needs a broker: {choice.left_out}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    choice = config.stash[_CHOICE]
    terminalreporter.write_line(f"broker: {choice.name}")
    if choice.left_out:
        terminalreporter.write_line(f"LEFT OUT, the tests that need real Apache Kafka: {choice.left_out}", yellow=True)


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config) -> Iterator[Broker]:
    """The session's broker, started by the first test that needs it."""
    choice = pytestconfig.stash[_CHOICE]
    assert choice.start is not None
    with choice.start() as bootstrap_servers:
        yield Broker(bootstrap_servers, choice.is_real)


@pytest.fixture
async def topics(broker: Broker) -> AsyncIterator[Topics]:
    """Three topics of a test's own, of three partitions each."""
    found = await new_topics(broker)
    yield found
    await delete_topics(broker, found)
