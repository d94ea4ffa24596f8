"""``rorbridge schemas``: the contract as files."""

from pathlib import Path
from typing import Annotated

import typer

from rorbridge.bus.asyncapi.endpoint import to_yaml
from rorbridge.events.schemas import write_schemas
from rorbridge.settings import KafkaSettings


def schemas(directory: Annotated[Path, typer.Argument(help="Folder to write to.")]) -> None:
    """Write the contract: JSON Schemas of requests and results, examples, and AsyncAPI with the default topics.

    The service shows AsyncAPI with its own settings at /asyncapi.

    Example: rorbridge schemas ./contract
    """
    for file in write_schemas(directory):
        typer.echo(file)
    file = directory / "asyncapi.yaml"
    file.write_bytes(to_yaml(KafkaSettings(bootstrap_servers="localhost:9092")))
    typer.echo(file)
