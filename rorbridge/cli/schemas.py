"""``rorbridge schemas``: the contract as files."""

from pathlib import Path
from typing import Annotated

import typer

from rorbridge.cli.exits import Exit
from rorbridge.cli.options import fail
from rorbridge.cli.output import write_line


def schemas(directory: Annotated[Path, typer.Argument(help="Folder to write to; made if it is not there.")]) -> None:
    """Write the contract: JSON Schemas of requests and results, and example requests.

    Prints the names of the files.

    ```sh
    rorbridge schemas ./contract
    ```
    """
    from rorbridge.events.schemas import write_schemas

    try:
        files = write_schemas(directory)
    except OSError as error:
        fail(str(error), Exit.USAGE)
    for file in files:
        write_line(str(file))
