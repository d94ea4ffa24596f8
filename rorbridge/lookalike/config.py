"""What can be set about a look-alike."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FHIR_PATH: Final = "/ws-diffusion-fhir"
"""Path of the FHIR base, as on the real hosts (ROR-API 4.1)."""
TOKEN_PATH: Final = "/auth/realms/ror/protocol/openid-connect/token"  # noqa: S105  # a path
"""Path of the token endpoint, as on the real hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one look-alike.

    *token_lifetime_s* and *page_lifetime_s* are seconds. *public_base* is the FHIR base that links and full urls
    carry, for a server behind another name (the real one does that too); None for the host that was called.
    *access_profile* is 0 to 5 (ROR-API 4.3), None for everything. *faults* opens ``/_faults``. *clock* gives seconds
    since 1970; tests put their own in.
    """

    client_id: str = "rorbridge-demo"
    client_secret: str = "rorbridge-demo-secret"  # noqa: S105  # of a server without secrets
    token_lifetime_s: float = 300.0
    page_lifetime_s: float = 300.0
    public_base: str | None = None
    access_profile: int | None = None
    faults: bool = False
    clock: Callable[[], float] = time.time
