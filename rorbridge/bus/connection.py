"""How to reach the brokers: settings in the words of aiokafka."""

from typing import Any

from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context

from rorbridge.settings import KafkaSettings

CLIENT_ID = "rorbridge"
"""What our clients call themselves, for quotas and the broker's logs."""


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Give the arguments that every aiokafka client of ours is built with."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "client_id": CLIENT_ID,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol.endswith("SSL"):
        for file in (settings.ca_file, settings.cert_file, settings.key_file):
            if file:
                file.open("rb").close()  # ssl's own error does not say which
        arguments["ssl_context"] = create_ssl_context(
            cafile=_path(settings.ca_file), certfile=_path(settings.cert_file), keyfile=_path(settings.key_file)
        )
    if settings.security_protocol.startswith("SASL") and settings.sasl_password:
        arguments["sasl_mechanism"] = settings.sasl_mechanism
        arguments["sasl_plain_username"] = settings.sasl_username
        arguments["sasl_plain_password"] = settings.sasl_password.get_secret_value()
    return arguments


def in_brief(error: BaseException) -> str:
    """Say what went wrong, for whoever may ask for our health; the text of an error that is none of Kafka's or of the
    network's may hold anything, so that it stands in the log alone."""
    return in_words(error) if isinstance(error, KafkaError | OSError) else type(error).__name__


def in_words(error: BaseException) -> str:
    """Say what went wrong; of a file, which one."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return repr(error)


def _path(file: object) -> str | None:
    return str(file) if file else None
