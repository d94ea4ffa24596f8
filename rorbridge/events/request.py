"""The orientation request: what is needed, where, for whom and until when.

There is no field for a person's name, birth date or identifier, and objects are closed, so that patient data cannot
slip in. Codes are codes of the French nomenclatures (NOS); ROR-API section 5 describes them.
"""

from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from rorbridge.events.contract import Received
from rorbridge.events.need import Need
from rorbridge.events.where import Where

REQUEST_TYPE = "rorbridge.orientation.request.v1"
"""The CloudEvents type of a request."""

Part = Literal["practitioners", "contacts", "openingHours", "capacities", "equipment"]
"""What of an offer is sent along where it is asked for."""
Order = Literal["distance", "availability", "fair"]
"""In which order offers are given; equals are shuffled in each of them."""


class Answer(Received):
    """What the answer is to look like."""

    limit: int = Field(default=20, ge=1, le=200, description="At most so many offers.")
    at_least: int = Field(default=1, ge=1, le=200, description="Widen the circle while there are fewer.")
    order: Order = Field(
        default="distance",
        description="Nearest first; most free beds or places first, then freshest; or fair: shuffled, always alike for "
        "the same request. Equals are always fair.",
    )
    include: tuple[Part, ...] = Field(
        default=("practitioners", "contacts", "openingHours", "capacities", "equipment"),
        max_length=5,
        description="Optional parts of an offer to send along.",
    )
    unverified: Literal["keep", "drop"] | None = Field(
        default=None,
        description="What becomes of offers of which we cannot see whether they meet a criterion. By default they are "
        "kept, but for capacity, where they are dropped.",
    )
    closed: Literal["drop", "keep"] = Field(
        default="drop", description="What becomes of offers that are closed or inactive, and of closed places."
    )
    format: Literal["offers", "fhir-bundle"] = Field(
        default="offers", description="Offers in rorbridge's words, or a FHIR R4 searchset Bundle."
    )


class Requester(Received):
    """Who asks and why; short identifiers, no free text."""

    application: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="The application that asks; never a person.",
        examples=["via-parcours"],
    )
    purpose: str = Field(
        default="orientation", pattern=r"^[a-z][a-z0-9-]{0,63}$", description="What the answer is for, in one word."
    )


class OrientationRequest(Received):
    """A need for health or social care, to be answered with the offers that meet it."""

    need: Need = Field(description="What is needed.")
    where: Where | None = Field(
        default=None,
        description="Where. Required, unless the need names an establishment by its number or a professional by RPPS.",
    )
    answer: Answer = Field(default_factory=Answer, description="What the answer is to look like.")
    deadline: AwareDatetime | None = Field(
        default=None,
        description="When the answer is of no more use; with a time zone. Passed: the result is 'expired'.",
        examples=["2026-11-24T08:00:05Z"],
    )
    requester: Requester | None = Field(default=None, description="Who asks and why.")

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.where is None and not self.need.names_its_offers:
            raise PydanticCustomError(
                "where_missing",
                "where is required, unless need.establishment has finess or idNatStruct, or need.practitioner has rpps",
            )
        return self
