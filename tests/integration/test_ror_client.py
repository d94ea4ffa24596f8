"""The ROR client over a real socket: tokens, headers, pages, errors."""

import asyncio
import gzip
from collections.abc import Callable

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from rorbridge.orientation.directory import DirectoryError, Found
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.errors import RorAccessError, RorAnswerError, RorRefusedError, RorUnavailableError
from tests.support.fhir import OFFICIAL, location, page, service
from tests.support.http import Handler, Ror, scripted_ror
from tests.support.processes import free_port
from tests.support.ror import SECRET, question, ror_settings


async def search(ror: Ror) -> Found:
    async with RorDirectory(ror_settings(ror)) as directory:
        return await directory.search(question())


def fhir(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/fhir+json")


def one_page(request: Request) -> Response:
    return fhir(page(service(), location(), distances={"10": 1.0}, total=1))


def always(response: Callable[[Request], Response]) -> Handler:
    async def answer(request: Request) -> Response:
        return response(request)

    return answer


async def test_a_search_carries_the_token_the_four_headers_and_its_parameters() -> None:
    async with scripted_ror(always(one_page)) as ror:
        found = await search(ror)
    assert list(found.whole.services) == ["1"]
    assert found.complete
    [asked] = ror.searches
    assert asked.headers["authorization"] == "Bearer token-1"
    assert asked.headers["ror-profil-utilisateur-code"] == "CU20"
    assert asked.headers["ror-profil-utilisateur-system"] == "1.2.250.1.213.1.6.1.66"
    assert asked.headers["ror-role-metier-code"] == "AUTOMATE"
    assert asked.headers["ror-role-metier-system"] == "1.2.250.1.213.1.1.4.6"
    assert asked.query_params["location.near"] == "47.200000|-1.600000|5|km"
    assert asked.query_params.getlist("_include:iterate") == ["Organization:partof"]
    assert asked.query_params.getlist("_include") == [
        "HealthcareService:organization",
        "HealthcareService:location",
        "PractitionerRole:practitioner",
    ]
    assert b"grant_type=client_credentials" in ror.token_requests[0]


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with scripted_ror(always(one_page)) as ror:
        assert (await search(ror)).complete


async def test_metadata_decides_what_is_asked() -> None:
    statement = {
        "resourceType": "CapabilityStatement",
        "rest": [
            {
                "resource": [
                    {"type": "HealthcareService", "searchParam": [{"name": "location.near"}, {"name": "_include"}]},
                    {"type": "Location", "searchParam": [{"name": "specialty"}]},
                ]
            }
        ],
    }
    async with scripted_ror(always(one_page)) as ror, RorDirectory(ror_settings(ror)) as directory:
        ror.metadata = JSONResponse(statement)
        found = await directory.search(question())
        await directory.search(question())
    assert found.verified_only == ("activity",)
    assert "specialty" not in ror.searches[0].query_params
    assert "location.near" in ror.searches[0].query_params
    assert ror.metadata_requests == 1


async def test_all_pages_are_read_by_their_links_and_at_our_host() -> None:
    async def pages(request: Request) -> Response:
        offset = int(request.query_params.get("_getpagesoffset", "0"))
        following = f"https://other.example/ws?_getpages=abc%2Fd&_getpagesoffset={offset + 1}" if offset < 2 else None
        return fhir(page(service(str(offset)), next_=following, total=3))

    async with scripted_ror(pages) as ror:
        found = await search(ror)
    assert list(found.whole.services) == ["0", "1", "2"]
    assert [one.url.path for one in ror.searches] == ["/ws/HealthcareService", "/ws", "/ws"]
    assert ror.searches[1].query_params["_getpages"] == "abc/d"
    assert ror.issued == 1


async def test_a_page_that_expired_starts_the_search_again_once() -> None:
    calls = 0

    async def expiring(request: Request) -> Response:
        nonlocal calls
        calls += 1
        if "_getpages" not in request.query_params:
            return fhir(page(service("1"), next_="?_getpages=1", total=2))
        return fhir(b"", 410) if calls == 2 else fhir(page(service("2"), total=2))

    async with scripted_ror(expiring) as ror:
        found = await search(ror)
    assert sorted(found.whole.services) == ["1", "2"]
    assert calls == 4


async def test_pages_that_always_expire_are_an_error() -> None:
    async def expiring(request: Request) -> Response:
        if "_getpages" not in request.query_params:
            return fhir(page(service("1"), next_="?_getpages=1"))
        return fhir(b"", 404)

    async with scripted_ror(expiring) as ror:
        with pytest.raises(RorUnavailableError, match="expire faster"):
            await search(ror)


async def test_pages_without_end_are_an_error() -> None:
    async with scripted_ror(always(lambda _: fhir(page(service("1"), next_="?_getpages=1")))) as ror:
        with pytest.raises(RorAnswerError, match="do not end"):
            await search(ror)


async def test_an_answer_of_ten_thousand_is_not_complete() -> None:
    async with scripted_ror(always(lambda _: fhir(page(service("1"), total=10_000)))) as ror:
        assert not (await search(ror)).complete


async def test_a_token_that_is_no_longer_taken_is_renewed_once() -> None:
    async def picky(request: Request) -> Response:
        return one_page(request) if request.headers["authorization"] == "Bearer token-2" else Response(status_code=401)

    async with scripted_ror(picky) as ror:
        assert (await search(ror)).whole.services
    assert ror.issued == 2


async def test_a_token_that_is_never_taken_is_an_access_error() -> None:
    async with scripted_ror(always(lambda _: HTMLResponse("<h1>401</h1>", 401))) as ror:
        with pytest.raises(RorAccessError, match="401"):
            await search(ror)
    assert ror.issued == 2


async def test_one_token_request_serves_all_who_wait() -> None:
    async with scripted_ror(always(one_page)) as ror, RorDirectory(ror_settings(ror)) as directory:
        await asyncio.gather(*(directory.search(question(radius_km=number + 1)) for number in range(50)))
    assert ror.issued == 1
    assert len(ror.searches) == 50


@pytest.mark.parametrize(
    ("token_answer", "error"),
    [
        (JSONResponse({"error": "invalid_client", "error_description": SECRET}, 401), RorAccessError),
        (HTMLResponse("<h1>Bad gateway</h1>", 502), RorUnavailableError),
        (HTMLResponse("<h1>Welcome</h1>", 200), RorUnavailableError),
        (JSONResponse({"token": "x"}, 200), RorUnavailableError),
    ],
)
async def test_a_token_endpoint_s_trouble_is_told_without_secrets(
    token_answer: Response, error: type[DirectoryError]
) -> None:
    async with scripted_ror(always(one_page)) as ror:
        ror.tokens.append(token_answer)
        with pytest.raises(error) as caught:
            await search(ror)
    assert SECRET not in str(caught.value) + repr(caught.value.problem)
    assert not ror.searches


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (
            fhir((OFFICIAL / "OperationOutcome-400-business-rule.json").read_bytes(), 400),
            RorRefusedError,
            "business-rule: Indicateur INDICATEUR_INCONNU",
        ),
        (fhir(b"", 404), RorAnswerError, "HTTP 404"),
        (HTMLResponse("<h1>Service unavailable</h1>", 503), RorUnavailableError, "HTTP 503"),
        (fhir(b"{}", 429), RorUnavailableError, "HTTP 429"),
        (fhir(b"{}", 403), RorAccessError, "403"),
        (HTMLResponse("<h1>Hello</h1>", 200), RorAnswerError, "no FHIR JSON"),
        (fhir(b'{"resourceType": "Bundle", "entry": [', 200), RorAnswerError, "no FHIR JSON"),
        (Response(status_code=302, headers={"location": "https://elsewhere.example/"}), RorAnswerError, "BASE_URL"),
    ],
)
async def test_what_goes_wrong_is_a_typed_error_with_its_reason(
    answer: Response, error: type[DirectoryError], says: str
) -> None:
    async with scripted_ror(always(lambda _: answer)) as ror:
        with pytest.raises(error, match=says):
            await search(ror)


async def test_a_ror_that_is_not_there_is_unavailable() -> None:
    async with scripted_ror(always(one_page)) as ror:
        pass
    with pytest.raises(RorUnavailableError):
        await search(ror)


async def test_gzip_is_asked_for_and_read() -> None:
    async def zipped(request: Request) -> Response:
        assert "gzip" in request.headers["accept-encoding"]
        body = gzip.compress(page(service(), location(), total=1))
        return Response(body, headers={"content-encoding": "gzip", "content-type": "application/fhir+json"})

    async with scripted_ror(zipped) as ror:
        assert (await search(ror)).whole.services
