"""What is deployed agrees with the code: versions, pins, and the values of the Helm chart."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from rorbridge import __version__
from tests.support.chart import CHART, VALUES, comments, files, groups, place, settings_schemas

CHECKOUT = Path(__file__).parents[2]


def pins(file: str) -> dict[str, str]:
    """Give what a lock pins: name, and version with its hashes."""
    text = (CHECKOUT / file).read_text(encoding="utf-8")
    return {
        found[1]: found[2] + " ".join(re.findall(r"--hash=\S+", found[3]))
        for found in re.finditer(r"^([\w.-]+)==(\S+)((?:.*\\\n)*.*)", text, re.MULTILINE)
    }


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def names(requirements: list[str]) -> set[str]:
    """Give the names as a lock has them."""
    return {re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", one, maxsplit=1)[0]).lower() for one in requirements}


def test_the_container_runs_what_the_tests_ran() -> None:
    all_pins, run = pins("requirements.lock"), pins("requirements-run.lock")
    assert len(run) > 50
    assert run.items() <= all_pins.items(), "run `make lock`"


def test_the_container_has_every_dependency_and_nothing_for_development_alone() -> None:
    run = {re.sub(r"[-_.]+", "-", one) for one in pins("requirements-run.lock")}
    assert names(project()["dependencies"]) <= run, "run `make lock`"
    extras = names([one for extra in project()["optional-dependencies"].values() for one in extra])
    assert extras & run == set()


def test_what_builds_the_package_is_pinned_with_hashes_and_where_both_have_it_alike() -> None:
    build, all_pins = pins("requirements-build.lock"), pins("requirements.lock")
    assert "hatchling" in build
    assert all("--hash=sha256:" in one for one in build.values())
    assert {name: all_pins[name] for name in build.keys() & all_pins.keys()}.items() <= build.items()


def test_package_image_chart_and_compose_have_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    dockerfile = (CHECKOUT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    compose = yaml.safe_load((CHECKOUT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    assert project()["version"] == __version__
    assert (chart["appVersion"], chart["version"]) == (__version__, __version__)
    assert f"ARG VERSION={__version__}\n" in dockerfile
    assert compose["x-ours"]["image"] == f"rorbridge:{__version__}"


def test_what_of_the_chart_comes_from_elsewhere_is_fresh() -> None:
    for file, text in files().items():
        assert file.read_text(encoding="utf-8") == text, "run `make schemas`"


def test_the_schema_has_every_setting_in_one_place() -> None:
    found = settings_schemas()
    for group, model in groups().items():
        for name, field in model.model_fields.items():
            places = {
                kind for kind, rule in found.items() if name in rule["properties"].get(group, {}).get("properties", {})
            }
            assert places == {place(field.annotation)}, f"{group}.{name}"


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(tree, dict) and tree:
        for name, value in tree.items():
            yield from leaves(value, (*path, name))
    else:
        yield path


def test_every_value_of_the_chart_is_described_where_it_stands() -> None:
    described = comments()
    for path in leaves(yaml.safe_load(VALUES.read_text(encoding="utf-8"))):
        assert any(path[:length] in described for length in range(1, len(path) + 1)), ".".join(path)
