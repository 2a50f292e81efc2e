"""A letter before a bracket: a factor, as in `x(x+1)`, or the name of a function, as in `T(2n)`.

The parser leaves both open (`apply`). A letter that also stands alone in one of the two answers is a factor; for any
other only what holds both ways is certain.
"""

from __future__ import annotations

import zlib
from fractions import Fraction
from functools import reduce

from shared.grading.syntax import Node, rebuilt
from shared.grading.tokens import GREEK, SYMBOLS

_ALWAYS_FACTORS = frozenset({"e", "i"})
_OUTSIDE = frozenset({"pow", "fact", "deg", "pct"})  # in `x(x+1)^2` the power is of the bracket


def settled(*nodes: Node) -> tuple[Node, ...]:
    """The expressions, a letter before a bracket read as a factor wherever it is one."""
    if not any(_applies(node) for node in nodes):
        return nodes
    alone = _ALWAYS_FACTORS.union(*(_standing_alone(node) for node in nodes))
    return tuple(_with_factors(node, alone) for node in nodes)


def factors(node: Node) -> Node:
    """Every letter before a bracket read as a factor."""
    return _with_factors(node, None)


def is_open(node: Node) -> bool:
    """Whether a letter before a bracket may still be either."""
    return _applies(node)


def is_applied(node: Node) -> bool:
    """Whether a letter before a bracket stands at the end of this factor."""
    while node.op in ("pow", "fact", "deg", "pct", "neg"):
        node = node.kids[0]
    return node.op == "apply" or (node.op == "mul" and is_applied(node.kids[1]))


def opaque(head: Node, argument: Fraction) -> Fraction:
    """A value that a function nobody knows may have here: the same for the same name and argument, else another."""
    seen = f"{_spelled(head)} {argument}".encode()
    return Fraction(19 + zlib.crc32(seen) % 1009, 37)


def _applies(node: Node) -> bool:
    return node.op == "apply" or any(map(_applies, node.kids))


def _head(node: Node) -> Node:
    return node.kids[0] if node.op == "pow" else node


def _spelled(node: Node) -> str:
    return f"{node.op} {node.name} {node.value} {' '.join(map(_spelled, node.kids))}"


def _standing_alone(node: Node) -> set[str]:
    if node.op == "sym":
        return {node.name}
    kids = node.kids[1:] if node.op == "apply" else node.kids
    found: set[str] = set()
    for kid in kids:
        found |= _standing_alone(kid)
    if node.op == "apply" and node.kids[0].op == "pow":
        found |= _standing_alone(node.kids[0].kids[1])
    return found


def _with_factors(node: Node, alone: frozenset[str] | None) -> Node:
    kids = tuple(_with_factors(kid, alone) for kid in node.kids)
    if node.op in _OUTSIDE and node.kids[0].op == "apply" and kids[0].op == "mul":
        head, argument = kids[0].kids
        return Node("mul", (head, rebuilt(node, (argument, *kids[1:]))))
    if node.op != "apply":
        return rebuilt(node, kids)
    word = _head(node.kids[0]).name
    parts = _written_together(word)
    if alone is None or alone.issuperset(parts):
        factors = [Node("sym", name=part) for part in parts] if len(parts) > 1 else [kids[0]]
        return reduce(lambda left, right: Node("mul", (left, right)), [*factors, kids[1]])
    return rebuilt(node, kids)


def _written_together(word: str) -> list[str]:
    """The letters of `xy` before a bracket; a Greek letter or one with a subscript is a single one."""
    return SYMBOLS.findall(word) if word.isalpha() and word.isascii() and word not in GREEK else [word]
