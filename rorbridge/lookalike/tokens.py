"""Access tokens: JWTs signed with a key that lives as long as the process (OAuth2 client credentials, ROR-API 4.2)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable

import msgspec


class Tokens:
    """Issues and checks tokens that are valid for *lifetime* seconds on *clock*."""

    def __init__(self, lifetime: float, clock: Callable[[], float]) -> None:
        self.lifetime = lifetime
        """Seconds that a token is valid for."""
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def issue(self, client_id: str) -> str:
        """Give a new token for a client."""
        now = self._clock()
        claims = {"iat": now, "exp": now + self.lifetime, "azp": client_id, "jti": secrets.token_hex(8)}
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def is_valid(self, token: str) -> bool:
        """Whether *token* was issued here and has not expired."""
        signed, _, signature = token.rpartition(".")
        if not signed or not signature.isascii() or not hmac.compare_digest(signature, self._signature(signed)):
            return False
        claims = signed.partition(".")[2]
        decoded = msgspec.json.decode(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)), type=_Claims)
        return decoded.exp > self._clock()

    def _signature(self, signed: str) -> str:
        return _encode(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())


class _Claims(msgspec.Struct):
    exp: float


def _part(content: dict[str, object]) -> str:
    return _encode(msgspec.json.encode(content))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
