"""Servers in processes of their own, which end with the test session however that ends (rorbridge/bus/tether.py)."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

POMS = Path(__file__).parents[2] / "deploy" / "interop"
"""Where the poms are by which Maven brings the servers (rorbridge/bus/maven.py)."""

_STOP_S = 25.0


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    is_ready: Callable[[], bool],
    *,
    environment: Mapping[str, str] | None = None,
    start_s: float = 120.0,
) -> Iterator[None]:
    """Run *command* in *folder*, its output in ``log`` there, from when *is_ready* says so until the block ends."""
    log = folder / "log"
    with log.open("ab") as output:
        tether = subprocess.Popen(
            [sys.executable, "-m", "rorbridge.bus.tether", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=folder,
            env=environment,
            start_new_session=True,  # a Ctrl-C is for the session, which ends the server in good order
        )
    assert tether.stdin is not None
    assert tether.stdout is not None
    try:
        deadline = time.monotonic() + start_s
        while not is_ready():
            assert tether.poll() is None, f"ended while it started: {log.read_text(errors='replace')[-4000:]}"
            assert time.monotonic() < deadline, f"not ready: {log.read_text(errors='replace')[-4000:]}"
            time.sleep(0.2)
        yield
    finally:
        tether.stdin.close()
        tether.stdout.close()
        try:
            tether.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            tether.send_signal(signal.SIGKILL)
            tether.wait()
