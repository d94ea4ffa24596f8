"""docs/settings.md says what rorbridge/settings.py takes."""

import re
import tomllib

from rorbridge.settings import Settings
from tests.support.settings import PAGE, groups, page_with_table


def test_the_tables_are_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_with_table(), "run `make schemas`"


def test_each_setting_says_what_it_means() -> None:
    silent = [one.variable for group in groups() for one in group.settings if not one.meaning]
    assert not silent, "write its meaning below the setting, as the others have it"


def test_each_group_says_what_it_is() -> None:
    assert all(group.meaning and group.settings for group in groups())


def test_the_example_file_is_taken() -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    settings = Settings.model_validate(tomllib.loads(found[1]))
    assert settings.ror.base_url.host == "bas-api-fhir.qualif.ror.esante.gouv.fr"
