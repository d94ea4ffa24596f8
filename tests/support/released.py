"""The schemas as they were released, which later ones must not break.

``python -m tests.support.released`` keeps those of the present version, which a release does before the changelog
names it.
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import rorbridge
from rorbridge.events.request import REQUEST_TYPE
from rorbridge.events.result import RESULT_TYPE
from rorbridge.events.schemas import request_schema, result_schema
from tests.support.compatibility import Break, Schema, breaks_readers, breaks_senders

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "schemas" / "released"


@dataclass(frozen=True)
class Promise:
    """What is promised about one schema: who keeps to an old one is not broken by the present one."""

    type: str
    present: Callable[[], Schema]
    breaks: Callable[[Schema, Schema], list[Break]]

    def file(self, version: str, folder: Path = FOLDER) -> Path:
        """Give where the schema of a version is kept."""
        return folder / version / f"{self.type}.schema.json"


PROMISES = (
    Promise(REQUEST_TYPE, request_schema, breaks_senders),
    Promise(RESULT_TYPE, result_schema, breaks_readers),
)


def kept(folder: Path = FOLDER) -> list[str]:
    """Give the versions whose schemas are kept."""
    return sorted(one.name for one in folder.iterdir())


def released(changelog: str) -> list[str]:
    """Give the versions that a changelog names as released."""
    return re.findall(r"^## \[?(\d+\.\d+\.\d+)", changelog, re.MULTILINE)


def keep(version: str, changelog: str, folder: Path = FOLDER) -> None:
    """Keep the present schemas as those of *version*. Raises ValueError when those are released already."""
    for one in PROMISES:
        file = one.file(version, folder)
        content = json.dumps(one.present(), ensure_ascii=False, indent=2) + "\n"
        if version in released(changelog) and file.exists() and file.read_text(encoding="utf-8") != content:
            raise ValueError(f"{version} is released: its schemas stay as they are; raise the version")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    try:
        keep(rorbridge.__version__, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    except ValueError as error:
        sys.exit(str(error))
