"""What the lanes need of FastStream, and for which versions of it that holds."""

from importlib.metadata import requires, version

import pytest
from faststream.asgi import AsgiFastStream
from faststream.kafka import KafkaBroker
from packaging.requirements import Requirement

from rorbridge.bus.broker import LaneBroker
from rorbridge.settings import KafkaSettings


class Bridge:
    not_ready: str | None = "partitions"

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    async def stop(self) -> None:
        self.calls.append("stop")


def test_the_installed_faststream_is_one_that_the_lanes_were_made_for() -> None:
    [wanted] = [found for one in requires("rorbridge") or () if (found := Requirement(one)).name == "faststream"]
    assert str(wanted.specifier) == "<0.8,>=0.7"
    assert wanted.specifier.contains(version("faststream"))


async def test_faststream_starts_and_stops_the_lanes_by_its_public_interface_alone() -> None:
    bridge = Bridge()
    broker = LaneBroker(KafkaSettings(bootstrap_servers="127.0.0.1:1"), bridge)  # type: ignore[arg-type] # a stand-in
    app = AsgiFastStream(broker)
    async with app.start_lifespan_context():
        assert bridge.calls == ["start"]
        assert not await broker.ping(1)
        bridge.not_ready = None
        assert await broker.ping(1)
    assert bridge.calls == ["start", "stop"]


@pytest.mark.parametrize("name", ["start", "stop", "ping"])
def test_what_is_replaced_is_public_in_faststream(name: str) -> None:

    assert callable(getattr(KafkaBroker, name))
