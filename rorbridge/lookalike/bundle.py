"""Writing searchset Bundles. Resources are encoded once and joined as bytes: a page may hold over 1,000 of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from uuid import uuid4

import msgspec

from rorbridge.lookalike.access import Access
from rorbridge.lookalike.codes import DISTANCE
from rorbridge.lookalike.outcome import NotFoundError
from rorbridge.lookalike.search.catalog import Catalog
from rorbridge.lookalike.search.engine import Found
from rorbridge.lookalike.search.includes import Key, included
from rorbridge.lookalike.search.near import Circle, distance, position

_ENCODED_AT_MOST = 40_000
"""Resources whose bytes are kept, about 4 kB each."""


@dataclass(frozen=True, slots=True)
class Links:
    """Urls of a page: the base that full urls begin with, the page itself, the page after it or None."""

    base: str
    own: str
    following: str | None


class Writer:
    """Writes the resources of a catalog as one access profile sees them, or in full without one."""

    def __init__(self, catalog: Catalog, access: Access | None = None) -> None:
        self._catalog = catalog
        self._access = access
        self._encode = lru_cache(maxsize=_ENCODED_AT_MOST)(self._encode_now)

    def resource(self, resource_type: str, resource_id: str) -> bytes:
        """Give a resource as JSON. NotFoundError when it does not exist or may not be seen."""
        encoded = self._encode(resource_type, resource_id)
        if encoded is None:
            message = f"La ressource {resource_type}/{resource_id} n'existe pas"
            raise NotFoundError(message)
        return encoded

    def page(self, found: Found, offset: int, count: int, links: Links) -> bytes:
        """Give the page of *count* matches from *offset* on, with what comes along, as the JSON of a Bundle."""
        matches = [(found.resource_type, one) for one in found.ids[offset : offset + count]]
        entries = self._entries(matches, b"match", found.circle, links.base)
        entries += self._entries(included(self._catalog, matches, found.includes), b"include", found.circle, links.base)
        link = [{"relation": "self", "url": links.own}]
        if links.following:
            link.append({"relation": "next", "url": links.following})
        head = msgspec.json.encode(
            {
                "resourceType": "Bundle",
                "id": str(uuid4()),
                "meta": {"lastUpdated": datetime.now(UTC).isoformat(timespec="milliseconds")},
                "type": "searchset",
                "total": len(found.ids),
                "link": link,
            }
        )
        # FHIR has no empty lists: a page without entries has no element of that name.
        return head[:-1] + b',"entry":[' + b",".join(entries) + b"]}" if entries else head

    def _entries(self, keys: Iterable[Key], mode: bytes, circle: Circle | None, base: str) -> list[bytes]:
        start = b'{"fullUrl":' + msgspec.json.encode(base)[:-1] + b"/"
        entries = []
        for resource_type, resource_id in keys:
            encoded = self._encode(resource_type, resource_id)
            if encoded is None:
                continue
            told = self._distance(resource_id, circle) if circle and resource_type == "Location" else b""
            url = f"{resource_type}/{resource_id}".encode()
            parts = (start, url, b'","resource":', encoded, b',"search":{', told, b'"mode":"', mode, b'"}}')
            entries.append(b"".join(parts))
        return entries

    def _distance(self, location_id: str, circle: Circle) -> bytes:
        """Give the extension with the distance in km from the circle's centre, inside it or not (ROR-API 2.8)."""
        where = position(self._catalog.dataset.locations[location_id])
        if where is None:
            return b""
        far = round(distance(circle.latitude, circle.longitude, *where), 3)
        extension = {"url": DISTANCE, "valueDistance": {"value": far, "unit": "km"}}
        return b'"extension":' + msgspec.json.encode([extension]) + b","

    def _encode_now(self, resource_type: str, resource_id: str) -> bytes | None:
        resource = self._catalog.dataset.of_type(resource_type).get(resource_id)
        if resource is not None and self._access:
            resource = self._access.show(resource)
        return None if resource is None else msgspec.json.encode(resource)
