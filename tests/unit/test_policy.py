"""What the audience may read."""

from collections import Counter

import pytest

from rorbridge.events.offer import Offer
from rorbridge.orientation.assemble import Assembler
from rorbridge.orientation.candidate import join
from rorbridge.orientation.match import Verdict
from rorbridge.orientation.policy import Audience, may_know, redact
from rorbridge.ror.terminology import display
from tests.support.fhir import Resource, contact, location, searchset, service

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
    assert not may_know(Audience(), redactions, sensitive=True)
    assert redactions == {"sensitive-unit": 2}


def test_an_unknown_level_counts_as_restricted() -> None:
    [candidate] = join(searchset(service(contacts=(contact("7", ("a", "1")),)), location()))
    [found] = ASSEMBLER.assemble(Verdict(candidate, None), {"contacts"}).contacts
    assert found.confidentiality == 2


def offer(*contacts: Resource, field: str | None = "01", workers: int = 0) -> Offer:
    raw = service(contacts=contacts, field=field or "") | ({} if field else {"type": []})
    roles = [
        {
            "resourceType": "PractitionerRole",
            "id": str(one),
            "healthcareService": [{"reference": "HealthcareService/1"}],
        }
        for one in range(workers)
    ]
    [candidate] = join(searchset(raw, location(), *roles))
    return ASSEMBLER.assemble(Verdict(candidate, None), {"contacts", "practitioners"})


def test_an_operator_can_count_what_was_held_back_by_its_rule() -> None:
    shown = offer(
        contact("1", ("a", "1"), ("b", "2"), ("c", "3")),
        contact("1", ("d", "2")),
        contact("2", ("e", "1")),
        contact("3", ("f", "1")),
        workers=3,
    )
    redactions: Counter[str] = Counter()
    redact(shown, Audience(), redactions)
    assert redactions == {"telecom": 3, "contact": 2, "practitioner": 3}
    redact(shown, Audience(), redactions)
    assert redactions == {"telecom": 6, "contact": 4, "practitioner": 6}


@pytest.mark.parametrize(
    ("field", "level", "may"), [("01", 1, False), (None, 1, False), ("05", 1, True), ("01", 2, True), (None, 2, True)]
)
@pytest.mark.parametrize("with_a_hidden_contact", [False, True])
def test_who_works_for_an_offer_is_told_to_those_who_may_know(
    field: str | None, level: int, may: bool, with_a_hidden_contact: bool
) -> None:
    shown = offer(*([contact("3", ("a", "1"))] if with_a_hidden_contact else []), field=field, workers=2)
    told = redact(shown, Audience(level), Counter())
    assert told.practitioners == (shown.practitioners if may else ())
    assert len(shown.practitioners) == 2
    assert told.contacts == ()


def test_an_audience_that_may_read_all_gets_all() -> None:
    redactions: Counter[str] = Counter()
    shown = offer(contact("3", ("a", "3")), workers=2)
    assert redact(shown, Audience(3), redactions) == shown
    assert not redactions
