"""Are two expressions the same? Exactly where they are rational, else by their values at seeded points."""

from __future__ import annotations

from fractions import Fraction

from shared.grading import letters
from shared.grading.approx import Value, as_approx, same_value
from shared.grading.constants import same_but_for_constant
from shared.grading.evaluate import CONSTANTS, Point, evaluate
from shared.grading.points import MAX_UNKNOWNS, MIN_DIGITS, judged, log_bases, over_points
from shared.grading.precise import agree
from shared.grading.syntax import Node, Traits, Work, rebuilt, traits

_SECOND_LOOKS = 2


def same(a: Node, b: Node, work: Work) -> bool | None:
    """Whether two expressions are equal for all values of their unknowns; None where that is not certain."""
    x, y = exact_value(a), exact_value(b)
    if x is not None and y is not None:
        return x == y
    work.spend(_size(a) + _size(b))
    if a == b:
        return True
    a, b = letters.settled(a, b)
    if letters.is_open(a) or letters.is_open(b):
        # of a function that nobody knows two values may always be equal
        work.spend(2 * (_size(a) + _size(b)))
        both = _over_bases(letters.factors(a), letters.factors(b), work) and _over_bases(a, b, work)
        return True if both else None
    return _over_bases(a, b, work)


def exact_value(node: Node) -> Fraction | None:
    """The value of a whole number or a fraction as written; None for anything else."""
    sign = 1
    if node.op == "neg":
        node, sign = node.kids[0], -1
    if node.op == "div" and node.kids[0].op == node.kids[1].op == "num" and node.kids[1].value:
        top, bottom = node.kids
        return sign * top.value / bottom.value if top.digits is bottom.digits is None else None
    return sign * node.value if node.op == "num" and node.digits is None else None


def _size(node: Node) -> int:
    return 1 + sum(map(_size, node.kids))


def _over_bases(a: Node, b: Node, work: Work) -> bool | None:
    first, second = traits(a), traits(b)
    verdicts = {_same(a, b, first, second, base, work) for base in log_bases(first, second)}
    return verdicts.pop() if len(verdicts) == 1 else None


def _same(a: Node, b: Node, first: Traits, second: Traits, base: str, work: Work) -> bool | None:
    mine, others = first.symbols - CONSTANTS.keys(), second.symbols - CONSTANTS.keys()
    names = sorted(mine | others)
    if not names:
        return _same_constant(a, b, first, second, Point({}, work, base))
    if len(names) > MAX_UNKNOWNS:
        return None

    looks = iter(range(_SECOND_LOOKS))  # what differs at all does so at a point or two

    def at(point: Point) -> bool | None:
        if next(looks, None) is not None:
            return judged(*agree(a, point, b, point), first, second)
        x, y = evaluate(a, point), evaluate(b, point)
        return judged(same_value(x, y), x, y, first, second)

    verdict = over_points(a, b, names, at, base, work)
    if verdict is False and "C" in mine | others:
        return same_but_for_constant(a, b, base, work)
    if verdict is False and mine != others:
        return None  # a letter may stand for a value that the problem gives
    return verdict


def _same_constant(a: Node, b: Node, first: Traits, second: Traits, point: Point) -> bool | None:
    verdict, x, y = agree(a, point, b, point)
    if verdict is not False or first.digits is second.digits is None:
        return verdict
    literals = [(literal, other) for node, other in ((a, y), (b, x)) if (literal := _literal(node))]
    if len(literals) == sum(part.digits is not None for part in (first, second)):
        return None if any(_rounds(*literal, other) for literal, other in literals) else False
    return judged(verdict, x, y, first, second)


def _literal(node: Node) -> tuple[Fraction, int, Fraction] | None:
    """A decimal as written: value, significant digits, and the unit of its last place; None for what is none."""
    sign = 1
    if node.op == "neg":
        node, sign = node.kids[0], -1
    scale = Fraction(1)
    if node.op == "pct":
        node, scale = node.kids[0], Fraction(1, 100)
    if node.op != "num" or node.digits is None:
        return None
    return sign * node.value * scale, node.digits, scale * Fraction(10) ** -node.places


def _rounds(value: Fraction, digits: int, place: Fraction, other: Value) -> bool:
    """Whether the decimal may be the other value, rounded or cut off."""
    if digits < MIN_DIGITS:
        return False
    if isinstance(other, Fraction):
        return abs(value - other) < place
    return abs(as_approx(value).value - other.value) <= float(place) * (1 + 1e-9)


_MARKS = frozenset({"deg", "pct"})


def marks(node: Node) -> frozenset[str]:
    """The degree and percent signs of a value; those of a function's argument are not its own."""
    if node.op == "call":
        return frozenset()
    own = {node.op} & _MARKS
    return frozenset(own.union(*(marks(kid) for kid in node.kids)))


def unmarked(node: Node) -> Node:
    """Without the signs that `marks` names."""
    if node.op == "call":
        return node
    if node.op in _MARKS:
        return unmarked(node.kids[0])
    return rebuilt(node, tuple(map(unmarked, node.kids)))


def same_but_for_mark(a: Node, b: Node, work: Work) -> bool | None:
    """One has a percent or degree sign, the other none: it may have left it out, or have worked it out.

    A bare number up to one may be the share that a percentage writes otherwise, so `0.25%` is no `0.25`.
    """
    as_written, bare = same(a, b, work), same(unmarked(a), unmarked(b), work)
    if as_written:
        return True
    if "pct" in marks(a) | marks(b) and bare is not False:
        value = evaluate(unmarked(a), Point({}, work))  # no unknowns, or Unclear
        return bare if abs(as_approx(value).value) > 1 else None
    if bare:
        return True
    return False if as_written is bare is False else None


_TRIGONOMETRIC = frozenset({"sin", "cos", "tan", "sec", "csc", "cot"})


def same_in_degrees(a: Node, b: Node, work: Work) -> bool:
    """Whether they are the same once the bare numbers in `sin 30` count as degrees."""
    first, second = _in_degrees(a), _in_degrees(b)
    return (first is not a or second is not b) and same(first, second, work) is True


def _in_degrees(node: Node) -> Node:
    kids = tuple(map(_in_degrees, node.kids))
    if node.op == "call" and node.name in _TRIGONOMETRIC and exact_value(unbracketed(kids[0])):
        return rebuilt(node, (Node("deg", kids),))
    return rebuilt(node, kids)


def unbracketed(node: Node) -> Node:
    return node.kids[0] if node.op == "pos" else node
