"""Publishing with acknowledgement: what is handed over is on the broker when the call returns."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from structlog.stdlib import get_logger

from rorbridge.bus.outgoing import Outgoing

log = get_logger(__name__)

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0


class Publisher:
    """Publishes records through one idempotent producer, and again until the broker has taken them."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Return when every record is acknowledged; what is too large is replaced by its smaller form.

        Waits as long as the broker is away. Cancel it to give up.
        """
        pause = _FIRST_PAUSE_S
        waiting = list(records)
        while waiting:
            results = await asyncio.gather(*[await self._send(one) for one in waiting], return_exceptions=True)
            failed = [(one, error) for one, error in zip(waiting, results, strict=True) if error is not None]
            waiting = [_next_form(one, error) for one, error in failed]
            if any(one is again for (one, _), again in zip(failed, waiting, strict=True)):
                log.warning("publish-failed", records=len(failed), error=repr(failed[0][1]), retry_in_s=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _send(self, record: Outgoing) -> "asyncio.Future[None]":
        """Hand a record over in its turn; the future ends with its acknowledgement or its error."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            sent = await self._producer.send(
                record.topic, value=record.value, key=record.key, headers=list(record.headers)
            )
        except Exception as error:
            done.set_exception(error)
            return done

        def acknowledge(future: "asyncio.Future[object]") -> None:
            if done.cancelled():
                return
            if future.cancelled():
                done.cancel()
            elif error := future.exception():
                done.set_exception(error)
            else:
                done.set_result(None)

        sent.add_done_callback(acknowledge)
        return done


def _next_form(record: Outgoing, error: object) -> Outgoing:
    if isinstance(error, MessageSizeTooLargeError) and record.smaller:
        log.warning("record-too-large", topic=record.topic, bytes=len(record.value))
        return record.smaller
    return record
