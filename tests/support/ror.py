"""Settings that lead to a ROR of the tests, as an object and as environment variables; and a question."""

from typing import Protocol

from rorbridge.events.request import OrientationRequest
from rorbridge.lookalike.config import Config
from rorbridge.orientation.directory import Question
from rorbridge.settings import RorSettings

SECRET = "the secret that nobody may see"


class Served(Protocol):
    """A ROR that has addresses."""

    @property
    def base_url(self) -> str: ...

    @property
    def token_url(self) -> str: ...


def _values(ror: Served, changes: dict[str, object]) -> dict[str, object]:
    values = {
        "base_url": ror.base_url,
        "token_url": ror.token_url,
        "client_id": "us",
        "client_secret": SECRET,
        "user_profile_code": "CU20",
        "user_profile_system": "1.2.250.1.213.1.6.1.66",
        "role_code": "AUTOMATE",
        "role_system": "1.2.250.1.213.1.1.4.6",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def ror_settings(ror: Served, **changes: object) -> RorSettings:
    """Give the settings that lead to *ror*; those that are None are left out."""
    return RorSettings.model_validate(_values(ror, changes))


def ror_environment(ror: Served, **changes: object) -> dict[str, str]:
    """Give the same as environment variables of a service."""
    return {f"RORBRIDGE_ROR__{name.upper()}": str(value) for name, value in _values(ror, changes).items()}


def lookalike_environment(ror: Served, config: Config, access_profile: int) -> dict[str, str]:
    """Give the environment variables that lead to a look-alike in this process."""
    client = {"client_id": config.client_id, "client_secret": config.client_secret}
    return ror_environment(ror, **client, access_profile=access_profile)


def question(radius_km: float = 5.0, need: str = '{"activity": ["013", "014"]}') -> Question:
    """Give a question around a point; different radii make different questions."""
    where = '{"near": {"latitude": 47.2, "longitude": -1.6}, "radiusKm": 5}'
    request = OrientationRequest.model_validate_json(f'{{"need": {need}, "where": {where}}}')
    return Question(request.need, request.where, radius_km)
