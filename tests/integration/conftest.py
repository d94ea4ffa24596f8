"""What several files of these tests stand on."""

from collections.abc import Iterator

import pytest

from tests.support.kafka import Broker
from tests.support.stage import Stage, running_stage


@pytest.fixture(scope="session")
def stage(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A service that runs, for the commands that talk to it; started by the first test that needs it."""
    with running_stage(broker, tmp_path_factory.mktemp("stage") / "log") as found:
        yield found
