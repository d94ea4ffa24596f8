"""docs/operations.md says what the code tells."""

from tests.support.metrics import PAGE, page_with_table


def test_the_table_of_metrics_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_with_table(), "run `make schemas`"
