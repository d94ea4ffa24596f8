"""The look-alike as an ASGI application: token endpoint, FHIR base, faults on demand."""

import asyncio
import base64
import binascii
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qs, parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from rorbridge.lookalike import answers
from rorbridge.lookalike.access import Access
from rorbridge.lookalike.bundle import Links, Writer
from rorbridge.lookalike.config import FHIR_PATH, TOKEN_PATH, Config
from rorbridge.lookalike.faults import Faults, Rule
from rorbridge.lookalike.metadata import capability_statement
from rorbridge.lookalike.outcome import INTERNAL, FhirError, GoneError, InvalidParameterError, NotFoundError
from rorbridge.lookalike.paging import Pages
from rorbridge.lookalike.pause import collector_paused
from rorbridge.lookalike.resources import RESOURCE_TYPES, Dataset
from rorbridge.lookalike.search.catalog import Catalog
from rorbridge.lookalike.search.engine import LARGEST_PAGE, Engine, Found
from rorbridge.lookalike.tokens import Tokens

REQUIRED_HEADERS: Final = (
    "Ror-Profil-Utilisateur-Code",
    "Ror-Profil-Utilisateur-System",
    "Ror-Role-Metier-Code",
    "Ror-Role-Metier-System",
)
"""Headers that every FHIR call carries (ROR-API 4.2)."""

_log: Final = logging.getLogger(__name__)
_MOST_PARAMETERS: Final = 1000
_THROTTLED: Final = FhirError(429, "throttled", "Trop de requêtes : réessayez plus tard")

Handler = Callable[[Request], Awaitable[Response]]


def create_app(dataset: Dataset, config: Config | None = None) -> Starlette:
    """Make the application that serves *dataset*; indexing it takes about as long as inventing it.

    KeyError when the configuration names an access profile that does not exist.
    """
    config = config or Config()
    with collector_paused():
        service = _Service(dataset, config)
    routes: list[BaseRoute] = [
        Route(TOKEN_PATH, service.with_faults(service.token, to_token=True), methods=["POST"]),
        Route(f"{FHIR_PATH}/metadata", service.guarded(service.metadata)),
        Route(FHIR_PATH, service.guarded(service.next_page)),
        Route(f"{FHIR_PATH}/", service.guarded(service.next_page)),
        Route(f"{FHIR_PATH}/{{resource_type}}", service.guarded(service.search)),
        Route(f"{FHIR_PATH}/{{resource_type}}/{{resource_id}}", service.guarded(service.read)),
        Route(f"{FHIR_PATH}/{{rest:path}}", service.guarded(service.unknown)),
    ]
    if config.faults:
        routes.append(Route("/_faults", service.faults, methods=["GET", "PUT", "DELETE"]))
    return Starlette(routes=routes)


class _Service:
    """What the routes do."""

    def __init__(self, dataset: Dataset, config: Config) -> None:
        self._config = config
        self._catalog = Catalog(dataset)
        access = None if config.access_profile is None else Access(self._catalog, config.access_profile)
        self._engine = Engine(self._catalog, access.visible() if access else None)
        self._writer = Writer(self._catalog, access)
        self._pages = Pages(config.page_lifetime_s, config.clock)
        self._tokens = Tokens(config.token_lifetime_s, config.clock)
        self._faults = Faults()

    # Calls

    async def token(self, request: Request) -> Response:
        """Answer the client credentials grant as Keycloak does."""
        form = parse_qs((await request.body()).decode("latin-1"), keep_blank_values=True)
        if form.get("grant_type") != ["client_credentials"]:
            told = {"error": "unsupported_grant_type", "error_description": "Unsupported grant_type"}
            return JSONResponse(told, 400)
        client_id, secret = _credentials(request, form)
        known = self._config.client_id, self._config.client_secret
        if not (_same(client_id, known[0]) and _same(secret, known[1])):
            return _invalid_client()
        return JSONResponse(
            {
                "access_token": self._tokens.issue(client_id),
                "expires_in": int(self._config.token_lifetime_s),
                "refresh_expires_in": 0,
                "token_type": "Bearer",
                "not-before-policy": 0,
                "scope": "profile",
            },
            headers={"Cache-Control": "no-store"},
        )

    async def metadata(self, request: Request) -> Response:
        """Answer with the CapabilityStatement."""
        statement = capability_statement(self._catalog, self._base(request))
        return await answers.fhir(request, msgspec.json.encode(statement))

    async def search(self, request: Request) -> Response:
        """Answer a search with its first page."""
        resource_type = _resource_type(request)
        found = self._engine.search(resource_type, _query(request))
        own = f"{self._base(request)}/{resource_type}"
        return await self._page(request, found, (0, found.count), own, None)

    async def next_page(self, request: Request) -> Response:
        """Answer with a later page of a search that was kept."""
        parameters = dict(_query(request))
        if "_getpages" not in parameters:
            message = "Requête non prise en charge : type de ressource ou paramètre « _getpages » attendu"
            raise InvalidParameterError(message)
        search_id = parameters["_getpages"]
        offset = _whole(parameters, "_getpagesoffset", 0)
        count = min(_whole(parameters, "_count", LARGEST_PAGE), LARGEST_PAGE)
        found = self._pages.get(search_id)
        return await self._page(request, found, (offset, count), self._base(request), search_id)

    async def read(self, request: Request) -> Response:
        """Answer with one resource."""
        body = self._writer.resource(_resource_type(request), request.path_params["resource_id"])
        return await answers.fhir(request, body)

    async def unknown(self, request: Request) -> Response:
        """Refuse an address that the FHIR base does not have."""
        message = f"Adresse inconnue : {request.url.path}"
        raise NotFoundError(message)

    async def faults(self, request: Request) -> Response:
        """Show, replace or clear the plan of faults."""
        if request.method == "PUT":
            try:
                self._faults.set(await request.body())
            except (msgspec.DecodeError, ValueError) as error:
                return JSONResponse({"error": str(error)}, 400)
        elif request.method == "DELETE":
            self._faults.clear()
        return Response(msgspec.json.encode(self._faults.plan), media_type="application/json")

    async def _page(
        self, request: Request, found: Found, span: tuple[int, int], own: str, search_id: str | None
    ) -> Response:
        offset, count = span
        base, following = self._base(request), None
        if count and offset + count < len(found.ids):
            search_id = search_id or self._pages.keep(found)
            where = f"_getpages={search_id}&_getpagesoffset={offset + count}&_count={count}"
            following = f"{base}?{where}&_bundletype=searchset"
        own = f"{own}?{request.url.query}" if request.url.query else own
        return await answers.fhir(request, self._writer.page(found, offset, count, Links(base, own, following)))

    def _base(self, request: Request) -> str:
        return (self._config.public_base or f"{request.base_url}{FHIR_PATH[1:]}").rstrip("/")

    # What stands before the calls

    def guarded(self, handler: Handler) -> Handler:
        """Let only calls with a valid token and the four headers through, and put errors into FHIR."""

        async def answer(request: Request) -> Response:
            if not self._tokens.is_valid(_bearer(request)):
                return _no_token()
            try:
                _check_headers(request)
                return await handler(request)
            except FhirError as error:
                return await answers.outcome(request, error)
            except Exception:
                _log.exception("the look-alike failed on %s", request.url.path)
                return await answers.outcome(request, INTERNAL)

        return self.with_faults(answer, to_token=False)

    def with_faults(self, handler: Handler, to_token: bool) -> Handler:
        """Let the planned faults happen to a call."""

        async def answer(request: Request) -> Response:
            if latency := self._faults.latency():
                await asyncio.sleep(latency)
            rule = self._faults.strike(f"{request.url.path}?{request.url.query}", to_token)
            if rule is None:
                return await handler(request)
            return await _broken(request, rule, handler)

        return answer


async def _broken(request: Request, rule: Rule, handler: Handler) -> Response:
    """Answer with the fault of *rule*."""
    errors = {"410": GoneError("inconnue"), "429": _THROTTLED, "500": INTERNAL}
    if error := errors.get(rule.fault):
        told = {"Retry-After": str(rule.retry_after_s)} if error is _THROTTLED else None
        return await answers.outcome(request, error, told)
    if rule.fault == "truncated":
        whole = await handler(request)
        kept = {name: whole.headers[name] for name in ("content-type", "content-encoding") if name in whole.headers}
        return Response(bytes(whole.body)[: len(whole.body) // 2], whole.status_code, kept)
    if rule.fault == "closed":
        return Response(b"{", headers={"Content-Length": "1000", "Content-Type": answers.FHIR_JSON})  # uvicorn hangs up
    plain = {
        "503": answers.gateway(503, "Service Unavailable"),
        "token-refused": _invalid_client(),
        "token-expired": _no_token(),
        "not-json": Response("Service momentanément indisponible", headers={"Content-Type": answers.FHIR_JSON}),
    }
    return plain[rule.fault]


def _resource_type(request: Request) -> str:
    resource_type: str = request.path_params["resource_type"]
    if resource_type not in RESOURCE_TYPES:
        message = f"Type de ressource inconnu « {resource_type} »"
        raise NotFoundError(message)
    return resource_type


def _query(request: Request) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            request.url.query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS, errors="strict", separator="&"
        )
    except ValueError:
        message = "Requête illisible : encodage incorrect ou trop de paramètres"
        raise InvalidParameterError(message) from None


def _whole(parameters: dict[str, str], name: str, default: int) -> int:
    text = parameters.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        message = f"Valeur invalide pour le paramètre « {name} » : « {text} »"
        raise InvalidParameterError(message, name)
    return int(text)


def _check_headers(request: Request) -> None:
    for name in REQUIRED_HEADERS:
        if not request.headers.get(name):
            raise FhirError(403, "forbidden", f"En-tête obligatoire absent : {name}")


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _no_token() -> Response:
    return answers.gateway(401, "Unauthorized", {"WWW-Authenticate": 'Bearer realm="ror", error="invalid_token"'})


def _credentials(request: Request, form: dict[str, list[str]]) -> tuple[str, str]:
    """Read client id and secret from HTTP Basic, or from the form."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        # RFC 6749 2.3.1 has both form-encoded inside Basic.
        return _form_decoded(client_id), _form_decoded(secret)
    return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]


def _form_decoded(text: str) -> str:
    return parse_qs(f"x={text}", keep_blank_values=True, separator="\n")["x"][0]


def _invalid_client() -> Response:
    told = {"error": "invalid_client", "error_description": "Invalid client or Invalid client credentials"}
    return JSONResponse(told, 401)


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(), known.encode())
