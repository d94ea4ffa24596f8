"""The programs of Prometheus."""

import pytest

from tests.support.leftout import left_out
from tests.support.prometheus import PrometheusMissingError, Tools, tools


@pytest.fixture(scope="session")
def prometheus_tools() -> Tools:
    """The real programs. Where they are missing tests are skipped, but not where all has to run."""
    try:
        return tools()
    except PrometheusMissingError as error:
        left_out(f"needs Prometheus: {error}")
