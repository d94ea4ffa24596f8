"""The command line: one file a command.

Others use:

- ``main``: the command ``rorbridge``.

Nobody else may know it. It puts bus, ROR and look-alike together, and must not know how they work: no offsets, no FHIR.

These files load what a command needs when it runs: shell completion and help ask for the command line itself alone, and
should not have to wait for Kafka's and FHIR's libraries. ruff holds this (``banned-module-level-imports``).
"""

import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
import typer.core

from rorbridge import __version__
from rorbridge.cli.check import check
from rorbridge.cli.codes import codes
from rorbridge.cli.demo import demo
from rorbridge.cli.exits import Exit, exit_codes
from rorbridge.cli.lookalike import lookalike
from rorbridge.cli.output import leave_quietly, note, open_missing_streams, write_line, writing
from rorbridge.cli.replay import replay
from rorbridge.cli.run import run
from rorbridge.cli.schemas import schemas
from rorbridge.cli.send import send
from rorbridge.cli.watch import watch


@contextmanager
def _helping() -> Iterator[None]:
    """End help that cannot be written as results end."""
    with writing():
        try:
            yield
        except SystemExit:  # how rich ends it when whoever read it is gone
            leave_quietly()


class _Command(typer.core.TyperCommand):
    """A command whose help ends as its results do when it cannot be written."""

    def format_help(self, *arguments: Any) -> None:
        with _helping():
            super().format_help(*arguments)


class _Program(typer.core.TyperGroup):
    """The same for the help of all."""

    def format_help(self, *arguments: Any) -> None:
        with _helping():
            super().format_help(*arguments)


app = typer.Typer(name="rorbridge", cls=_Program, rich_markup_mode="markdown", pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        write_line(f"rorbridge {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def rorbridge(
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Answer orientation requests on Kafka from the ROR, France's directory of health and social-care offers.

    Begin with the demo, which needs nothing but Python. Exit codes are those of each command; 0 is well, 64 a wrong
    option, argument, file or setting, 69 something that is not there, such as Kafka, 70 a mistake of ours, 74 an
    output that cannot be written to, 141 one that nobody reads. `--install-completion` teaches bash, zsh or fish to
    complete commands, options and their values.

    ```sh
    rorbridge demo
    rorbridge send --help
    ```
    """
    if ctx.invoked_subcommand is None:
        write_line(ctx.get_help())
        raise typer.Exit(Exit.USAGE)


for _command in (run, check, demo, send, watch, replay, codes, lookalike, schemas):
    _help = inspect.getdoc(_command) or ""
    app.command(
        cls=_Command,
        help=f"{_help}\n\n{exit_codes(_command.__name__)}",
        short_help=_help.partition("\n")[0],  # typer would cut it at 45 characters
    )(_command)


def main() -> None:
    """Run the command line and end the process with the command's exit code."""
    open_missing_streams()
    try:
        code = app(prog_name="rorbridge", standalone_mode=False)
    except typer.TyperException as error:  # typer would end a wrong option with 2, which means rejected here
        command = getattr(getattr(error, "ctx", None), "command_path", "rorbridge")
        said = " ".join(error.format_message().split()).replace("Value error, ", "")  # pydantic's word, not the user's
        note(f"{said} (see {command} --help)")
        code = Exit.USAGE
    except typer.Abort:  # Ctrl-C at a question
        code = Exit.INTERRUPTED
    except Exception as error:  # Python would end with 1, which has a meaning of its own at each command
        note(f"{traceback.format_exc()}a mistake of ours ({type(error).__name__}); please report it with what is above")
        code = Exit.SOFTWARE
    sys.exit(code or Exit.OK)
