"""What all parts of the contract share: camelCase JSON, closed objects, coded values."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["PUBLISHED", "CodedValue", "Received", "checked"]


def _title(name: str, _: object) -> str:
    """Give the title of a field; pydantic's own is made from the JSON name, where words run together."""
    return name.replace("_", " ").capitalize().replace("Finess", "FINESS").replace("Rpps", "RPPS")


PUBLISHED = ConfigDict(
    alias_generator=to_camel,
    field_title_generator=_title,
    use_attribute_docstrings=True,
    json_schema_serialization_defaults_required=True,  # what has a default is always written, see events/schemas.py
)
"""Configuration of the dataclasses that we publish. We build them ourselves, so nothing is validated twice."""

if TYPE_CHECKING:
    from dataclasses import dataclass as checked
else:

    def checked(*, frozen: bool, **options: Any) -> Any:
        """Make a dataclass whose being frozen is checked by mypy alone, for what is made for each request or offer.

        To keep it frozen at run time as well takes a fifth of the time in which offers are assembled.
        """
        return dataclass(unsafe_hash=frozen, **options)


class Received(BaseModel):
    """A part of what others send us: closed, so that nothing slips in that the contract does not name."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        field_title_generator=_title,
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
    )


@dataclass(frozen=True, slots=True)
class CodedValue:
    """A code of a nomenclature (NOS), as a FHIR Coding has it, with its French words as far as they are known."""

    __pydantic_config__ = PUBLISHED

    system: str
    """URL of the nomenclature (TRE), such as
    ``https://mos.esante.gouv.fr/NOS/TRE_R211-ActiviteOperationnelle/FHIR/TRE-R211-ActiviteOperationnelle``."""
    code: str
    """The code, such as ``013``; leading zeros count."""
    display: str | None = None
    """Its French words (libellé)."""
