"""What the documentation shows is run: each command, in the order of its page, from a copy of the repository."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from rorbridge.bus.topics import create
from rorbridge.settings import KafkaSettings
from tests.docs.claims import complaints
from tests.docs.pages import Block, Page, pages, without_comments
from tests.docs.terminal import Names, Newcomer
from tests.support.kafka import Broker
from tests.support.processes import running_lookalike, told_environment

PAGES = {page.name: page for page in pages()}
TO_RUN = [page for page in PAGES.values() if page.same_as is None and any(one.commands.strip() for one in page.blocks)]
BLOCKS = [block for page in PAGES.values() for block in page.blocks]
NOT_RUN = [(block.place, commands, why) for block in BLOCKS for commands, why in block.left_out]


@pytest.fixture(scope="module")
def lookalike() -> Iterator[dict[str, str]]:
    with running_lookalike(2_000) as address:
        yield address


@pytest.mark.real_kafka
@pytest.mark.parametrize("page", TO_RUN, ids=lambda page: page.name)
def test_the_commands_of_a_page_do_what_it_says(
    page: Page, broker: Broker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    names = Names(broker.bootstrap_servers)
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, **names.topics)
    given = {}
    if page.given:
        asyncio.run(create(kafka, dict.fromkeys(kafka.topics, 1)))
        given = {"RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers}
        given |= told_environment(request.getfixturevalue("lookalike"))
    try:
        with Newcomer(tmp_path, names, given) as newcomer:
            if page.given == "service":
                newcomer.type(Block(page.name, 0, "rorbridge run\n", until="lane-open"))
            for block in page.blocks:
                newcomer.type(block)
    finally:
        asyncio.run(_delete(kafka))


async def _delete(kafka: KafkaSettings) -> None:
    """Leave no topics behind; the cluster may be somebody's."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    await admin.delete_topics(list(kafka.topics))
    await admin.close()


@pytest.mark.parametrize(("place", "commands", "why"), NOT_RUN, ids=[f"{place} {why}" for place, _, why in NOT_RUN])
def test_what_a_command_names_is_there_though_it_is_not_run(place: str, commands: str, why: str) -> None:
    assert complaints(commands) == [], f"{place}, not run since {why}"


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_what_is_named_within_sentences_is_there(page: Page) -> None:
    found = [f"{page.name}:{line}: {one}" for line, code in page.inline for one in complaints(code)]
    assert found == []


@pytest.mark.parametrize("page", [page for page in PAGES.values() if page.same_as], ids=lambda page: page.name)
def test_a_page_in_another_language_has_the_same_commands(page: Page) -> None:
    original = PAGES[(Path(page.name).parent / str(page.same_as)).as_posix()]
    assert [list(without_comments(one)) for one in page.blocks] == [
        list(without_comments(one)) for one in original.blocks
    ]
    assert original.same_as is None, "that page has to be run itself"
