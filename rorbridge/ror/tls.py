"""TLS to the ROR: whom we trust, and the certificate that says who we are (ROR-API 4.1, 4.2).

The files are read again when they change, so that a certificate is renewed without a restart. What cannot be read then,
such as a new certificate whose key is not there yet, is told and tried again; what was read before goes on being used.
"""

import os
import secrets
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from structlog.stdlib import get_logger

from rorbridge.settings import PKCS12_SUFFIXES, RorSettings
from rorbridge.telemetry import metrics

log = get_logger(__name__)

WARN_BEFORE: Final = timedelta(days=30)
"""From when on an end of the client certificate is warned of."""
_WARN_EVERY: Final = timedelta(hours=12)


Key = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
"""Keys that sign TLS handshakes."""


class CertificateError(ValueError):
    """Certificate, key or CA bundle cannot be used; the text names the setting and what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A client certificate with its key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    """What the certificate is signed by, as far as the file has it."""
    key: Key

    @property
    def subject(self) -> str:
        """The certificate's subject (RFC 4514). For the operator's eyes alone, not for logs."""
        return self.certificate.subject.rfc4514_string()

    @property
    def not_after(self) -> datetime:
        """When the certificate ends."""
        return self.certificate.not_valid_after_utc

    def refusal(self, now: datetime) -> str | None:
        """Say why nobody will take this certificate at *now*; None when it is within its time."""
        if now > self.not_after:
            return f"our client certificate expired on {self.not_after:%Y-%m-%d}; renew RORBRIDGE_ROR__CLIENT_CERT"
        if now < self.certificate.not_valid_before_utc:
            begin = self.certificate.not_valid_before_utc
            return f"our client certificate is not valid before {begin:%Y-%m-%d %H:%M}Z; is this machine's clock right?"
        return None


class Tls:
    """The TLS contexts of one ROR client."""

    def __init__(self, settings: RorSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Read the files. Raises CertificateError."""
        self._settings = settings
        self._now = now
        self._read_at = _versions(settings)
        self._warned_at: datetime | None = None
        self.public = _context(settings.ca_bundle)
        """For the FHIR calls, which show no certificate."""
        self.identity = _identity(settings)
        """Who we are; None with a secret."""
        self.with_certificate = _with_certificate(settings, self.identity)
        """For the token endpoint; another one after each change, which ``version`` counts."""
        self.version = 0
        self._show_expiry()

    def refresh(self) -> None:
        """Read the files again if they changed.

        Authorities that were added to the bundle count for the FHIR calls from here on; removed ones with a restart.
        """
        self._warn_of_expiry()
        versions = _versions(self._settings)
        if versions == self._read_at:
            return
        try:
            identity = _identity(self._settings)
            with_certificate = _with_certificate(self._settings, identity)
            if self._settings.ca_bundle:
                self.public.load_verify_locations(cafile=self._settings.ca_bundle)
        except (CertificateError, OSError) as error:  # ssl.SSLError is an OSError
            hint = "the former ones are used until this is mended"
            log.warning("certificates-unreadable", error=str(error), hint=hint)
            return
        self.identity, self.with_certificate = identity, with_certificate
        self.version, self._read_at, self._warned_at = self.version + 1, versions, None
        self._show_expiry()
        log.info("certificates-reloaded", client_certificate_until=_day(identity))
        self._warn_of_expiry()

    def _show_expiry(self) -> None:
        if self.identity:
            not_after = self.identity.not_after
            metrics.CERTIFICATE_EXPIRY_DAYS.set_function(lambda: (not_after - self._now()) / timedelta(days=1))

    def _warn_of_expiry(self) -> None:
        now = self._now()
        if self.identity is None or now < self.identity.not_after - WARN_BEFORE:
            return
        if self._warned_at is None or now - self._warned_at >= _WARN_EVERY:
            self._warned_at = now
            days = (self.identity.not_after - now) // timedelta(days=1)
            log.warning("client-certificate-expires", days=days, until=_day(self.identity))


def _day(identity: Identity | None) -> str | None:
    return f"{identity.not_after:%Y-%m-%d}" if identity else None


def _files(settings: RorSettings) -> list[Path]:
    return [one for one in (settings.client_cert, settings.client_key, settings.ca_bundle) if one]


def _versions(settings: RorSettings) -> list[tuple[int, int, int] | None]:
    """Give what changes when a file does; a mounted secret changes by its links, so they are followed."""
    found: list[tuple[int, int, int] | None] = []
    for one in _files(settings):
        try:
            state = one.stat()
        except OSError:
            found.append(None)
        else:
            found.append((state.st_mtime_ns, state.st_size, state.st_ino))
    return found


def _context(ca_bundle: Path | None) -> ssl.SSLContext:
    """Make a context that trusts *ca_bundle*, else what the system trusts; TLS 1.2 at the least."""
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise CertificateError(f"RORBRIDGE_ROR__CA_BUNDLE {ca_bundle}: {_reason(error)}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _with_certificate(settings: RorSettings, identity: Identity | None) -> ssl.SSLContext:
    context = _context(settings.ca_bundle)
    if identity:
        try:
            _load(context, identity)
        except ssl.SSLError as error:
            raise CertificateError(
                f"RORBRIDGE_ROR__CLIENT_CERT {settings.client_cert}: OpenSSL does not take it ({error.reason})"
            ) from None
    return context


def _identity(settings: RorSettings) -> Identity | None:
    if settings.client_cert is None:
        return None
    password = settings.client_key_password.get_secret_value().encode() if settings.client_key_password else None
    found = (
        _from_pkcs12(settings.client_cert, password)
        if settings.client_cert.suffix.lower() in PKCS12_SUFFIXES
        else _from_pem(settings.client_cert, settings.client_key or settings.client_cert, password)
    )
    if found.certificate.public_key() != found.key.public_key():
        raise CertificateError(
            "RORBRIDGE_ROR__CLIENT_KEY does not belong to RORBRIDGE_ROR__CLIENT_CERT: their public keys differ"
        )
    return found


def _from_pkcs12(path: Path, password: bytes | None) -> Identity:
    where = f"RORBRIDGE_ROR__CLIENT_CERT {path}"
    try:
        key, certificate, chain = pkcs12.load_key_and_certificates(_read(path, "CLIENT_CERT"), password)
    except (ValueError, TypeError) as error:
        raise CertificateError(f"{where}: {error}; is RORBRIDGE_ROR__CLIENT_KEY_PASSWORD right?") from None
    if certificate is None or key is None:
        raise CertificateError(f"{where}: it holds no certificate with its key")
    return Identity(certificate, tuple(chain), _fit(key, where))


def _from_pem(cert: Path, key_path: Path, password: bytes | None) -> Identity:
    try:
        certificate, *chain = x509.load_pem_x509_certificates(_read(cert, "CLIENT_CERT"))
    except ValueError as error:
        raise CertificateError(f"RORBRIDGE_ROR__CLIENT_CERT {cert}: no certificate in PEM: {error}") from None
    raw = _read(key_path, "CLIENT_KEY")
    if b"PRIVATE KEY-----" not in raw:
        raise CertificateError(f"RORBRIDGE_ROR__CLIENT_KEY is required: there is no key in PEM in {key_path}")
    try:
        key = load_pem_private_key(raw, password if b"ENCRYPTED" in raw else None)
    except (ValueError, TypeError) as error:
        raise CertificateError(
            f"RORBRIDGE_ROR__CLIENT_KEY {key_path}: {error}; is RORBRIDGE_ROR__CLIENT_KEY_PASSWORD right?"
        ) from None
    return Identity(certificate, tuple(chain), _fit(key, f"RORBRIDGE_ROR__CLIENT_KEY {key_path}"))


def _fit(key: object, where: str) -> Key:
    if not isinstance(key, Key):
        raise CertificateError(f"{where}: a key of this kind is not used with TLS; RSA, EC or Ed25519 is")
    return key


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(f"RORBRIDGE_ROR__{setting} {path}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    """Give the identity to *context*; Python's ssl takes it from a file alone, so the key is encrypted on its way."""
    password = secrets.token_hex(32)
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in (identity.certificate, *identity.chain))
    pem += identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode()))
    if hasattr(os, "memfd_create"):  # in memory: a container may have no place to write to
        file = os.memfd_create("rorbridge")
        try:
            os.write(file, pem)
            context.load_cert_chain(f"/proc/self/fd/{file}", password=password)
        finally:
            os.close(file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "identity.pem"
        path.write_bytes(pem)
        context.load_cert_chain(path, password=password)
