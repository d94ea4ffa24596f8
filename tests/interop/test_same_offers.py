"""One need, two servers, the same data: the same offers, and those that a plain loop over the data finds."""

from datetime import UTC, datetime
from typing import Any

import pytest

from rorbridge.ror.client import RorDirectory
from tests.interop.requests import NAMES
from tests.interop.servers import Servers, offers_of
from tests.support.oracle import Oracle

Requested = dict[str, dict[str, Any]]

REFUSED = {("plain", "age")}
"""Asked with `_filter`, which HAPI reads otherwise (test_differences.py)."""


ASKED = [(base, name) for base in ("plain", "chained") for name in NAMES if (base, name) not in REFUSED]


@pytest.mark.parametrize(("base", "name"), ASKED)
async def test_hapi_and_the_lookalike_lead_to_the_same_offers(
    base: str, name: str, servers: Servers, requested: Requested, oracle: Oracle
) -> None:
    content = requested[name]
    expected = oracle.expected(content, None, datetime.now(UTC).date())
    assert expected
    assert offers_of(await servers.resolve("lookalike", content)) == expected
    assert offers_of(await servers.resolve(base, content)) == expected


@pytest.mark.parametrize("base", ["plain", "chained", "lookalike"])
async def test_the_client_s_check_passes(base: str, servers: Servers) -> None:
    async with RorDirectory(servers.settings(base)) as directory:
        await directory.check()
