"""A certificate authority of the session's own, for a server and its clients (RFC 5280, the IGC-Santé in small)."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSWORD = "the password of a client's key"
CLIENT = "rorbridge-mtls"
"""Common name of the certificate that the provider knows."""


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Issues certificates; its own lies in ``ca.pem``."""

    def __init__(self, folder: Path, name: str = "rorbridge interop CA") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        basic = x509.BasicConstraints(ca=True, path_length=0)
        self._certificate = self._signed(self._name, self._key, [basic, _USES_OF_A_CA])
        self.bundle = folder / "ca.pem"
        """What clients and servers trust."""
        self.bundle.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def server(self) -> Pair:
        """Issue the certificate of a server on this machine."""
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(_LOCALHOST)])
        key = ec.generate_private_key(ec.SECP256R1())
        return self._written("server", key, self._signed(_name("localhost"), key, [names, _OF_A_SERVER]))

    def client(self, name: str = CLIENT) -> Pair:
        """Issue the certificate of a client, with its key open."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._written(name, key, self._signed(_name(name), key, [_OF_A_CLIENT]))

    def client_with_password(self) -> tuple[Pair, Path]:
        """Issue one with its key under PASSWORD, as PEM files and as PKCS #12."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(_name(CLIENT), key, [_OF_A_CLIENT])
        locked = BestAvailableEncryption(PASSWORD.encode())
        pair = self._written(f"{CLIENT}-locked", key, certificate)
        pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        bundle = self._folder / "client.p12"
        bundle.write_bytes(pkcs12.serialize_key_and_certificates(None, key, certificate, [self._certificate], locked))
        return pair, bundle

    def _signed(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, extensions: list[x509.ExtensionType]
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())

    def _written(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Pair:
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key.pem")
        pair.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return pair


_LOCALHOST = ipaddress.IPv4Address("127.0.0.1")
_OF_A_SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
_OF_A_CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
_USES_OF_A_CA = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
