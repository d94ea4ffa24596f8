"""The programs of Prometheus."""

import os

import pytest

from tests.support.prometheus import PrometheusMissingError, Tools, tools


@pytest.fixture(scope="session")
def prometheus_tools() -> Tools:
    """The real programs. Where they are missing tests are skipped, but not where all has to run."""
    try:
        return tools()
    except PrometheusMissingError as error:
        if os.environ.get("RORBRIDGE_TEST_BROKER") == "kafka":
            raise
        pytest.skip(f"needs Prometheus: {error}")
