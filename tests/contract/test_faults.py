"""docs/reliability.md says what the fault matrix tests."""

from tests.support.faults import FAULTS, OUTCOMES, PAGE, page_with_table


def test_the_tables_are_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_with_table(), "run `make schemas`"


def test_each_outcome_is_explained_and_comes_about() -> None:
    assert {one.name for fault in FAULTS for one in fault.at.values()} == {one.name for one in OUTCOMES}


def test_no_fault_is_there_twice() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
