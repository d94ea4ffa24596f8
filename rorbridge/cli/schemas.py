"""``rorbridge schemas``: the contract as files."""

from pathlib import Path
from typing import Annotated

import typer

from rorbridge.cli.exits import Exit
from rorbridge.cli.output import fail, write_line


def schemas(directory: Annotated[Path, typer.Argument(help="Folder to write to; made if it is not there.")]) -> None:
    """Write the contract: JSON Schemas of requests and results, examples, and AsyncAPI with the default topics.

    Prints the names of the files. The service shows AsyncAPI with its own settings at /asyncapi.

    ```sh
    rorbridge schemas ./contract
    ```
    """
    from rorbridge.bus.asyncapi.endpoint import to_yaml
    from rorbridge.events.schemas import write_schemas
    from rorbridge.settings import KafkaSettings

    try:
        files = write_schemas(directory)
        asyncapi = directory / "asyncapi.yaml"
        asyncapi.write_bytes(to_yaml(KafkaSettings(bootstrap_servers="localhost:9092")))
    except OSError as error:
        fail(f"{error.filename or directory}: {error.strerror or error}", Exit.USAGE)
    for file in (*files, asyncapi):
        write_line(str(file))
