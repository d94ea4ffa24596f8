"""Certificates of the session, as files: a server's and its clients', of an authority of its own."""

from dataclasses import dataclass
from pathlib import Path

from tests.support import tls

PASSWORD = "the password of a client's key"
CLIENT = "rorbridge-mtls"
"""Common name of the certificate that the provider knows."""


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Issues certificates; its own lies in ``bundle``."""

    def __init__(self, folder: Path, name: str = "rorbridge-interop-ca") -> None:
        self._folder = folder
        self._authority = tls.Authority(name)
        self.bundle = self._authority.write(folder)
        """What clients and servers trust."""

    def server(self) -> Pair:
        """Issue the certificate of a server on this machine."""
        return Pair(*self._authority.issue("localhost", client=False).write_pem(self._folder))

    def client(self, name: str = CLIENT) -> Pair:
        """Issue the certificate of a client, with its key open."""
        return Pair(*self._authority.issue(name, client=True).write_pem(self._folder))

    def client_with_password(self) -> tuple[Pair, Path]:
        """Issue one with its key under PASSWORD, as PEM files and as PKCS #12."""
        issued, password = self._authority.issue(CLIENT, client=True), PASSWORD.encode()
        folder = self._folder / "locked"
        folder.mkdir(exist_ok=True)
        return Pair(*issued.write_pem(folder, password)), issued.write_p12(folder, password)
