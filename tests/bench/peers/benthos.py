"""Benthos, the MIT-licensed stream processor that goes on as Bento and Redpanda Connect: its stream is in ``benthos/``.

4.27.0 is the last release before they parted: Kafka, HTTP, OAuth2 and cache are all in it, under that licence.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.bench.peers import UnavailableError
from tests.bench.subject import Subject

_SOURCES: Final = Path(__file__).parent / "benthos"
_BUILD: Final = Path(__file__).parents[3] / "build" / "peers" / "benthos"
_BINARY: Final = _BUILD / "benthos"

_GO: Final = {"GOGC": "400"}
"""Collect garbage when there is four times as much as what lives: https://go.dev/doc/gc-guide#GOGC.

The default is as much as what lives, and costs a third more CPU here, with a third of the memory.
"""


def subjects() -> list[Subject]:
    """Build the peer, and give it without and with its cache. Raises UnavailableError."""
    _build()
    found = re.search(r"benthosdev/benthos/v4 v(\S+)", (_SOURCES / "go.mod").read_text())
    name = f"Benthos {found[1]}" if found else "Benthos"
    command = [str(_BINARY), "-c", str(_SOURCES / "orientation.yaml")]
    return [
        Subject(name, command, {"OFFERS": "searched", **_GO}),
        Subject(f"{name}, cache 30 s", command, {"OFFERS": "remembered", **_GO}),
    ]


def _build() -> None:
    """Compile; go itself sees whether anything has changed since the last time."""
    go = shutil.which("go")
    if go is None:
        raise UnavailableError("Go 1.22 or newer is needed to build Benthos: https://go.dev/dl/")
    _BUILD.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [go, "build", "-trimpath", "-o", str(_BINARY), "."], cwd=_SOURCES, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UnavailableError(f"Go could not build Benthos: {(done.stdout + done.stderr)[-2000:]}")
