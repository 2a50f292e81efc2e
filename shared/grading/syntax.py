"""The parts that the readers of answers share: an expression's node, the bounds on work, and giving up."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


class Unclear(Exception):
    """This text or value cannot be decided on with certainty."""


class Undefined(Unclear):
    """An expression has no value at this point."""


class Work:
    """A bound on the steps that one comparison may take; a step is some four microseconds."""

    def __init__(self, steps: int = 5_500) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Raises Unclear where nothing is left."""
        self.left -= steps
        if self.left < 0:
            raise Unclear("too much work")


@dataclass(frozen=True, slots=True)
class Node:
    """An expression. `op` is `num`, `sym`, `inf`, an operator, or `call` with the function's name.

    `digits` is the number of significant digits of a number written with a decimal point, `places` of those after it.
    """

    op: str
    kids: tuple[Node, ...] = ()
    value: Fraction = Fraction(0)
    name: str = ""
    digits: int | None = None
    places: int = 0


def number(value: int | Fraction) -> Node:
    return Node("num", value=Fraction(value))


@dataclass(frozen=True, slots=True)
class Traits:
    """What an expression holds."""

    symbols: frozenset[str]
    calls: frozenset[str]
    digits: int | None  #: least significant digits of a decimal in it; None without decimals
    ops: frozenset[str]


def traits(node: Node) -> Traits:
    symbols: set[str] = set()
    calls: set[str] = set()
    ops: set[str] = set()
    digits: list[int] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        ops.add(part.op)
        if part.op == "sym":
            symbols.add(part.name)
        elif part.op == "call":
            calls.add(part.name)
        if part.digits is not None:
            digits.append(part.digits)
        waiting.extend(part.kids)
    return Traits(frozenset(symbols), frozenset(calls), min(digits, default=None), frozenset(ops))


def substituted(node: Node, name: str, by: Node) -> Node:
    """The expression with the unknown replaced."""
    if node.op == "sym":
        return by if node.name == name else node
    return rebuilt(node, tuple(substituted(kid, name, by) for kid in node.kids))


def rebuilt(node: Node, kids: tuple[Node, ...]) -> Node:
    """The node over these parts; the same one where they are its own."""
    if all(x is y for x, y in zip(kids, node.kids, strict=True)):
        return node
    return Node(node.op, kids, node.value, node.name, node.digits, node.places)
