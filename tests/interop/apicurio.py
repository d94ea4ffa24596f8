"""Apicurio Registry, with its Confluent-compatible API."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from rorbridge.bus.maven import brought, jdk
from tests.interop.process import POMS, running
from tests.support.processes import free_port


@dataclass(frozen=True)
class Apicurio:
    """A running Apicurio."""

    url: str
    """Where its Confluent-compatible API is."""
    http: httpx.Client

    def require(self, subject: str, compatibility: str) -> None:
        """Set which compatibility a subject's next schema must have; the subject has to be there."""
        self.http.put(f"{self.url}/config/{subject}", json={"compatibility": compatibility}).raise_for_status()

    def register(self, subject: str, schema: str) -> httpx.Response:
        """Register a schema as anyone may."""
        return self.http.post(f"{self.url}/subjects/{subject}/versions", json={"schemaType": "JSON", "schema": schema})

    def forget(self, subject: str) -> None:
        """Take a subject away, with its schemas and what is required of them."""
        self.http.delete(f"{self.url}/subjects/{subject}").raise_for_status()

    def latest(self, subject: str) -> dict[str, Any]:
        """Give the newest version of a subject, with its ``id`` and its ``schema``."""
        found: dict[str, Any] = (
            self.http.get(f"{self.url}/subjects/{subject}/versions/latest").raise_for_status().json()
        )
        return found


@contextmanager
def running_apicurio(folder: Path) -> Iterator[Apicurio]:
    """Run Apicurio in *folder*, its schemas in memory. Raises NotToBeHadError where it cannot be had."""
    java = jdk("java")
    [jar] = brought(POMS / "apicurio" / "pom.xml", "apicurio", "unpack").glob("*-runner.jar")
    port = free_port()
    url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
    command = [java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", str(jar)]
    address = {"QUARKUS_HTTP_HOST": "127.0.0.1", "QUARKUS_HTTP_PORT": str(port)}
    with httpx.Client(timeout=30.0, trust_env=False) as http:

        def is_ready() -> bool:
            try:
                return http.get(f"{url}/subjects").status_code == 200
            except httpx.TransportError:
                return False

        with running(command, folder, is_ready, environment={**os.environ, **address}):
            yield Apicurio(url, http)
