"""ROR-API 4.3, row by row: what each access profile sees of each group of elements."""

import itertools

import pytest

from rorbridge.orientation.policy import Audience, Element, may_know_people, may_read, sees

FIELDS = ("01", "02", "03", "04", "05", None)

TABLE = {
    # What ROR-API 4.3 says, transcribed by hand: y yes, n no, s not if sensitive, m médico-social only and not if
    # sensitive, v field Ville only and not if sensitive. Profiles 0 to 5.
    Element.OFFER: "s y s s y s",
    Element.OFFER_DETAIL: "n y s m y y",
    Element.EQUIPMENT: "n y s m y s",
    Element.INSTALLED_CAPACITY: "n y s m y s",
    Element.CAPACITY: "n y s m y n",
    Element.ADDITIONAL_CAPACITY: "n y n n y n",
    Element.PRACTITIONER: "v y s m y s",
}


def said(word: str, field: str | None, *, sensitive: bool) -> bool:
    return {
        "y": True,
        "n": False,
        "s": not sensitive,
        "m": field == "04" and not sensitive,
        "v": field == "05" and not sensitive,
    }[word]


@pytest.mark.parametrize("element", Element)
def test_the_table_is_that_of_the_ans(element: Element) -> None:
    words = TABLE[element].split()
    for profile, field, sensitive in itertools.product(range(6), FIELDS, (False, True)):
        expected = said(words[profile], field, sensitive=sensitive)
        assert sees(profile, element, field=field, sensitive=sensitive) is expected, (profile, field, sensitive)


@pytest.mark.parametrize(("audience", "level"), list(itertools.product((1, 2, 3), (1, 2, 3))))
def test_an_audience_reads_its_level_and_what_is_freer(audience: int, level: int) -> None:
    assert may_read(Audience(audience), level) is (level <= audience)


@pytest.mark.parametrize("field", FIELDS)
def test_the_public_learns_who_works_for_an_offer_of_ville_alone(field: str | None) -> None:
    assert may_know_people(Audience(1), field) is (field == "05")
    assert may_know_people(Audience(2), field)
