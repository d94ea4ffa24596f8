"""What all parts of the contract share: camelCase JSON, closed objects, coded values."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

PUBLISHED = ConfigDict(alias_generator=to_camel, use_attribute_docstrings=True)
"""Configuration of the dataclasses that we publish. We build them ourselves, so nothing is validated twice."""


class Received(BaseModel):
    """A part of what others send us: closed, so that nothing slips in that the contract does not name."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class CodedValue:
    """A code of a nomenclature (NOS), as a FHIR Coding has it, with its French words as far as they are known."""

    __pydantic_config__ = PUBLISHED

    system: str
    code: str
    display: str | None = None
