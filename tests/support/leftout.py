"""What is done where a tool is missing: the test is left out, but not in CI, which leaves nothing out."""

import os
from typing import NoReturn

import pytest


def left_out(reason: str) -> NoReturn:
    """Skip, unless the session is one that may leave nothing out."""
    if os.environ.get("RORBRIDGE_TEST_BROKER") == "kafka":
        pytest.fail(f"RORBRIDGE_TEST_BROKER=kafka leaves nothing out, but: {reason}")
    pytest.skip(reason)
