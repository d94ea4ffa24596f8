"""The service with a resolver that answers at once with one small offer: what its lanes cost, without any ROR."""

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import uvloop

from rorbridge.bus.answer import Answerer
from rorbridge.bus.app import spare_the_collector
from rorbridge.bus.bridge import Bridge
from rorbridge.events.contract import CodedValue
from rorbridge.events.offer import Offer
from rorbridge.events.request import OrientationRequest
from rorbridge.events.result import OrientationResult, Status, encode
from rorbridge.orientation.resolve import Resolver
from rorbridge.settings import Settings, load
from rorbridge.telemetry import logs

_ACTIVITY: Final = CodedValue("https://mos.esante.gouv.fr/NOS/TRE_R211-ActiviteOperationnelle", "013", "Cardiologie")
_OFFERS: Final = (Offer(reference="HealthcareService/1", name="Consultation de cardiologie", activities=(_ACTIVITY,)),)


def small_result(id_: str) -> bytes:
    """Give what is published, as bytes."""
    return encode(_result(id_))


def _result(id_: str) -> OrientationResult:
    return OrientationResult(request_id=id_, status=Status.MATCHED, offers=_OFFERS)


@dataclass(frozen=True, slots=True)
class FromMemory:
    """A resolver that asks nobody."""

    async def resolve(
        self, id_: str, request: OrientationRequest, received_at: datetime, redactions: Counter[str], parking: Any
    ) -> OrientationResult:
        """Answer at once."""
        return _result(id_)


async def _run() -> None:
    settings = load(Settings, None)
    logs.configure(settings.log.format, settings.log.level)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    answerer = Answerer(cast("Resolver", FromMemory()), settings.kafka)
    bridge = Bridge(settings.kafka, answerer, stop.set)
    spare_the_collector()
    bridge.start()
    await stop.wait()
    await bridge.stop()


if __name__ == "__main__":
    uvloop.run(_run())
