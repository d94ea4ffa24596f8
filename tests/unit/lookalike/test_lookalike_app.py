"""The HTTP side without a socket: tokens, headers, errors, metadata, compression."""

import base64
import gzip
import json

import httpx
import pytest

from rorbridge.lookalike.app import REQUIRED_HEADERS
from rorbridge.lookalike.config import FHIR_PATH, TOKEN_PATH, Config
from rorbridge.lookalike.tokens import Tokens

from .conftest import Clock, Connect, Ror

FORM = {"grant_type": "client_credentials", "client_id": "rorbridge-demo", "client_secret": "rorbridge-demo-secret"}


async def test_a_token_is_given_for_the_right_secret(connect: Connect) -> None:
    ror = await connect(Config(token_lifetime_s=120))
    answer = (await ror.http.post(TOKEN_PATH, data=FORM)).json()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 120
    claims = answer["access_token"].split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["azp"] == "rorbridge-demo"


async def test_the_secret_may_come_by_http_basic(connect: Connect) -> None:
    ror = await connect(Config(client_id="an id", client_secret="p+ss:wörd"))
    encoded = base64.b64encode(b"an+id:p%2Bss%3Aw%C3%B6rd").decode()
    answer = await ror.http.post(
        TOKEN_PATH, data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {encoded}"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("wrong", [{"client_secret": "no"}, {"client_id": "no"}, {"client_secret": ""}])
async def test_a_wrong_secret_is_refused_as_keycloak_refuses_it(connect: Connect, wrong: dict[str, str]) -> None:
    answer = await (await connect(Config())).http.post(TOKEN_PATH, data={**FORM, **wrong})
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


async def test_broken_basic_credentials_are_refused(connect: Connect) -> None:
    http = (await connect(Config())).http
    for header in ("Basic !!!", "Basic /w==", "Basic"):
        answer = await http.post(
            TOKEN_PATH, data={"grant_type": "client_credentials"}, headers={"Authorization": header}
        )
        assert answer.status_code == 401


async def test_other_grants_are_refused(connect: Connect) -> None:
    answer = await (await connect(Config())).http.post(TOKEN_PATH, data={**FORM, "grant_type": "password"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Bearer .é.", "Basic eDp4"])
async def test_a_call_without_a_valid_token_meets_the_gateway(connect: Connect, header: str) -> None:
    ror = await connect(Config())
    headers = {name.encode(): value.encode() for name, value in {**ror.headers, "Authorization": header}.items()}
    answer = await ror.http.get(f"{FHIR_PATH}/HealthcareService", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_token_expires(connect: Connect, clock: Clock) -> None:
    ror = await connect(Config(token_lifetime_s=300, clock=clock))
    clock.now += 299
    assert (await ror.get("/metadata")).status_code == 200
    clock.now += 2
    assert (await ror.get("/metadata")).status_code == 401
    await ror.token()
    assert (await ror.get("/metadata")).status_code == 200


def test_a_token_of_another_server_is_not_valid(clock: Clock) -> None:
    mine, other = Tokens(60, clock), Tokens(60, clock)
    assert mine.is_valid(mine.issue("me"))
    assert not mine.is_valid(other.issue("me"))


@pytest.mark.parametrize("name", REQUIRED_HEADERS)
@pytest.mark.parametrize("path", ["/metadata", "/HealthcareService", "/Location/888888", "?_getpages=x"])
async def test_each_of_the_four_headers_is_required(connect: Connect, name: str, path: str) -> None:
    ror = await connect(Config())
    answer = await ror.get(path, **{name: ""})
    assert answer.status_code == 403
    assert name in answer.json()["issue"][0]["diagnostics"]


async def test_errors_are_operation_outcomes_in_french(connect: Connect) -> None:
    answer = await (await connect(Config())).get("/HealthcareService?toto=1")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/fhir+json;charset=UTF-8"
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["diagnostics"].startswith("Paramètre de recherche inconnu « toto »")


@pytest.mark.parametrize("path", ["/Patient", "/Patient/1", "/Location/none", "/Location/1/2/3", "/$export"])
async def test_what_does_not_exist_is_not_found(connect: Connect, path: str) -> None:
    answer = await (await connect(Config())).get(path)
    assert answer.status_code == 404
    assert answer.json()["issue"][0]["code"] == "not-found"


@pytest.mark.parametrize(
    "path",
    [
        "/HealthcareService/1234564",
        "/Location/888888",
        "/Organization/999999",
        "/Practitioner/2524",
        "/PractitionerRole/ror-practitionerrole-exemple",
    ],
)
async def test_resources_of_each_type_are_read_by_id(connect: Connect, path: str) -> None:
    resource = (await (await connect(Config())).get(path)).json()
    assert f"/{resource['resourceType']}/{resource['id']}" == path


@pytest.mark.parametrize(
    "query",
    [
        "identifier=06%2F0099999",
        "identifier=06/0099999",
        "organization._id%3Aabove=999999",
        "specialty=https%3A%2F%2Fmos.esante.gouv.fr%2FNOS%2FTRE_R211-ActiviteOperationnelle%2FFHIR%2F"
        "TRE-R211-ActiviteOperationnelle%7C022&service-type=01&name=5812",
        "location.near=-12.78234|45.22878|5|km",
        "location.near=-12.78234%7C45.22878%7C5%7Ckm",
        "_lastUpdated=ge2025-04-08T15:00:00%2B02:00&_lastUpdated=lt2025-04-09",
        "_filter=%28_id+eq+1234564%29",
        "_filter=(_id%20eq%201234564)",
        "name:contains=GYN%C3%89COLOGIQUE&_format=json&_id=1234564",
    ],
)
async def test_percent_encoding_makes_no_difference(connect: Connect, query: str) -> None:
    bundle = await (await connect(Config())).bundle(f"/HealthcareService?{query}")
    assert "1234564" in {entry["resource"]["id"] for entry in bundle["entry"]}


async def test_a_query_that_is_not_utf_8_is_refused(connect: Connect) -> None:
    assert (await (await connect(Config())).get("/HealthcareService?name=%FF")).status_code == 400


async def test_the_capability_statement_names_what_is_served(connect: Connect) -> None:
    ror = await connect(Config())
    statement = (await ror.get("/metadata")).json()
    assert statement["resourceType"] == "CapabilityStatement"
    assert statement["date"].startswith("2026-")
    resources = {one["type"]: one for one in statement["rest"][0]["resource"]}
    assert set(resources) == {"HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole"}
    parameters = {one["name"]: one["type"] for one in resources["HealthcareService"]["searchParam"]}
    assert parameters["location.near"] == "special"
    assert parameters["organization.identifier:above"] == "token"
    assert parameters["age-range-low"] == "quantity"
    assert parameters["location.identifier:of-type"] == "token"
    assert "HealthcareService:location" in resources["HealthcareService"]["searchInclude"]
    assert resources["HealthcareService"]["searchRevInclude"] == ["PractitionerRole:service"]


async def test_the_capability_statement_is_valid_fhir(connect: Connect) -> None:
    from fhir.resources.R4B.capabilitystatement import CapabilityStatement  # noqa: PLC0415

    CapabilityStatement.model_validate((await (await connect(Config())).get("/metadata")).json())


@pytest.mark.parametrize(
    ("accepted", "coded"),
    [("gzip, deflate", "gzip"), ("*", "gzip"), ("identity", None), ("gzip;q=0", None), ("br", None)],
)
async def test_large_answers_are_compressed_when_the_client_takes_it(
    connect: Connect, accepted: str, coded: str | None
) -> None:
    ror = await connect(Config())
    url = f"{FHIR_PATH}/HealthcareService?_count=5"
    async with ror.http.stream("GET", url, headers={**ror.headers, "Accept-Encoding": accepted}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == coded
    body = gzip.decompress(raw) if coded else raw
    assert len(json.loads(body)["entry"]) == 5


async def test_small_answers_are_not_compressed(connect: Connect) -> None:
    answer = await (await connect(Config())).get("/HealthcareService?_id=none", **{"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


async def test_writing_is_not_served(connect: Connect) -> None:
    ror = await connect(Config())
    answer = await ror.http.post(f"{FHIR_PATH}/HealthcareService", headers=ror.headers, json={})
    assert answer.status_code == 405


def plan(**content: object) -> bytes:
    return json.dumps(content).encode()


async def faulty(connect: Connect, *rules: dict[str, object]) -> Ror:
    ror = await connect(Config(faults=True))
    assert (await ror.http.put("/_faults", content=plan(rules=rules))).status_code == 200
    return ror


async def test_faults_are_closed_unless_opened(connect: Connect) -> None:
    answer: httpx.Response = await (await connect(Config())).http.put("/_faults", content=plan())
    assert answer.status_code == 404


@pytest.mark.parametrize(("fault", "status"), [("410", 410), ("429", 429), ("500", 500), ("503", 503)])
async def test_a_status_happens_to_the_next_calls_and_then_no_more(connect: Connect, fault: str, status: int) -> None:
    ror = await faulty(connect, {"fault": fault, "next": 2, "retry_after_s": 7})
    answers = [await ror.get("/metadata") for _ in range(3)]
    assert [one.status_code for one in answers] == [status, status, 200]
    assert answers[0].headers.get("retry-after") == ("7" if status == 429 else None)


async def test_bodies_break_on_demand(connect: Connect) -> None:
    ror = await faulty(connect, {"fault": "truncated", "next": 1}, {"fault": "not-json", "next": 1})
    for _ in range(2):
        answer = await ror.get("/metadata", **{"Accept-Encoding": "identity"})
        assert answer.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            answer.json()
    assert (await ror.get("/metadata")).json()


async def test_tokens_fail_on_demand(connect: Connect) -> None:
    ror = await faulty(connect, {"fault": "token-refused", "next": 1}, {"fault": "token-expired", "next": 1})
    assert (await ror.get("/metadata")).status_code == 401
    assert (await ror.http.post(TOKEN_PATH, data=FORM)).status_code == 401
    assert (await ror.http.post(TOKEN_PATH, data=FORM)).status_code == 200
    assert (await ror.get("/metadata")).status_code == 200


async def test_a_fault_may_keep_to_some_calls(connect: Connect) -> None:
    ror = await faulty(connect, {"fault": "500", "probability": 1, "where": "/Location"})
    assert (await ror.get("/metadata")).status_code == 200
    assert (await ror.get("/Location?_count=1")).status_code == 500
    assert (await ror.http.delete("/_faults")).status_code == 200
    assert (await ror.get("/Location?_count=1")).status_code == 200


async def test_chance_is_repeatable_with_a_seed(connect: Connect) -> None:
    ror = await connect(Config(faults=True))
    runs = []
    for _ in range(2):
        chance = plan(seed=4, rules=[{"fault": "503", "probability": 0.5}], latency_ms=[0, 1])
        await ror.http.put("/_faults", content=chance)
        runs.append([(await ror.get("/metadata")).status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


@pytest.mark.parametrize(
    "wrong",
    [
        {"rules": [{"fault": "418", "next": 1}]},
        {"rules": [{"fault": "500"}]},
        {"rules": [{"fault": "500", "next": 1, "probability": 0.5}]},
        {"rules": [{"fault": "500", "next": 0}]},
        {"rules": [{"fault": "500", "probability": 2}]},
        {"latency_ms": [5, 1]},
        {"lateness": 3},
    ],
)
async def test_a_wrong_plan_is_refused_with_a_reason(connect: Connect, wrong: dict[str, object]) -> None:
    answer = await (await connect(Config(faults=True))).http.put("/_faults", content=plan(**wrong))
    assert answer.status_code == 400
    assert answer.json()["error"]
