"""The tables of docs/settings.md, from rorbridge/settings.py: every setting, its default, its values, its meaning.

``python -m tests.support.settings`` writes them into the page.
"""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, HttpUrl, SecretStr
from pydantic.fields import FieldInfo

from rorbridge.settings import PREFIX, Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
START, END = "<!-- table: made by tests/support/settings.py -->\n", "<!-- end of table -->\n"

UNITS = ("Seconds", "Calls a second", "Calls", "Records")
"""What a quantity's meaning begins with."""

WORDS = {str: "text", Path: "path of a file", HttpUrl: "URL", SecretStr: "secret", bool: "`true` or `false`"}


@dataclass(frozen=True)
class Setting:
    """A setting as the page tells it."""

    variable: str
    default: str
    values: str
    meaning: str


@dataclass(frozen=True)
class Group:
    """Settings that go together."""

    name: str
    meaning: str
    settings: tuple[Setting, ...]


def groups() -> Iterator[Group]:
    """Give all settings by their groups, in their order."""
    for name, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        meanings = _meanings(model)
        told = tuple(
            Setting(f"{PREFIX}{name}__{key}".upper(), _default(one), _values(one, meanings[key]), meanings[key])
            for key, one in model.model_fields.items()
        )
        yield Group(name, inspect.cleandoc(model.__doc__ or "").replace("``", "`"), told)


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Read the text below each field; the language keeps none."""
    [definition] = ast.parse(inspect.getsource(model)).body
    assert isinstance(definition, ast.ClassDef)
    found = dict.fromkeys(model.model_fields, "")
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(meaning))):
                found[name] = " ".join(meaning.replace("``", "`").split())
    return found


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    match field.default:
        case None:
            return ""
        case bool(value):
            return f"`{str(value).lower()}`"
        case float(value):
            return f"`{value:g}`"
        case value:
            return f"`{value}`"


def _values(field: FieldInfo, meaning: str) -> str:
    kind: Any = field.annotation
    limits = list(field.metadata)
    if get_origin(kind) in (Union, UnionType):  # with None
        [kind] = [one for one in get_args(kind) if one is not NoneType]
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) is Literal:
        return ", ".join(f"`{one}`" for one in get_args(kind))
    if kind not in (int, float):
        return WORDS[kind]
    unit = next((f" {one.lower()}" for one in UNITS if meaning.startswith(one)), "")
    return f"{_range(limits)}{unit}"


def _range(limits: list[object]) -> str:
    """Say between what a number lies; each of ours has a lower and an upper bound."""
    low, high = "", ""
    for one in limits:
        match one:
            case Ge(ge=least):
                low = f"{least:,}"
            case Gt(gt=less):
                low = f"over {less:,}"
            case Le(le=most):
                high = f"{most:,}"
            case Lt(lt=more):
                high = f"under {more:,}"
    assert low, limits
    assert high, limits
    return f"{low} to {high}"


def table() -> str:
    """Give the sections in Markdown."""
    rows: list[str] = []
    for group in groups():
        rows += [f"## `[{group.name}]`", "", group.meaning, ""]
        rows += ["| variable | default | values | meaning |", "|---|---|---|---|"]
        rows += [f"| `{one.variable}` | {one.default} | {one.values} | {one.meaning} |" for one in group.settings]
        rows.append("")
    return "\n" + "\n".join(rows)


def page_with_table() -> str:
    """Give the page with fresh tables in it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    return before + START + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page_with_table(), encoding="utf-8")
