"""The AsyncAPI project's own parser and ajv, which are JavaScript: installed once, run as a process of Node."""

import fcntl
import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.leftout import left_out

FOLDER = Path(__file__).parents[1] / "contract" / "asyncapi"
_LACKING = (
    "the AsyncAPI parser needs Node.js 20 or newer with npm and a registry to install it from: https://nodejs.org/"
)


@dataclass(frozen=True)
class Checked:
    """A JSON Schema to compile, and values that it must take and must refuse."""

    schema: dict[str, Any]
    valid: list[Any] = field(default_factory=list)
    invalid: list[Any] = field(default_factory=list)


def validate(documents: list[str], schemas: list[Checked]) -> dict[str, list[Any]]:
    """Give what the parser says of AsyncAPI documents, and ajv of schemas, in their order.

    Without Node the test is skipped, but in CI, where it must be there.
    """
    if lacking := _install():
        left_out(lacking)
    asked = {"documents": documents, "schemas": [vars(one) for one in schemas]}
    answer: dict[str, list[Any]] = json.loads(_run("node", "validate.mjs", told=json.dumps(asked)))
    return answer


def _install() -> str | None:
    """Install what package-lock.json names, unless that is done; give why it cannot be, if so."""
    if not (shutil.which("node") and shutil.which("npm")):
        return _LACKING
    lock = FOLDER / "package-lock.json"
    installed = FOLDER / "node_modules" / ".of-lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # of several test processes one installs
        if installed.exists() and installed.read_text() == digest:
            return None
        try:
            _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        except subprocess.CalledProcessError as error:
            return f"{_LACKING}; npm says: {error.stderr.strip()[-500:]}"
        installed.write_text(digest)
    return None


def _run(*command: str, told: str = "") -> str:
    done = subprocess.run(command, cwd=FOLDER, input=told, capture_output=True, text=True, check=True)
    return done.stdout
