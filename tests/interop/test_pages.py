"""Pages of a server that we did not write: its links, how they end, and what becomes of a page that is gone."""

from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

import pytest

from rorbridge.events.request import OrientationRequest
from rorbridge.orientation.directory import Found, Question
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.errors import RorUnavailableError
from rorbridge.ror.query import INCLUDES, PEOPLE
from tests.interop.servers import Servers

MEDICO_SOCIAL = '{"need": {"field": ["04"]}, "where": {"departments": ["75", "69", "13"]}}'
A_PAGE = 3


def question() -> Question:
    request = OrientationRequest.model_validate_json(MEDICO_SOCIAL)
    return Question(request.need, request.where, None)


async def search(servers: Servers, base: str) -> Found:
    async with RorDirectory(servers.settings(base)) as directory:
        return await directory.search(question())


def everything(found: Found) -> set[str]:
    """Give the references of all that a search brought, included resources as well."""
    answer = found.whole
    parts: dict[str, Iterable[str]] = {
        "HealthcareService": answer.services,
        "Location": answer.locations,
        "Organization": answer.organizations,
        "PractitionerRole": answer.roles,
        "Practitioner": answer.practitioners,
    }
    return {f"{kind}/{id_}" for kind, resources in parts.items() for id_ in resources}


async def test_many_small_pages_bring_what_one_page_brings(servers: Servers) -> None:
    small = await search(servers, "small")
    assert len(small.whole.services) > 3 * A_PAGE
    assert everything(small) == everything(await search(servers, "chained"))
    assert everything(small) == everything(await search(servers, "lookalike"))
    assert small.complete
    assert not small.whole.broken


async def test_each_page_brings_the_owners_up_to_the_top(servers: Servers) -> None:
    found = (await search(servers, "small")).whole
    for organization in found.organizations.values():
        above = organization.part_of.reference if organization.part_of else None
        assert above is None or above.split("/")[1] in found.organizations


async def test_a_search_that_the_server_forgot_is_begun_again(servers: Servers) -> None:
    whole = everything(await search(servers, "small"))
    servers.hapi.forget(pages=1)
    assert everything(await search(servers, "small")) == whole


async def test_a_server_that_keeps_forgetting_is_away(servers: Servers) -> None:
    servers.hapi.forget(pages=2)
    with pytest.raises(RorUnavailableError, match="expire faster"):
        await search(servers, "small")


def test_a_page_of_a_forgotten_search_is_gone_on_both(servers: Servers) -> None:
    page = (
        ("_getpages", "3c3b8b10-0000-4000-8000-000000000000"),
        ("_getpagesoffset", "3"),
        ("_count", "3"),
        ("_bundletype", "searchset"),
    )
    for base in ("plain", "lookalike"):
        gone = servers.ask(base, "", *page)
        assert (gone.status, gone.body["resourceType"]) == (410, "OperationOutcome")


def test_links_have_the_same_form_on_both_but_for_the_includes_that_hapi_repeats(servers: Servers) -> None:
    parameters = {}
    for base in ("plain", "lookalike"):
        link = servers.ask(base, "HealthcareService", ("_count", "2"), *INCLUDES, *PEOPLE).next
        assert link is not None
        assert not urlsplit(link).path.endswith("HealthcareService")
        parameters[base] = set(parse_qs(urlsplit(link).query))
    assert parameters["lookalike"] == {"_getpages", "_getpagesoffset", "_count", "_bundletype"}
    assert parameters["plain"] == parameters["lookalike"] | {"_include"}


def test_hapi_tells_the_total_only_once_it_knows_it(servers: Servers) -> None:
    asked = ("_count", "2")
    assert "total" not in servers.ask("plain", "HealthcareService", asked).body
    assert servers.ask("plain", "HealthcareService", asked, ("_id", "2000001")).body["total"] == 1
    assert servers.ask("lookalike", "HealthcareService", asked).body["total"] > 2
