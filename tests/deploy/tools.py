"""The tools that these tests run, and what is said when one is not there."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.leftout import left_out

CHECKOUT = Path(__file__).parents[2]
_TOOLS = CHECKOUT / ".venv" / "tools" / "bin"


def tool(name: str) -> str:
    """Give the path of a tool that ``make tools`` brings."""
    found = _TOOLS / name
    if not found.is_file():
        left_out(f"{name} is needed: `make tools` brings it and needs Go 1.26 (https://go.dev/doc/install)")
    return str(found)


def installed(name: str, package: str) -> str:
    """Give the path of a program that the system's package manager brings."""
    found = shutil.which(name)
    if found is None:
        left_out(f"{name} is needed (apt-get install --no-install-recommends {package})")
    return found


def told(command: Sequence[str | Path], stdin: str | None = None) -> tuple[int, str]:
    """Run a command and give its exit code and all that it said."""
    done = subprocess.run(
        command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=CHECKOUT
    )
    return done.returncode, done.stdout
