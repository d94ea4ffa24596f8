"""The command line: one file a command."""

import typer

from rorbridge.cli.check import check
from rorbridge.cli.codes import codes
from rorbridge.cli.demo import demo
from rorbridge.cli.lookalike import lookalike
from rorbridge.cli.replay import replay
from rorbridge.cli.run import run
from rorbridge.cli.schemas import schemas
from rorbridge.cli.send import send

app = typer.Typer(
    name="rorbridge",
    help="Answers orientation requests on Kafka from the ROR, France's directory of health and social-care offers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (run, check, demo, send, replay, codes, lookalike, schemas):
    app.command()(command)


def main() -> None:
    """Run the command line."""
    app()
