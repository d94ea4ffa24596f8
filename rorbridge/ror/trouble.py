"""What went wrong with a connection, in words that say what to look at. They name no secret, no query and no body.

httpx tells next to nothing here: it is the causes of its errors that say what happened.
"""

import asyncio
import ssl
from typing import Final

import aiohttp


def why(error: BaseException, hint: str) -> str:
    """Say what went wrong; *hint* is added when the connection broke without a reason."""
    for one in reversed(chain(error)):
        match one:
            case ssl.SSLError(reason=str(reason)):
                return _tls_trouble(one, reason)
            case aiohttp.ClientConnectorError():
                return f"cannot connect ({one.os_error.strerror or type(one.os_error).__name__})"
            case aiohttp.ConnectionTimeoutError():
                return "cannot connect (no answer)"
            case aiohttp.ServerTimeoutError():
                return "it took too long to answer"
            case _:
                pass
    return f"the connection broke ({type(chain(error)[-1]).__name__}){hint}"


def _tls_trouble(error: ssl.SSLError, reason: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not to be trusted ({error.verify_message}); is RORBRIDGE_ROR__CA_BUNDLE the chain of "
            "IGC-Santé (or of the proxy between), and is this machine's clock right?"
        )
    if reason == "WRONG_VERSION_NUMBER":
        return "it does not speak TLS; is the address one of http, or the port of another service?"
    return f"TLS failed ({reason})"


_REFUSALS: Final = {
    "CERTIFICATE_REQUIRED": "it wants a client certificate; set RORBRIDGE_ROR__CLIENT_CERT",
    "UNKNOWN_CA": (
        "it does not know who signed our client certificate; the sandbox takes those of IGC-Santé Test, production "
        "those of IGC-Santé"
    ),
    "CERTIFICATE_EXPIRED": "it says that our client certificate has expired",
    "CERTIFICATE_REVOKED": "it says that our client certificate was revoked",
    "UNSUPPORTED_CERTIFICATE": "our client certificate is not one for TLS clients; it must be ORG / AUTH_CLI",
    "BAD_CERTIFICATE": "it refused our client certificate",
    "CERTIFICATE_UNKNOWN": "it refused our client certificate",
    "ACCESS_DENIED": "it refused our client certificate",
    "HANDSHAKE_FAILURE": "it refused the handshake; it may want a client certificate, or not take ours",
}
"""TLS alerts (RFC 8446 6.2) that are about who we are, by the end of OpenSSL's name for them."""


def refused_certificate(error: BaseException) -> str | None:
    """Say why our certificate was refused, when a TLS alert says that it was."""
    # aiohttp's own errors are SSLErrors as well, without a reason.
    reasons = [getattr(one, "reason", None) or "" for one in chain(error) if isinstance(one, ssl.SSLError)]
    return next((text for end, text in _REFUSALS.items() for one in reasons if one.endswith(f"ALERT_{end}")), None)


def chain(error: BaseException) -> list[BaseException]:
    """Give an error and its causes, the innermost last; contexts are no causes, but what asyncio cancelled."""
    found = [error]
    while (cause := found[-1].__cause__) is not None and cause not in found:
        if isinstance(cause, asyncio.CancelledError):
            break
        found.append(cause)
    return found
