"""A private CA and servers with TLS on real sockets; the ROR's token endpoint with mutual TLS (ROR-API 4.2)."""

import asyncio
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.support.http import Handler, Ror, served

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_TOKEN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 46\r\nConnection: close\r\n\r\n"
    b'{"access_token": "token-1", "expires_in": 300}'
)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    common_name: str
    certificate: x509.Certificate
    key: Key
    issuer: x509.Certificate

    def write_pem(self, folder: Path, password: bytes | None = None) -> tuple[Path, Path]:
        """Write the certificate with its chain, and the key as PKCS8, encrypted if there is a password."""
        certificate, key = folder / f"{self.common_name}.crt", folder / f"{self.common_name}.key"
        certificate.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in (self.certificate, self.issuer)))
        encryption: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        return certificate, key

    def write_p12(self, folder: Path, password: bytes) -> Path:
        """Write certificate, chain and key as one PKCS12 file."""
        path = folder / f"{self.common_name}.p12"
        name, encryption = self.common_name.encode(), BestAvailableEncryption(password)
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(name, self.key, self.certificate, [self.issuer], encryption)
        )
        return path


class Authority:
    """A private CA, in memory."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        self._certificate = (
            _builder(name, name, self._key.public_key(), now - timedelta(days=3650), now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(ca=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, SHA256())
        )

    @property
    def pem(self) -> bytes:
        """The CA's certificate."""
        return self._certificate.public_bytes(Encoding.PEM)

    def write(self, folder: Path) -> Path:
        """Write the CA's certificate."""
        path = folder / f"{self.name}.pem"
        path.write_bytes(self.pem)
        return path

    def issue(
        self,
        common_name: str,
        *,
        client: bool,
        hosts: Iterable[str] = ("localhost", "127.0.0.1"),
        days: float = 30,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        key: Key | None = None,
    ) -> Identity:
        """Issue a certificate of a client or of a server. Negative *days*: it expired so many days ago."""
        now = datetime.now(UTC)
        end = not_after or now + timedelta(days=days)
        start = not_before or min(now, end) - timedelta(days=1)
        key = key or ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = (
            _builder(common_name, self.name, key.public_key(), start, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if not client:
            builder = builder.add_extension(x509.SubjectAlternativeName(_names(hosts)), critical=False)
        return Identity(common_name, builder.sign(self._key, SHA256()), key, self._certificate)


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    """Python 3.13 verifies strictly (RFC 5280): a CA without its key usage is refused there."""
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


class _PeerProtocol(H11Protocol):
    """Uvicorn's protocol, that also shows the client's certificate: as request.state.client_certificate."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in H11Protocol
        super().connection_made(transport)
        self.app_state = {**self.app_state, "client_certificate": transport.get_extra_info("peercert")}


def client_name(request: Request) -> str | None:
    """Give the common name in the client certificate, if one came."""
    subject = (request.state.client_certificate or {}).get("subject", ())
    return next((value for part in subject for name, value in part if name == "commonName"), None)


@asynccontextmanager
async def tls_server(
    app: ASGIApp,
    server: Identity,
    *,
    clients: Authority | None = None,
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
) -> AsyncIterator[str]:
    """Serve *app* with TLS and give its base URL; with *clients*, only to who has a certificate of theirs.

    It hangs up on the others without a word; tls_gate tells them why.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        certificate, key = server.write_pem(folder)
        async with served(
            app,
            newest_tls=newest,
            http=_PeerProtocol,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            ssl_ca_certs=clients.write(folder) if clients else None,
            ssl_cert_reqs=ssl.CERT_REQUIRED if clients else ssl.CERT_NONE,
        ) as port:
            yield f"https://127.0.0.1:{port}"


@asynccontextmanager
async def mtls_ror(search: Handler, *, server: Identity, clients: Authority, known: set[str]) -> AsyncIterator[Ror]:
    """Serve a scripted ROR whose token endpoint takes no certificates but those whose common name is *known*."""
    ror = Ror(search)

    async def token(request: Request) -> Response:
        if client_name(request) in known:
            return await ror.token(request)
        ror.token_requests.append(await request.body())
        return JSONResponse({"error": "invalid_client", "error_description": "unknown client certificate"}, 401)

    tokens = Starlette(routes=[Route("/token", token, methods=["POST"])])
    # Two ports: the FHIR endpoints ask for no client certificate.
    async with (
        tls_server(tokens, server, clients=clients) as tokens_at,
        tls_server(Starlette(routes=ror.fhir_routes()), server) as fhir_at,
    ):
        ror.base_url, ror.token_url = f"{fhir_at}/ws", f"{tokens_at}/token"
        yield ror


@asynccontextmanager
async def tls_gate(
    server: Identity, *, clients: Authority, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
) -> AsyncIterator[str]:
    """Serve a token to who has a certificate of *clients*, and refuse the others with a TLS alert.

    That is what servers in the field do, and what asyncio does not: it drops the alert (Python 3.11, and uvloop).
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=clients.pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = newest
    with TemporaryDirectory() as name:
        context.load_cert_chain(*server.write_pem(Path(name)))
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        keeping = asyncio.create_task(asyncio.to_thread(_keep_gate, listener, context, over))
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            await keeping


def _keep_gate(listener: socket.socket, context: ssl.SSLContext, over: threading.Event) -> None:
    while not over.is_set():
        try:
            plain, _ = listener.accept()
        except TimeoutError:
            continue
        with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as peer, suppress(OSError):
            try:
                _handshake(peer)
                peer.recv(65536)
                peer.sendall(_TOKEN)
            finally:
                # To close with bytes unread is a reset, and it may overtake what was sent.
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):
                    pass


def _handshake(peer: ssl.SSLSocket) -> None:
    """Shake hands with pauses: under TLS 1.3 the client's request is then always on its way when it is refused."""
    peer.setblocking(False)
    try:
        for _ in range(100):
            with suppress(ssl.SSLWantReadError):
                return peer.do_handshake()
            time.sleep(0.02)
        raise TimeoutError
    finally:
        peer.settimeout(1)
