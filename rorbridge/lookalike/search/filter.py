"""The grammar of `_filter` as the ANS's examples show it (ROR-API 3.6).

Grammar: ``expression := term ('or' term)*``, ``term := factor ('and' factor)*``,
``factor := '(' expression ')' | parameter operator value ('or' value)*``. The last part is the ANS's shorthand: an
``or`` that no new comparison follows adds another value to the comparison before it.
"""

import re
from collections.abc import Callable
from typing import Final

from rorbridge.lookalike.outcome import InvalidParameterError
from rorbridge.lookalike.search.rows import Rows

Compare = Callable[[str, str, str], Rows]
"""Gives the rows for parameter, operator and value."""

OPERATORS: Final = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "sa", "eb"})
"""Operators that are read; the ANS's examples show eq, ge and le."""

_TOKEN: Final = re.compile(r'\s*(\(|\)|"(?:[^"\\]|\\.)*"|[^\s()"]+)')
_DEEPEST: Final = 40
_LONGEST: Final = 20_000


def evaluate(text: str, compare: Compare) -> Rows:
    """Give the rows that a `_filter` leaves, asking *compare* for each of its comparisons.

    Raises InvalidParameterError when it cannot be read.
    """
    if len(text) > _LONGEST:
        raise _unreadable(text[:40] + "…", "expression trop longue")
    parser = _Parser(text, compare)
    rows = parser.expression(0)
    if parser.more:
        raise _unreadable(text, f"fin attendue avant « {parser.take()} »")
    return rows


class _Parser:
    """Reads from left to right and evaluates at once."""

    def __init__(self, text: str, compare: Compare) -> None:
        self._text = text
        self._compare = compare
        self._tokens = _tokens(text)
        self._at = 0

    @property
    def more(self) -> bool:
        return self._at < len(self._tokens)

    def peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def take(self) -> str:
        if not self.more:
            raise _unreadable(self._text, "expression incomplète")
        self._at += 1
        return self._tokens[self._at - 1]

    def expression(self, depth: int) -> Rows:
        rows = self._term(depth)
        while self.peek().lower() == "or":
            self.take()
            rows |= self._term(depth)
        return rows

    def _term(self, depth: int) -> Rows:
        rows = self._factor(depth)
        while self.peek().lower() == "and":
            self.take()
            rows &= self._factor(depth)
        return rows

    def _factor(self, depth: int) -> Rows:
        if depth > _DEEPEST:
            raise _unreadable(self._text, "trop de parenthèses imbriquées")
        if self.peek() != "(":
            return self._comparison()
        self.take()
        rows = self.expression(depth + 1)
        if not self.more or self.take() != ")":
            raise _unreadable(self._text, "parenthèse fermante attendue")
        return rows

    def _comparison(self) -> Rows:
        parameter, operator = self.take(), self.take().lower()
        if operator not in OPERATORS:
            raise _unreadable(self._text, f"opérateur inconnu « {operator} »")
        rows = self._compare(parameter, operator, self._value())
        while self.peek().lower() == "or" and not self._comparison_follows():
            self.take()
            rows |= self._compare(parameter, operator, self._value())
        return rows

    def _comparison_follows(self) -> bool:
        """Whether what stands after the coming ``or`` is a comparison of its own, and not one more value."""
        return self.peek(1) == "(" or self.peek(2).lower() in OPERATORS

    def _value(self) -> str:
        token = self.take()
        if token in {"(", ")"}:
            raise _unreadable(self._text, f"valeur attendue avant « {token} »")
        return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith('"') else token


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if not token:
            raise _unreadable(text, f"caractère inattendu en position {at + 1}")
        found.append(token.group(1))
        at = token.end()
    return found


def _unreadable(text: str, why: str) -> InvalidParameterError:
    return InvalidParameterError(f"Expression _filter illisible « {text} » : {why}", "_filter")
