"""docs/commands.md says what the commands are."""

import subprocess
import sys
from pathlib import Path

from tests.support.commands import surroundings

ROOT = Path(__file__).parents[2]


def test_the_page_is_fresh() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "typer", "rorbridge.cli", "utils", "docs", "--name", "rorbridge", "--title", "Commands"],
        env=surroundings({}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == made.stdout.rstrip() + "\n", (
        "run `make schemas`"
    )
