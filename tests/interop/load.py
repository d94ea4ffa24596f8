"""Puts the look-alike's data into a FHIR server, by transactions."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import httpx

from rorbridge.lookalike.resources import Dataset
from tests.interop import searchparameters

Resource = dict[str, Any]

_A_TRANSACTION: Final = 200


def load(base_url: str, dataset: Dataset) -> None:
    """Load the ROR's search parameters, and then the resources, so that those are indexed by them."""
    with httpx.Client(base_url=base_url, timeout=120.0) as http:
        for part in (searchparameters.corrected(), in_order(dataset)):
            for resources in _parts(part):
                response = http.post("", json=transaction(resources))
                assert response.status_code == 200, response.text[:2000]


def transaction(resources: Iterable[Resource]) -> Resource:
    """Give a transaction that puts each resource at its id."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def in_order(dataset: Dataset) -> Iterator[Resource]:
    """Go through the resources in an order in which no reference points to what comes later."""
    yield from sorted(dataset.organizations.values(), key=lambda one: _depth(dataset, one))
    for kind in ("Location", "Practitioner", "HealthcareService", "PractitionerRole"):
        yield from dataset.of_type(kind).values()


def _depth(dataset: Dataset, organization: Resource) -> int:
    depth = 0
    while above := organization.get("partOf", {}).get("reference"):
        organization = dataset.organizations[above.split("/")[1]]
        depth += 1
    return depth


def _parts(resources: Iterable[Resource]) -> Iterator[tuple[Resource, ...]]:
    iterator = iter(resources)
    while part := tuple(islice(iterator, _A_TRANSACTION)):
        yield part
