"""Every knob of the service: from the environment, or the same tree in a TOML file.

``RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS`` is ``kafka.bootstrap_servers``; with ``_FILE`` appended, a variable names a file
that holds the value, for secrets. The environment wins over the file.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    HttpUrl,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

PREFIX = "RORBRIDGE_"
"""How the variables of settings begin."""
_FILE = "_FILE"

Seconds = Annotated[float, Field(gt=0, le=3600)]
"""More than none, an hour at the most."""

# The text below a setting is its meaning in docs/settings.md (`make schemas`); a quantity begins with its unit.


class SettingsError(ValueError):
    """A setting that is missing, wrong or unknown; the text is one line that names it."""


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(_Group):
    """Where the topics are and how they are worked."""

    bootstrap_servers: str = Field(min_length=1)
    """Brokers to begin with, as ``host:port``, separated by commas."""
    group_id: str = Field(default="rorbridge", min_length=1)
    """The consumer group; transactional ids begin with it."""
    requests_topic: str = "ror.orientation.requests"
    """Where requests are read."""
    results_topic: str = "ror.orientation.results"
    """Where results are published."""
    dead_letter_topic: str = "ror.orientation.requests.dlt"
    """Where dead letters go: what was no event, was rejected or failed."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How to connect."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    """How to prove who we are, where ``security_protocol`` begins with SASL."""
    sasl_username: str | None = None
    """Required with SASL."""
    sasl_password: SecretStr | None = None
    """Required with SASL."""
    ca_file: Path | None = None
    """PEM with the authorities to trust for the brokers; the system's when there is none."""
    cert_file: Path | None = None
    """PEM with our certificate for the brokers."""
    key_file: Path | None = None
    """PEM with its key."""
    delivery: Literal["exactly-once", "at-least-once"] = "exactly-once"
    """Whether answers and position are committed in one transaction, or the answers first."""
    window: int = Field(default=100, ge=1, le=10_000)
    """Records of one partition that are worked on at the same time."""
    drain_timeout: Seconds = 20.0
    """Seconds to finish what is in hand when a partition is taken away or the service stops."""

    @property
    def topics(self) -> tuple[str, str, str]:
        """The three topics: requests, results, dead letters."""
        return self.requests_topic, self.results_topic, self.dead_letter_topic

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (self.sasl_username and self.sasl_password):
            raise PydanticCustomError(
                "sasl",
                "{p} needs RORBRIDGE_KAFKA__SASL_USERNAME and RORBRIDGE_KAFKA__SASL_PASSWORD",
                {"p": self.security_protocol},
            )
        return self


ENVIRONMENTS: Final = {
    "sandbox": {
        "base_url": "https://bas-api-fhir.qualif.ror.esante.gouv.fr/ws-diffusion-fhir",
        "token_url": "https://bas-auth-api.qualif.ror.esante.gouv.fr/auth/realms/ror/protocol/openid-connect/token",
    },
    "production": {
        "base_url": "https://api-fhir.ror.esante.gouv.fr/ws-diffusion-fhir",
        "token_url": "https://auth-api.ror.esante.gouv.fr/auth/realms/ror/protocol/openid-connect/token",
    },
}
"""The addresses that the ANS documents (ROR-API 4.1)."""

LOCAL_HOSTS: Final = {"localhost", "127.0.0.1", "[::1]"}
"""Where plain HTTP leaves no machine."""

PKCS12_SUFFIXES: Final = {".p12", ".pfx"}
"""Endings of files that hold certificate and key together."""


class RorSettings(_Group):
    """The ROR and who we are to it; the values come from the ANS with the contract."""

    base_url: HttpUrl
    """FHIR base of the ROR; required unless ``environment`` fills it in."""
    token_url: HttpUrl
    """Its token endpoint; required unless ``environment`` fills it in."""
    environment: Literal["sandbox", "production"] | None = None
    """Fills ``base_url`` and ``token_url`` with the documented ones, unless they are given."""
    client_id: str = Field(min_length=1)
    """Who we are at the token endpoint."""
    client_secret: SecretStr | None = None
    """For access profile 0; all others show a certificate."""
    client_cert: Path | None = None
    """PEM with the certificate, what it is signed by, and the key unless ``client_key`` has it; or a .p12 or .pfx."""
    client_key: Path | None = None
    """PEM with the key, where ``client_cert`` does not hold it."""
    client_key_password: SecretStr | None = None
    """Password of the key, or of the .p12 or .pfx."""
    ca_bundle: Path | None = None
    """PEM with the authorities to trust for the ROR, in place of the system's."""
    user_profile_code: str = Field(min_length=1)
    """The header ``Ror-Profil-Utilisateur-Code``."""
    user_profile_system: str = Field(min_length=1)
    """The header ``Ror-Profil-Utilisateur-System``."""
    role_code: str = Field(min_length=1)
    """The header ``Ror-Role-Metier-Code``."""
    role_system: str = Field(min_length=1)
    """The header ``Ror-Role-Metier-System``."""
    access_profile: int = Field(default=0, ge=0, le=5)
    """The access profile of the ANS's letter: what we can see, and so what counts as ``notVisible``."""
    max_concurrency: int = Field(default=32, ge=1, le=1000)
    """Calls that the ROR has from us at the same time."""
    max_rate: float | None = Field(default=None, gt=0, le=10_000)
    """Calls a second, evenly spaced; without a value as many as come."""
    timeout: Seconds = 30.0
    """Seconds for all calls of a search together once its turn has come, unless its deadline comes first."""
    cache_ttl: float = Field(default=60.0, ge=0, le=3600)
    """Seconds for which an answer serves equal searches; 0 asks each time."""
    capacity_cache_ttl: float = Field(default=10.0, ge=0, le=3600)
    """Seconds for the same, where free beds or places are asked for."""

    @model_validator(mode="before")
    @classmethod
    def _addresses(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        return {**ENVIRONMENTS.get(str(given.get("environment")), {}), **given}

    @field_validator("user_profile_code", "user_profile_system", "role_code", "role_system")
    @classmethod
    def _fit_for_a_header(cls, value: str) -> str:
        if not value.isascii() or not value.isprintable():
            raise PydanticCustomError("header", "it travels in an HTTP header and may hold printable ASCII alone")
        return value

    @model_validator(mode="after")
    def _one_way_to_prove_who_we_are(self) -> Self:
        if bool(self.client_secret) == bool(self.client_cert):
            raise PydanticCustomError(
                "who",
                "one of RORBRIDGE_ROR__CLIENT_SECRET (access profile 0) and RORBRIDGE_ROR__CLIENT_CERT is required, "
                "and not both",
            )
        for url in (self.base_url, self.token_url):
            if self.environment and url.scheme != "https" and url.host not in LOCAL_HOSTS:
                raise PydanticCustomError("https", "the addresses of {e} are https", {"e": self.environment})
        if self.client_secret and self.environment and self.access_profile:
            raise PydanticCustomError(
                "mtls",
                "access profile {p} needs RORBRIDGE_ROR__CLIENT_CERT: the ANS takes a secret for profile 0 alone",
                {"p": self.access_profile},
            )
        return self


class SchemaRegistrySettings(_Group):
    """The schema registry that results are published by; without one they are plain JSON."""

    url: HttpUrl | None = None
    """Root of the Confluent-compatible API; Apicurio's ends with ``/apis/ccompat/v7``."""
    username: str | None = None
    """For HTTP basic authentication; at Confluent Cloud the API key."""
    password: SecretStr | None = None
    """Goes with it; at Confluent Cloud the secret of the API key."""
    ca_file: FilePath | None = None
    """PEM with the authorities to trust for the registry, in place of the system's."""
    auto_register: bool = True
    """Whether the schema of results may be registered where it is not there yet."""

    @field_validator("url")
    @classmethod
    def _nothing_but_an_address(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url and (url.username or url.password or url.query or url.fragment):
            raise PydanticCustomError(
                "address", "an address alone, without ? or #; username and password are settings of their own"
            )
        return url

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.url is None and self.model_fields_set:
            raise PydanticCustomError("url", "it needs RORBRIDGE_SCHEMA_REGISTRY__URL")
        if bool(self.username) != bool(self.password):
            raise PydanticCustomError("who", "username and password go together")
        return self


class AudienceSettings(_Group):
    """Who may read the results topic."""

    max_confidentiality: int = Field(default=1, ge=1, le=3)
    """The most confidential level that readers of the results may see: 1 free, 2 restricted, 3 very restricted."""
    sensitive_units: bool = False
    """Whether they may know of sensitive units."""


class HttpSettings(_Group):
    """The service's own endpoints: ``/livez``, ``/readyz``, ``/metrics``."""

    host: str = "127.0.0.1"
    """Address to listen on; ``0.0.0.0`` in a container."""
    port: int = Field(default=8080, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""


class LogSettings(_Group):
    """What is logged, and how it looks."""

    format: Literal["json", "console"] = "json"
    """One JSON object a line, or lines for people."""
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least that is logged."""


class Settings(_Group):
    """All settings of the service."""

    kafka: KafkaSettings
    ror: RorSettings
    schema_registry: SchemaRegistrySettings = Field(default_factory=SchemaRegistrySettings)
    audience: AudienceSettings = Field(default_factory=AudienceSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    log: LogSettings = Field(default_factory=LogSettings)


class ClientSettings(BaseModel):
    """What a command needs that only talks to Kafka; the rest may be there."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kafka: KafkaSettings
    log: LogSettings = Field(default_factory=LogSettings)


Model = TypeVar("Model", bound=BaseModel)


def load(model: type[Model], config: Path | None = None, environment: Mapping[str, str] = os.environ) -> Model:
    """Read settings from *environment* over the TOML file *config*. Raises SettingsError.

    Own code instead of pydantic-settings, which passes over variables that it does not know and has no ``_FILE``.
    """
    tree = _toml(config) if config else {}
    for name, field in model.model_fields.items():
        if field.is_required():  # so that all that is missing in it is told, at once
            tree.setdefault(name, {})
    for name, value in sorted(environment.items()):
        if name.startswith(PREFIX):
            _put(tree, name, value)
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise SettingsError("; ".join(_line(one["loc"], one["type"], one["msg"]) for one in error.errors())) from None


def _toml(config: Path) -> dict[str, Any]:
    try:
        tree = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"--config {config}: {_why(error)}") from None
    for name in Settings.model_fields:
        if not isinstance(tree.get(name, {}), dict):
            raise SettingsError(f"--config {config}: {name} is a table of settings: [{name}]")
    return tree


def _why(error: Exception) -> str:
    """Give what went wrong with a file, without the number that the system has for it."""
    return getattr(error, "strerror", None) or str(error)


def _put(tree: dict[str, Any], name: str, value: str) -> None:
    """Put a variable where its name says, reading the file that a ``_FILE`` names.

    A name that is a setting as it stands, such as ``…__CA_FILE``, is that setting.
    """
    path = name.removeprefix(PREFIX).lower().split("__")
    if name.endswith(_FILE) and path not in _known(Settings):
        path[-1] = path[-1].removesuffix(_FILE.lower())
        try:
            value = Path(value).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}: {value}: {_why(error)}") from None
    if path not in _known(Settings):
        raise SettingsError(f"{name}: there is no such setting{_nearest(path)}")
    group = tree
    for step in path[:-1]:
        group = group.setdefault(step, {})
    group[path[-1]] = value


def _known(model: type[BaseModel]) -> list[list[str]]:
    """List the paths of all settings."""
    paths: list[list[str]] = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            paths += [[name, *rest] for rest in _known(field.annotation)]
        else:
            paths.append([name])
    return paths


def _variable(path: Iterable[int | str]) -> str:
    return PREFIX + "__".join(str(step).upper() for step in path)


def _nearest(path: list[str]) -> str:
    close = difflib.get_close_matches(_variable(path), map(_variable, _known(Settings)), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _line(location: tuple[int | str, ...], kind: str, message: str) -> str:
    if kind == "missing":
        return f"{_variable(location)} is required"
    if kind == "extra_forbidden":
        return f"{_variable(location)}: there is no such setting{_nearest([str(step) for step in location])}"
    return f"{_variable(location)}: {message}"
