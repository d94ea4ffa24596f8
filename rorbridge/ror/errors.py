"""How the ROR fails, as typed errors. None of them carries a body, a token or a secret."""

from rorbridge.events.problem import problem
from rorbridge.orientation.directory import DirectoryError, DirectoryUnavailableError


class RorUnavailableError(DirectoryUnavailableError):
    """The ROR could not be reached, or answered with a fault of its own; the same question may succeed later."""

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        found = problem("ror-unavailable", "The ROR could not be reached", detail, retryable=True)
        super().__init__(found, retry_after_s=retry_after_s)


class RorAccessError(DirectoryUnavailableError):
    """The ROR refused us: our credentials, our rights or our headers are not right."""

    def __init__(self, detail: str) -> None:
        super().__init__(problem("ror-access", "The ROR refused access", detail, retryable=True))


class RorRefusedError(DirectoryError):
    """The ROR refused the question itself, as an OperationOutcome tells."""

    def __init__(self, status: int, issues: tuple[str, ...]) -> None:
        self.status = status
        self.issues = issues
        super().__init__(problem("ror-refused", f"The ROR refused the search (HTTP {status})", "; ".join(issues)))


class RorAnswerError(DirectoryUnavailableError):
    """The ROR's answer could not be read: cut off, or of something between the ROR and us."""

    def __init__(self, detail: str) -> None:
        super().__init__(problem("ror-answer", "The ROR's answer could not be read", detail, retryable=True))


class PageExpiredError(Exception):
    """A next page is no longer there (404 or 410): the search has to start again."""
