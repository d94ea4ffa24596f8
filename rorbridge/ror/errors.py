"""How the ROR fails, as typed errors. None of them carries a body, a token or a secret."""

from rorbridge.events.problem import problem
from rorbridge.orientation.directory import DirectoryError


class RorUnavailableError(DirectoryError):
    """The ROR could not be reached, or answered with a fault of its own; the same question may succeed later."""

    def __init__(self, detail: str) -> None:
        super().__init__(problem("ror-unavailable", "The ROR could not be reached", detail, retryable=True))


class RorAccessError(DirectoryError):
    """The ROR refused us: our credentials, our rights or our headers are not right."""

    def __init__(self, detail: str) -> None:
        super().__init__(problem("ror-access", "The ROR refused access", detail, retryable=True))


class RorRefusedError(DirectoryError):
    """The ROR refused the question itself, as an OperationOutcome tells."""

    def __init__(self, status: int, issues: tuple[str, ...]) -> None:
        self.status = status
        self.issues = issues
        detail = "; ".join(issues) or "it gave no reason"
        super().__init__(problem("ror-refused", f"The ROR refused the search (HTTP {status})", detail))


class RorAnswerError(DirectoryError):
    """The ROR's answer could not be read."""

    def __init__(self, detail: str) -> None:
        super().__init__(problem("ror-answer", "The ROR's answer could not be read", detail, retryable=True))


class PageExpiredError(Exception):
    """A next page is no longer there (404 or 410): the search has to start again."""
