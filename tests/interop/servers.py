"""The same questions to both servers: as rorbridge puts them, and as anyone may."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from rorbridge.events.request import OrientationRequest
from rorbridge.events.result import OrientationResult
from rorbridge.orientation.policy import Audience
from rorbridge.orientation.resolve import Resolver
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.nomenclature import Nos
from rorbridge.settings import RorSettings
from tests.interop.hapi import Hapi
from tests.interop.keycloak import SECRET, SECRET_CLIENT, Keycloak

OFFERS: Final = 400
SEED: Final = 3

HEADERS: Final = {
    "user_profile_code": "CU20",
    "user_profile_system": "1.2.250.1.213.1.6.1.66",
    "role_code": "AUTOMATE",
    "role_system": "1.2.250.1.213.1.1.4.6",
}
"""Settings of the four headers; HAPI takes no notice of them."""

_SEES_EVERYTHING: Final = 1
_PATIENCE_S: Final = 45.0


@dataclass(frozen=True)
class Answer:
    """An answer of a server: its status and what it says."""

    status: int
    body: dict[str, Any]

    @property
    def ids(self) -> set[str]:
        """Ids of the matches."""
        return {one["resource"]["id"] for one in self.entries if one["search"]["mode"] == "match"}

    @property
    def included(self) -> set[str]:
        """References of what came along."""
        entries = (one["resource"] for one in self.entries if one["search"]["mode"] == "include")
        return {f"{one['resourceType']}/{one['id']}" for one in entries}

    @property
    def entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body.get("entry", [])
        return found

    @property
    def next(self) -> str | None:
        """The link to the next page."""
        return next((one["url"] for one in self.body.get("link", []) if one["relation"] == "next"), None)


@dataclass(frozen=True)
class Servers:
    """Both servers, and how to talk to them."""

    keycloak: Keycloak
    hapi: Hapi
    lookalike: Mapping[str, str]
    """What the look-alike says of itself."""
    http: httpx.Client
    """For questions that are put by hand."""

    def settings(self, base: str) -> RorSettings:
        """Give the client's settings for ``lookalike`` or a base of HAPI's, that one with tokens of Keycloak."""
        if base == "lookalike":
            return RorSettings.model_validate(dict(self.lookalike))
        return RorSettings.model_validate(
            {
                **HEADERS,
                "base_url": self.hapi.base(base),
                "token_url": self.keycloak.token_url,
                "client_id": SECRET_CLIENT,
                "client_secret": SECRET,
                "ca_bundle": self.keycloak.authority.bundle,
            }
        )

    async def resolve(self, base: str, content: dict[str, Any]) -> OrientationResult:
        """Answer a request from a server, all the way to its verified and ranked offers."""
        async with RorDirectory(self.settings(base)) as directory:
            resolver = Resolver(
                directory=directory,
                nomenclature=Nos(),
                audience=Audience(max_confidentiality=1, sensitive_units=False),
                access_profile=_SEES_EVERYTHING,
            )
            # Without a deadline a request waits for a server that is away for as long as that takes.
            deadline = (datetime.now(UTC) + timedelta(seconds=_PATIENCE_S)).isoformat()
            request = OrientationRequest.model_validate_json(json.dumps({**content, "deadline": deadline}))
            return await resolver.resolve("interop", request, datetime.now(UTC), Counter())

    def ask(self, base: str, path: str, *parameters: tuple[str, str]) -> Answer:
        """Put a query to a server as it is; *path* comes after the base."""
        return self._get(base, self._url(base, path), parameters)

    def ask_all(self, base: str, path: str, *parameters: tuple[str, str]) -> set[str]:
        """Give the ids of all matches, from all pages; the query must be one that the server takes."""
        # HAPI takes its time to write what nobody reads; the look-alike knows no _elements, as the ROR.
        fewer = [("_elements", "identifier")] if base != "lookalike" else []
        answer = self._get(base, self._url(base, path), [*parameters, *fewer])
        found: set[str] = set()
        while True:
            assert answer.status == 200, (base, path, parameters, answer.body)
            found |= answer.ids
            if answer.next is None:
                return found
            answer = self._get(base, answer.next)

    def _url(self, base: str, path: str) -> str:
        root = self.lookalike["base_url"] if base == "lookalike" else self.hapi.base(base)
        return f"{root}/{path}" if path else root

    def _get(self, base: str, url: str, parameters: Sequence[tuple[str, str]] = ()) -> Answer:
        headers = self._headers() if base == "lookalike" else {}
        response = self.http.get(url, params=list(parameters) or None, headers=headers)
        return Answer(response.status_code, response.json())

    def _headers(self) -> dict[str, str]:
        told = self.lookalike
        form = {"grant_type": "client_credentials", "client_id": told["client_id"]}
        form["client_secret"] = told["client_secret"]
        return {
            "Authorization": f"Bearer {self.http.post(told['token_url'], data=form).json()['access_token']}",
            "Ror-Profil-Utilisateur-Code": told["user_profile_code"],
            "Ror-Profil-Utilisateur-System": told["user_profile_system"],
            "Ror-Role-Metier-Code": told["role_code"],
            "Ror-Role-Metier-System": told["role_system"],
        }


def offers_of(result: OrientationResult) -> set[str]:
    """Give the ids of a result's offers."""
    assert result.problem is None, result.problem
    return {one.reference.split("/")[1] for one in result.offers}
