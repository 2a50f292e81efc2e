"""What an answer can be, and how its tokens are read as one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.grading.syntax import Node, Unclear
from shared.grading.text import MATRIX_CLOSE, MATRIX_OPEN, SET_CLOSE, SET_OPEN
from shared.grading.tokens import Token


@dataclass(frozen=True, slots=True)
class Scalar:
    node: Node


@dataclass(frozen=True, slots=True)
class Named:
    """`x = 3`, `f(x) = 3x`."""

    name: str
    value: Answer


@dataclass(frozen=True, slots=True)
class Record:
    """`x = 1, y = 2`, names as written."""

    names: tuple[str, ...]
    values: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Many:
    """Several values. A `list` has no brackets, `[…]` and `(…)` are `ordered`."""

    kind: Literal["set", "list", "ordered"]
    items: tuple[Answer, ...]
    brackets: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """A span between `low` and `high` (None: without end), or others joined. `name`: the unknown it was written of."""

    op: Literal["span", "or", "and", "not"]
    parts: tuple[Region, ...] = ()
    low: Node | None = None
    high: Node | None = None
    closed: tuple[bool, bool] = (False, False)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Matrix:
    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Congruence:
    residue: int
    modulus: int


@dataclass(frozen=True, slots=True)
class Equation:
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Ratio:
    parts: tuple[Node, ...]


Answer = Scalar | Named | Record | Many | Region | Matrix | Congruence | Equation | Ratio

PAIRS = {"(": ")", "[": "]", "{": "}", SET_OPEN: SET_CLOSE, MATRIX_OPEN: MATRIX_CLOSE}
CLOSERS = frozenset(PAIRS.values())
ORDER_SIGNS = frozenset("<>≤≥≠")
_NAME = re.compile(r"[A-Za-z]\w*'*(?:_(?:\w+|\{[^{}]*\}))?'*(?:\^\{?-1\}?)?(?:\([^()+*/^=-]*\)|\[[^\[\]+*/^=-]*\])?")
_SUBSCRIPT = re.compile(r"_\{(\w)\}")
_PROBABILITY = re.compile(r"(?:P|E|Var)[(\[].*[)\]]")
_FUNCTION_NAMES = frozenset("fghFGHPQpquvywSTVNLARE")


def split(tokens: Sequence[Token], kinds: Iterable[str]) -> list[list[Token]]:
    """The parts between tokens of these kinds, outside of brackets. Raises Unclear where brackets do not close."""
    at, depth = frozenset(kinds), 0
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind in PAIRS:
            depth += 1
        elif token.kind in CLOSERS:
            depth -= 1
            if depth < 0:
                raise Unclear("a bracket too many")
        if depth == 0 and token.kind in at:
            parts.append([])
        else:
            parts[-1].append(token)
    if depth:
        raise Unclear("a bracket is open")
    return parts


def kinds_of(tokens: Sequence[Token]) -> set[str]:
    """Kinds of the tokens outside of brackets."""
    found, depth = set(), 0
    for token in tokens:
        depth -= token.kind in CLOSERS
        if depth == 0:
            found.add(token.kind)
        depth += token.kind in PAIRS
    return found


def around(tokens: list[Token]) -> bool:
    """Whether the first token's bracket closes with the last token; `(` may close with `]`."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.kind in PAIRS) - (token.kind in CLOSERS)
        if depth == 0:
            return place == len(tokens) - 1
    return False


def _written(tokens: Sequence[Token]) -> str:
    """As written, without the braces around a subscript of one sign."""
    return _SUBSCRIPT.sub(r"_\1", "".join(token.text or token.kind for token in tokens))


def name_of(tokens: Sequence[Token]) -> str:
    """The name that the left side of `x = 3` or `f(x) = …` gives; empty where it is an expression."""
    if not tokens or tokens[0].kind != "sym" or len(tokens) > 16:
        return ""
    if len(tokens) == 1:
        return tokens[0].text
    written = _written(tokens)
    if tokens[1].kind in "([" and (tokens[0].text not in _FUNCTION_NAMES or not around(list(tokens[1:]))):
        return ""
    if tokens[1].kind not in ("'", "_", "^", "(", "["):
        return written if _PROBABILITY.fullmatch(written) and written[0] == "V" else ""
    return written if _NAME.fullmatch(written) or _PROBABILITY.fullmatch(written) else ""


def names_of(tokens: list[Token]) -> tuple[str, ...]:
    """The names in `(x, y) = …`; empty for what is none."""
    if not tokens or tokens[0].kind != "(" or not around(tokens):
        return ()
    names = tuple(name_of(part) for part in split(tokens[1:-1], ","))
    return names if len(names) > 1 and all(names) else ()
