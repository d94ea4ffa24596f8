"""What goes wrong, as the ROR says it: an OperationOutcome with French diagnostics (ROR-API 3.8)."""

from typing import Final

import msgspec


class FhirError(Exception):
    """An answer other than 200.

    *status* is the HTTP status, *code* the FHIR issue type, *diagnostics* French words for the person who reads it,
    *expression* the element or parameter at fault.
    """

    def __init__(self, status: int, code: str, diagnostics: str, expression: str | None = None) -> None:
        super().__init__(diagnostics)
        self.status = status
        self.code = code
        self.diagnostics = diagnostics
        self.expression = expression


class InvalidParameterError(FhirError):
    """A parameter that does not exist, or whose value cannot be read: HTTP 400."""

    def __init__(self, diagnostics: str, parameter: str | None = None) -> None:
        super().__init__(400, "invalid", diagnostics, parameter)


class NotFoundError(FhirError):
    """A resource or an address that does not exist: HTTP 404."""

    def __init__(self, diagnostics: str) -> None:
        super().__init__(404, "not-found", diagnostics)


class GoneError(FhirError):
    """A page of a search that the server no longer keeps: HTTP 410."""

    def __init__(self, search_id: str) -> None:
        super().__init__(410, "processing", f"La recherche « {search_id} » n'existe pas ou a expiré")


def operation_outcome(error: FhirError) -> bytes:
    """Give *error* as the JSON of an OperationOutcome."""
    issue: dict[str, object] = {"severity": "error", "code": error.code, "diagnostics": error.diagnostics}
    if error.expression:
        issue["expression"] = [error.expression]
    return msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [issue]})


INTERNAL: Final = FhirError(500, "exception", "Erreur interne du serveur")
"""What is told of a fault of the look-alike itself; its traceback goes to the log."""
