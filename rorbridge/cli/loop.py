"""The event loop that commands run on."""

import asyncio
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar, cast

Value = TypeVar("Value")


def run_loop(main: Coroutine[Any, Any, Value]) -> Value:
    """Run *main* to its end, on uvloop where there is one. Raises KeyboardInterrupt at SIGINT."""
    if sys.platform == "win32":
        return asyncio.run(_interruptible(main))
    import uvloop

    return uvloop.run(_interruptible(main))


async def _interruptible(main: Coroutine[Any, Any, Value]) -> Value:
    """Let SIGINT cancel *main* between two steps of the loop; a second one interrupts whatever runs.

    What asyncio's runner does by itself cancels at once, in the midst of other code: a future may be cancelled just
    after that code has seen that it is not done (aiokafka's connections then end with InvalidStateError on the screen).
    """
    task = cast("asyncio.Task[Value]", asyncio.current_task())  # the one that this runs in
    with _interrupts(asyncio.get_running_loop(), task) as seen:
        try:
            return await main
        except asyncio.CancelledError:
            if seen:
                raise KeyboardInterrupt from None
            raise


@contextmanager
def _interrupts(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[Any]") -> Iterator[list[int]]:
    """Collect the interrupts that come in the meantime; the first cancels *task*."""
    seen: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            raise KeyboardInterrupt
        loop.call_soon_threadsafe(task.cancel)

    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield seen
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
