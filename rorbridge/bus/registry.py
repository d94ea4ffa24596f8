"""The schema registry: under which id the schema of results stands there.

The REST API of Confluent's, which Apicurio, Karapace and Redpanda speak too. It is asked once, at the start: an id
stays what it is.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx
from structlog.stdlib import get_logger

from rorbridge.events.schemas import registered_result_schema
from rorbridge.events.wireformat import MOST_ID
from rorbridge.settings import SchemaRegistrySettings

log = get_logger(__name__)

_SETTING = "RORBRIDGE_SCHEMA_REGISTRY__"
_CALL_S = 10.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_LONGEST_WORDS = 400
"""Characters of what a registry says that are told; some repeat the whole schema."""
_NOT_THERE: Final = {40401, 40402, 40403}
"""Error codes for a subject, a version or a schema that is not there; a wrong address has none of them."""
_MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


class RegistryError(RuntimeError):
    """The registry does not give what is needed: what was found, and what to do about it."""

    def __init__(self, found: str, mend: str | None = None) -> None:
        super().__init__(f"{found}; {mend}" if mend else found)
        self.found = found
        self.mend = mend


class ResultSchema:
    """The schema of results in the registry: the subject that it stands under, and its id once it is known."""

    def __init__(self, settings: SchemaRegistrySettings, results_topic: str) -> None:
        self._settings = settings
        self.subject = f"{results_topic}-value"
        """By Confluent's TopicNameStrategy, the one that readers look for unless they are told otherwise."""
        self._id: int | None = None

    @property
    def id(self) -> int:
        """The id to write results under; it is known once ``settle`` has returned."""
        if self._id is None:
            raise AssertionError("no lane is open before the id is known")
        return self._id

    async def settle(self, waits_for: Callable[[str], None]) -> None:
        """Learn the id, however long it takes; *waits_for* is told what is in the way."""
        pause = _FIRST_PAUSE_S
        waits_for("the schema registry")
        while self._id is None:
            try:
                self._id = await self._find_or_register()
            except Exception as error:  # a bug of ours, too, is told and tried again, not silence
                known = isinstance(error, RegistryError)
                told = str(error) if known else f"the schema registry: {error!r}"
                waits_for(told)
                log.warning("schema-not-settled", error=told, retry_in_s=pause, exc_info=not known)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _find_or_register(self) -> int:
        async with connected(self._settings) as registry:
            found = await registry.find(self.subject, may_register=self._settings.auto_register)
            id_ = await registry.register(self.subject) if found is None else found
        log.info("schema-settled", subject=self.subject, id=id_, registered=found is None)
        return id_


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that can be asked for the schema of results. Everything raises RegistryError."""

    http: httpx.AsyncClient
    url: str

    async def find(self, subject: str, *, may_register: bool) -> int | None:
        """Give the id of the schema under *subject*; None when it is not there and may be registered.

        Asked for as it is first, since Confluent's finds what was registered so by that alone; then by its sense, since
        Apicurio's minds a space or a line break.
        """
        for parameters in (None, {"normalize": "true"}):
            response = await self._post(f"/subjects/{_path(subject)}", parameters)
            if response.status_code == 200:
                return self._id(response)
            if response.status_code != 404 or _content(response).get("error_code") not in _NOT_THERE:
                raise self._refusal(response, subject, "Read")
        if not may_register:
            raise self._absent(subject)
        return None

    async def register(self, subject: str) -> int:
        """Register the schema under *subject* and give its id."""
        response = await self._post(f"/subjects/{_path(subject)}/versions")
        if response.status_code != 200:
            raise self._refusal(response, subject, "Write")
        return self._id(response)

    async def would_take(self, subject: str) -> bool:
        """Tell whether the compatibility that is set for *subject* lets the schema in; changes nothing."""
        response = await self._post(f"/compatibility/subjects/{_path(subject)}/versions/latest")
        if response.status_code == 404:
            return True  # there is nothing to be compatible with
        if response.status_code != 200:
            raise self._refusal(response, subject, "Read")
        return _content(response).get("is_compatible") is not False

    def _absent(self, subject: str) -> RegistryError:
        return RegistryError(
            f"{self._name} has not our schema of results under subject {subject}",
            "register the file rorbridge.orientation.result.v1.draft-07.schema.json that `rorbridge schemas` writes, "
            f"or set {_SETTING}AUTO_REGISTER=true",
        )

    def incompatible(self, subject: str, words: str = "") -> RegistryError:
        """Say that the compatibility of *subject* keeps the schema out."""
        return RegistryError(
            f"{self._name} keeps our schema of results out of subject {subject}: its compatibility forbids it{words}",
            "a result grows by properties that older readers pass over, which is compatibility FORWARD: "
            f'PUT {{"compatibility": "FORWARD"}} to {self.url}/config/{_path(subject)}',
        )

    @property
    def _name(self) -> str:
        return f"the schema registry at {self.url}"

    async def _post(self, path: str, parameters: dict[str, str] | None = None) -> httpx.Response:
        body = {"schemaType": "JSON", "schema": registered_result_schema()}
        try:
            async with asyncio.timeout(_CALL_S):
                return await self.http.post(self.url + path, json=body, params=parameters)
        except TimeoutError:
            why = f"none within {_CALL_S:g} s"
        except (httpx.HTTPError, OSError) as error:
            why = str(error) or type(error).__name__
        unknown = "CERTIFICATE_VERIFY_FAILED" in why
        mend = f"name who signed its certificate in {_SETTING}CA_FILE" if unknown else None
        raise RegistryError(f"no answer from {self._name}: {why}", mend)

    def _id(self, response: httpx.Response) -> int:
        id_ = _content(response).get("id")
        if not isinstance(id_, int) or not 0 <= id_ <= MOST_ID:
            raise RegistryError(f"{self._name} answers with something else than a schema's id", _CHECK_URL)
        return id_

    def _refusal(self, response: httpx.Response, subject: str, right: str) -> RegistryError:
        # Words are not told where credentials are the matter: what is in front of a registry may repeat them.
        match response.status_code:
            case 401:
                mend = f"check {_SETTING}USERNAME and {_SETTING}PASSWORD"
                return RegistryError(f"{self._name} does not take our credentials (HTTP 401)", mend)
            case 403:
                mend = "grant it"
                if right == "Write":
                    mend += f", or register the schema yourself and set {_SETTING}AUTO_REGISTER=false"
                return RegistryError(f"{self._name} grants no {right} on subject {subject} (HTTP 403)", mend)
            case 404:
                return RegistryError(f"there is no schema registry at {self.url} (HTTP 404)", _CHECK_URL)
            case 409:
                return self.incompatible(subject, _words(response))
            case status:
                return RegistryError(f"{self._name} answers HTTP {status}{_words(response)}")


_CHECK_URL: Final = f"check {_SETTING}URL (Apicurio's ends with /apis/ccompat/v7)"


@asynccontextmanager
async def connected(settings: SchemaRegistrySettings) -> AsyncIterator[Registry]:
    """Give the registry that is set. Raises RegistryError.

    As with all else that is connected to, proxies of the environment play no part.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError is an OSError
        raise RegistryError(f"{_SETTING}CA_FILE {settings.ca_file}: {error.strerror or error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    auth = None
    if settings.username and settings.password:
        auth = httpx.BasicAuth(settings.username, settings.password.get_secret_value())
    headers = {"Content-Type": _MEDIA_TYPE, "Accept": f"{_MEDIA_TYPE}, application/json", "User-Agent": "rorbridge"}
    async with httpx.AsyncClient(
        verify=context, auth=auth, headers=headers, timeout=_CALL_S, follow_redirects=False, trust_env=False
    ) as http:
        yield Registry(http, str(settings.url).rstrip("/"))


def _path(subject: str) -> str:
    return quote(subject, safe="")


def _content(response: httpx.Response) -> dict[str, Any]:
    """Give the JSON object that a registry answered with; an empty one for anything else."""
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _words(response: httpx.Response) -> str:
    message = " ".join(str(_content(response).get("message", "")).split())
    return f": {message[:_LONGEST_WORDS]}" if message else ""
