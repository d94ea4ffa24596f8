"""Options and ways that several commands share."""

from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import BaseModel

from rorbridge.settings import SettingsError, load

Config = Annotated[
    Path | None,
    typer.Option("--config", help="TOML file with the settings; the environment wins over it.", show_default=False),
]

Model = TypeVar("Model", bound=BaseModel)

EXIT_USAGE = 64
"""Exit code of a command that was given wrong settings or arguments (EX_USAGE of sysexits)."""


def settings(model: type[Model], config: Path | None) -> Model:
    """Read the settings, or end the command with one line that says what is wrong with them."""
    try:
        return load(model, config)
    except SettingsError as error:
        fail(str(error), EXIT_USAGE)


def fail(message: str, code: int) -> NoReturn:
    """End the command with a line on standard error."""
    typer.echo(f"rorbridge: {message}", err=True)
    raise typer.Exit(code)
