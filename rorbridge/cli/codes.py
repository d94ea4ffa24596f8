"""``rorbridge codes``: find a nomenclature code by its French words, or the words of a code."""

import json
from typing import Annotated

import typer
from rich.table import Table

from rorbridge.cli.exits import Exit
from rorbridge.cli.output import console, fail, write_line

_LEAST = 2
"""Letters before a shell is offered words; there are thousands."""


def _completed(incomplete: str) -> list[str]:
    from rorbridge.ror import terminology

    return terminology.words(incomplete) if len(incomplete) >= _LEAST else []


def codes(
    words: Annotated[
        list[str],
        typer.Argument(
            help="French words, where accents and small typing errors do not matter; or a code.",
            autocompletion=_completed,
        ),
    ],
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many codes.")] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Find codes of the nomenclatures (NOS) by their words, and what a code stands for.

    The same code may be in several nomenclatures.

    ```sh
    rorbridge codes "soins palliatifs"
    rorbridge codes 013
    rorbridge codes cardiologie --limit 3 --json
    ```
    """
    from rorbridge.ror import terminology

    text = " ".join(words)
    found = terminology.search(text, limit)
    if as_json:
        for one, score in found:
            content = {"system": one.system, "code": one.code, "display": one.display, "score": round(score)}
            write_line(json.dumps(content, ensure_ascii=False))
    elif found:
        table = Table(box=None)
        for column in ("code", "words", "nomenclature"):
            table.add_column(column)
        for one, _ in found:
            table.add_row(one.code, one.display, one.system.rsplit("/", 1)[-1].removeprefix("TRE-"))
        console().print(table)
    if not found:
        fail(f"no code is {text!r} or has such words", Exit.NO)
