"""Faults on demand: what a client must live with, made to happen when a test asks for it."""

import random
from typing import Literal

import msgspec

Kind = Literal["410", "429", "500", "503", "truncated", "closed", "not-json", "token-refused", "token-expired"]
"""What goes wrong: a page that is no longer kept, throttling, an OperationOutcome, a gateway's HTML page, half a body,
a socket that is closed in the midst of one,
a body that is no JSON, the token endpoint that refuses (401), and a FHIR call whose valid token is treated as expired
(401)."""

TOKEN_KINDS = frozenset({"token-refused"})
"""Kinds that happen to calls of the token endpoint; all others happen to FHIR calls."""


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """One fault: for the *next* so many calls, or for any call with a *probability* (0 to 1).

    Only calls whose path and query contain *where* count. *retry_after_s* is told with a 429.
    """

    fault: Kind
    next: int | None = None
    probability: float | None = None
    where: str = ""
    retry_after_s: int = 1

    def __post_init__(self) -> None:
        if (self.next is None) == (self.probability is None):
            message = "a rule needs either `next` or `probability`"
            raise ValueError(message)
        if self.next is not None and self.next < 1:
            message = "`next` must be at least 1"
            raise ValueError(message)
        if self.probability is not None and not 0 <= self.probability <= 1:
            message = "`probability` must be between 0 and 1"
            raise ValueError(message)


class Plan(msgspec.Struct, forbid_unknown_fields=True):
    """All that is to go wrong: *latency_ms*, fixed or between two bounds, and rules, of which the first that fits acts.

    *seed* makes the chances of rules and latency repeatable.
    """

    latency_ms: float | tuple[float, float] = 0.0
    rules: list[Rule] = []
    seed: int | None = None

    def __post_init__(self) -> None:
        bounds = self.latency_ms if isinstance(self.latency_ms, tuple) else (self.latency_ms, self.latency_ms)
        if not 0 <= bounds[0] <= bounds[1] <= 600_000:
            message = "`latency_ms` must be a number or [least, most], from 0 to 600000"
            raise ValueError(message)


class Faults:
    """Decides for each call whether something goes wrong. Nothing does until a plan is set."""

    def __init__(self) -> None:
        self._random = random.Random()  # noqa: S311  # no secret
        self.plan = Plan()
        """What is to go wrong from now on; the `next` of its rules counts down."""

    def set(self, body: bytes) -> None:
        """Replace the plan by one in JSON. ValueError (msgspec.ValidationError or DecodeError) when it is wrong."""
        plan = msgspec.json.decode(body, type=Plan)
        self._random = random.Random(plan.seed)  # noqa: S311  # no secret
        self.plan = plan

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.plan = Plan()

    def latency(self) -> float:
        """Give the seconds that the next answer is to wait."""
        latency = self.plan.latency_ms
        return (self._random.uniform(*latency) if isinstance(latency, tuple) else latency) / 1000

    def strike(self, url: str, to_token: bool) -> Rule | None:
        """Give the rule that a call to *url* meets, and count it; None when nothing goes wrong."""
        for rule in self.plan.rules:
            if (rule.fault in TOKEN_KINDS) != to_token or rule.where not in url:
                continue
            if rule.next is None:
                if self._random.random() < (rule.probability or 0):
                    return rule
            elif rule.next > 0:
                rule.next -= 1
                return rule
        return None
