"""A schema registry on a real socket that keeps schemas, and answers as it is told to.

And what the service makes of one, be it this one or another.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rorbridge.bus.registry import ResultSchema
from rorbridge.settings import SchemaRegistrySettings


@dataclass
class ScriptedRegistry:
    """What it holds, what it was asked, and what it answers in the place of what is due."""

    schemas: dict[str, list[str]] = field(default_factory=dict)
    """The texts under each subject; the ids count over all of them, from 1."""
    asked: list[str] = field(default_factory=list)
    """What each call was: ``find``, ``register`` or ``compare``, and the subject."""
    credentials: set[str | None] = field(default_factory=set)
    answers: dict[str, Response] = field(default_factory=dict)
    """What a kind of call is answered with, instead."""
    is_compatible: bool = True
    takes_s: float = 0

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/subjects/{subject}", self._find, methods=["POST"]),
                Route("/subjects/{subject}/versions", self._register, methods=["POST"]),
                Route("/compatibility/subjects/{subject}/versions/latest", self._compare, methods=["POST"]),
            ]
        )

    async def _told(self, request: Request, kind: str) -> tuple[str, str, Response | None]:
        """Give the subject, the schema, and what is to be answered instead."""
        body: dict[str, Any] = json.loads(await request.body())
        assert body["schemaType"] == "JSON"
        assert request.headers["Content-Type"] == "application/vnd.schemaregistry.v1+json"
        subject: str = request.path_params["subject"]
        self.asked.append(f"{kind} {subject}")
        self.credentials.add(request.headers.get("Authorization"))
        await asyncio.sleep(self.takes_s)
        return subject, body["schema"], self.answers.get(kind)

    async def _find(self, request: Request) -> Response:
        subject, schema, instead = await self._told(request, "find")
        if instead:
            return instead
        if subject not in self.schemas:
            return _absent(40401, f"Subject '{subject}' not found.")
        by_sense = request.query_params.get("normalize") == "true"
        for number, one in enumerate(self.schemas[subject], 1):
            if one == schema or (by_sense and json.loads(one) == json.loads(schema)):
                return JSONResponse({"subject": subject, "version": number, "id": self._id(one), "schema": one})
        return _absent(40403, "Schema not found")

    async def _register(self, request: Request) -> Response:
        subject, schema, instead = await self._told(request, "register")
        if instead:
            return instead
        self.schemas.setdefault(subject, []).append(schema)
        return JSONResponse({"id": self._id(schema)})

    async def _compare(self, request: Request) -> Response:
        subject, _, instead = await self._told(request, "compare")
        if instead:
            return instead
        if subject not in self.schemas:
            return _absent(40402, "Version not found.")
        return JSONResponse({"is_compatible": self.is_compatible})

    def _id(self, schema: str) -> int:
        return [one for some in self.schemas.values() for one in some].index(schema) + 1


def _absent(code: int, message: str) -> Response:
    return JSONResponse({"error_code": code, "message": message}, 404)


async def settled(settings: SchemaRegistrySettings) -> int:
    """Give the id that the service learns for the results of the topic ``results``."""
    schema = ResultSchema(settings, "results")
    async with asyncio.timeout(15):
        await schema.settle(lambda _: None)
    return schema.id


async def what_is_in_the_way(settings: SchemaRegistrySettings) -> str:
    """Give what the service waits for after its first try."""
    told: asyncio.Queue[str] = asyncio.Queue()
    settling = asyncio.create_task(ResultSchema(settings, "results").settle(told.put_nowait))
    async with asyncio.timeout(15):
        assert await told.get() == "the schema registry"
        found = await told.get()
    settling.cancel()
    return found
