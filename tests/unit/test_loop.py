"""The event loop of the commands, when it is interrupted."""

import asyncio
import signal

import pytest

from rorbridge.cli.loop import run_loop


def test_an_interrupt_cancels_nothing_in_the_midst_of_other_code() -> None:
    """As a Kafka connection does it: it sees that nobody has answered, decodes, and then answers."""
    answers = []

    async def main() -> None:
        answer = asyncio.get_running_loop().create_future()

        def answered() -> None:
            if not answer.done():
                signal.raise_signal(signal.SIGINT)
                answer.set_result(None)  # InvalidStateError if the signal had cancelled who waits
                answers.append(answer)

        asyncio.get_running_loop().call_soon(answered)
        await answer
        await asyncio.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        run_loop(main())
    assert answers


def test_an_interrupt_lets_what_is_open_be_closed() -> None:
    closed = []

    async def main() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_loop(main())
    assert closed
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_interrupt_ends_what_does_not_let_itself_be_cancelled() -> None:
    async def main() -> None:
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.sleep(60)
        finally:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        run_loop(main())


def test_a_cancellation_that_nobody_asked_for_by_a_signal_stays_one() -> None:
    async def main() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_loop(main())
