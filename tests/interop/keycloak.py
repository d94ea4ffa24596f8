"""Keycloak, the OpenID provider of the ROR, with a realm ``ror`` as the ROR has one (ROR-API 4.2)."""

import os
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from rorbridge.bus.maven import brought, jdk
from tests.interop.certificates import Authority
from tests.interop.process import POMS, running
from tests.support.processes import free_port

REALM: Final = Path(__file__).parent / "data" / "realm-ror.json"
SECRET_CLIENT: Final = "rorbridge-secret"
SECRET: Final = "the secret of the interop realm"
MTLS_CLIENT: Final = "rorbridge-mtls"
BRIEF_CLIENT: Final = "rorbridge-brief"
BRIEF_S: Final = 5
"""Seconds that its tokens live."""


@dataclass(frozen=True)
class Keycloak:
    """A running Keycloak."""

    realm_url: str
    authority: Authority

    @property
    def token_url(self) -> str:
        """Where tokens are asked for, with the path that the ROR has."""
        return f"{self.realm_url}/protocol/openid-connect/token"


@contextmanager
def running_keycloak(folder: Path) -> Iterator[Keycloak]:
    """Run Keycloak in *folder*, on https with a certificate of an authority of its own.

    Raises NotToBeHadError where it cannot be had.
    """
    jdk("java")
    [distribution] = brought(POMS / "keycloak" / "pom.xml", "keycloak", "unpack-dependencies").glob("keycloak-*")
    home = folder / "keycloak"
    shutil.copytree(distribution, home)  # it builds itself anew, in place, for how it is started
    imported = home / "data" / "import"
    imported.mkdir(parents=True)
    shutil.copy(REALM, imported)
    authority = Authority(folder)
    server = authority.server()
    port = free_port()
    options = {
        "db": "dev-mem",
        "cache": "local",
        "http-enabled": "false",
        "http-host": "127.0.0.1",
        "http-port": free_port(),  # its development mode opens one all the same
        "http-relative-path": "/auth",
        "https-port": port,
        "https-certificate-file": server.certificate,
        "https-certificate-key-file": server.key,
        "https-client-auth": "request",  # a certificate is welcome, and not needed by who has a secret
        "truststore-paths": authority.bundle,
        "log-level": "warn",
    }
    command = ["sh", str(home / "bin" / "kc.sh"), "start-dev", "--import-realm"]
    command += [f"--{name}={value}" for name, value in options.items()]
    realm_url = f"https://localhost:{port}/auth/realms/ror"
    trusting = ssl.create_default_context(cafile=str(authority.bundle))

    def is_ready() -> bool:
        try:
            return httpx.get(f"{realm_url}/.well-known/openid-configuration", verify=trusting).status_code == 200
        except httpx.TransportError:
            return False

    quick = {"JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx512m", "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1"}
    with running(command, folder, is_ready, environment={**os.environ, **quick}):
        yield Keycloak(realm_url, authority)
