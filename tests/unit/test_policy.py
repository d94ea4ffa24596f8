"""What the audience may read."""

from collections import Counter

import pytest

from rorbridge.orientation.assemble import Assembler
from rorbridge.orientation.candidate import join
from rorbridge.orientation.match import Verdict
from rorbridge.orientation.policy import Audience, may_know, redact
from rorbridge.ror.terminology import display
from tests.support.fhir import contact, location, searchset, service

ASSEMBLER = Assembler(display)
LEVELS = ("1", "2", "3", None)
RANK = {"1": 1, "2": 2, "3": 3, None: 2}


@pytest.mark.parametrize("audience_level", [1, 2, 3])
@pytest.mark.parametrize("contact_level", LEVELS)
@pytest.mark.parametrize("telecom_level", LEVELS)
def test_a_telecom_is_as_public_as_the_stricter_of_its_level_and_its_contact_s(
    audience_level: int, contact_level: str | None, telecom_level: str | None
) -> None:
    raw = service(contacts=(contact(contact_level, ("01 99 00 12 34", telecom_level)),))
    [candidate] = join(searchset(raw, location()))
    redactions: Counter[str] = Counter()
    offer = redact(ASSEMBLER.assemble(Verdict(candidate, None), {"contacts"}), Audience(audience_level), redactions)
    shown = [telecom.value for one in offer.contacts for telecom in one.telecoms]
    may = max(RANK[contact_level], RANK[telecom_level]) <= audience_level
    assert shown == (["01 99 00 12 34"] if may else [])
    assert bool(redactions) is not may
    assert len(offer.contacts) == (RANK[contact_level] <= audience_level)


def test_of_a_sensitive_unit_the_audience_learns_nothing_unless_it_may() -> None:
    redactions: Counter[str] = Counter()
    assert not may_know(Audience(), redactions, sensitive=True)
    assert redactions == {"sensitive-unit": 1}
    assert may_know(Audience(sensitive_units=True), redactions, sensitive=True)
    assert may_know(Audience(), redactions, sensitive=False)
    assert redactions == {"sensitive-unit": 1}


def test_an_unknown_level_counts_as_restricted() -> None:
    [candidate] = join(searchset(service(contacts=(contact("7", ("a", "1")),)), location()))
    [found] = ASSEMBLER.assemble(Verdict(candidate, None), {"contacts"}).contacts
    assert found.confidentiality == 2
