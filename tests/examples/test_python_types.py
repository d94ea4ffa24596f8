"""The committed types of the Python example are those of the published schema."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from tests.examples.consumer import copied, readme_commands


def check(folder: Path) -> "subprocess.CompletedProcess[str]":
    generator = Path(sys.executable).with_name("datamodel-codegen")
    return subprocess.run([generator, "--check"], cwd=folder, capture_output=True, text=True, check=False)


def test_they_are_fresh(tmp_path: Path) -> None:
    done = check(copied("python-consumer", tmp_path))
    assert done.returncode == 0, f"run `make schemas`\n{done.stdout}{done.stderr}"


def test_a_change_of_the_schema_is_noticed(tmp_path: Path) -> None:
    folder = copied("python-consumer", tmp_path)
    [schema] = (tmp_path / "schemas").glob("*.result.v1.schema.json")
    schema.write_text(schema.read_text().replace('"distanceKm"', '"distanceInKm"'))
    done = check(folder)
    assert done.returncode == 1
    assert "distance_in_km" in done.stdout


def test_the_readme_names_the_generator_that_made_them(tmp_path: Path) -> None:
    folder = copied("python-consumer", tmp_path)
    commands = readme_commands(folder / "README.md")["The types"]
    assert ["pip", "install", f"datamodel-code-generator=={version('datamodel-code-generator')}"] in commands
