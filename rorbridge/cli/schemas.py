"""``rorbridge schemas``: the contract as files."""

from pathlib import Path
from typing import Annotated

import typer

from rorbridge.events.schemas import write_schemas


def schemas(directory: Annotated[Path, typer.Argument(help="Folder to write to.")]) -> None:
    """Write the JSON Schemas of requests and results.

    Example: rorbridge schemas ./contract
    """
    for file in write_schemas(directory):
        typer.echo(file)
