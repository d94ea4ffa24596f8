"""Where a place is, by what the ROR says of it."""

import pytest

from rorbridge.orientation.territory import department
from tests.support.fhir import location, searchset, service
from tests.unit.test_match import verdict


@pytest.mark.parametrize(
    ("postal_code", "expected"),
    [("44800", "44"), ("97400", "974"), ("98800", "988"), ("20000", "2A"), ("20137", "2A"), ("20200", "2B")],
)
def test_a_place_without_its_commune_is_in_the_department_of_its_postal_code(postal_code: str, expected: str) -> None:
    place = location(postal_code=postal_code, extension=[])
    assert department(searchset(place).locations["10"]) == expected
    assert verdict(service(), place, where={"departments": [expected]}).left_out is None
    assert verdict(service(), place, where={"departments": ["75"]}).left_out == "departments"


def test_a_place_of_which_nothing_tells_where_it_is_is_in_no_department() -> None:
    assert department(searchset(location(extension=[], address={"city": "?"})).locations["10"]) is None
    assert department(searchset(location(extension=[], address=None)).locations["10"]) is None
