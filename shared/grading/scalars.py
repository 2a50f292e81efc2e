"""Are two expressions the same? Exactly where they are rational, else by their values at seeded points.

At rational points a rational function is computed exactly, so a difference at one point proves the expressions
different, and equality at several makes them equal but for a vanishing chance (Schwartz-Zippel).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction

from shared.grading.approx import Value, as_approx, same_value
from shared.grading.evaluate import CONSTANTS, Point, evaluate
from shared.grading.syntax import Node, Traits, Undefined, Work, traits

MAX_UNKNOWNS = 8
MIN_POINTS = 3  # with a value, for a verdict
MIN_DIGITS = 2  # significant digits from which a decimal may stand for the value that it rounds
_INTEGER_NAMES = frozenset("nkmjrN")
_ROUGH = frozenset({"sin", "cos", "tan", "floor", "ceil", "abs"})

Compare = Callable[[Point], bool | None]


def _points() -> tuple[list[list[Fraction]], list[list[Fraction]]]:
    draw = random.Random(20231)
    reals = [
        [Fraction(draw.randint(*span) * side, 37) for side in signs]
        for span, signs in (
            ((19, 35), [1] * MAX_UNKNOWNS),
            ((41, 140), [1] * MAX_UNKNOWNS),
            ((190, 700), [1] * MAX_UNKNOWNS),
            ((9, 120), [-1, 1] * (MAX_UNKNOWNS // 2)),
            ((9, 120), [-1, -1, 1, 1] * (MAX_UNKNOWNS // 4)),
            ((9, 120), [-1] * MAX_UNKNOWNS),
        )
    ]
    wholes = [[Fraction(draw.randint(1, 9) + shift) for _ in range(MAX_UNKNOWNS)] for shift in (0, 1, 2, 4)]
    return reals, wholes


REALS, _WHOLES = _points()
_POSITIVE = 3  # the first so many of the real points are positive throughout


def unknowns(*nodes: Node) -> list[str]:
    """The names that are no constants, sorted."""
    return sorted(set().union(*(traits(node).symbols for node in nodes)) - CONSTANTS.keys())


def same(a: Node, b: Node, work: Work) -> bool | None:
    """Whether two expressions are equal for all values of their unknowns; None where that is not certain."""
    if a == b:
        return True
    first, second = traits(a), traits(b)
    verdicts = {_same(a, b, first, second, base, work) for base in log_bases(first, second)}
    return verdicts.pop() if len(verdicts) == 1 else None


def log_bases(*both: Traits) -> Sequence[str]:
    """A bare `log` has the base e or ten: only what holds for both is certain."""
    return ("ln", "log10") if any("log" in part.calls for part in both) else ("ln",)


def _same(a: Node, b: Node, first: Traits, second: Traits, base: str, work: Work) -> bool | None:
    mine, others = first.symbols - CONSTANTS.keys(), second.symbols - CONSTANTS.keys()
    names = sorted(mine | others)
    if not names:
        return _same_constant(a, b, first, second, Point({}, work, base))
    if len(names) > MAX_UNKNOWNS:
        return None
    if {"C"} < mine | others and (_without_constant(a) != a or _without_constant(b) != b):
        return _same_but_for_constant(a, b, names, base, work)

    def at(point: Point) -> bool | None:
        return judged(evaluate(a, point), evaluate(b, point), first, second)

    verdict = over_points(a, b, names, at, base, work)
    if verdict is False and mine != others:
        return None  # a letter may stand for a value that the problem gives
    return verdict


def judged(x: Value, y: Value, first: Traits, second: Traits) -> bool | None:
    """A difference no larger than the rounding of a decimal decides nothing."""
    verdict = same_value(x, y)
    digits = min((part.digits for part in (first, second) if part.digits is not None), default=0)
    if verdict is False and digits >= MIN_DIGITS:
        p, q = as_approx(x).value, as_approx(y).value
        if abs(p - q) <= 0.5 * 10.0 ** (1 - digits) * max(abs(p), abs(q)):
            return None
    return verdict


def _same_constant(a: Node, b: Node, first: Traits, second: Traits, point: Point) -> bool | None:
    x, y = evaluate(a, point), evaluate(b, point)
    verdict = same_value(x, y)
    if verdict is not False or first.digits is second.digits is None:
        return verdict
    literals = [(literal, other) for node, other in ((a, y), (b, x)) if (literal := _literal(node))]
    if len(literals) == sum(part.digits is not None for part in (first, second)):
        return None if any(_rounds(*literal, other) for literal, other in literals) else False
    return judged(x, y, first, second)


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


def over_points(a: Node, b: Node, names: list[str], at: Compare, base: str, work: Work) -> bool | None:
    verdict, defined = _round(a, b, names, REALS, at, base, work)
    whole_names = _INTEGER_NAMES.issuperset(name[0] for name in names)
    kinds = traits(a), traits(b)
    if defined < MIN_POINTS:
        discrete = any(part.ops & {"fact", "binom"} for part in kinds) or whole_names
        return _round(a, b, names, _WHOLES, at, base, work)[0] if discrete else None
    if verdict is False and whole_names and any(part.calls & _ROUGH for part in kinds):
        return False if _round(a, b, names, _WHOLES, at, base, work)[0] is False else None
    return verdict


def _round(
    a: Node, b: Node, names: list[str], rows: list[list[Fraction]], at: Compare, base: str, work: Work
) -> tuple[bool | None, int]:
    """The verdict over these points, and at how many both have a value."""
    verdicts: list[bool | None] = []
    mismatch = False
    for row in rows:
        point = Point(dict(zip(names, row, strict=False)), work, base)
        try:
            verdicts.append(at(point))
        except Undefined:
            mismatch |= _has_value(a, point) != _has_value(b, point)
    if rows is REALS and len(verdicts) >= MIN_POINTS and all(verdicts[:_POSITIVE]) and not all(verdicts):
        return None, len(verdicts)  # they differ only where something is negative: it may not be
    if False in verdicts:
        return False, len(verdicts)
    if len(verdicts) < MIN_POINTS or None in verdicts or mismatch:
        return None, len(verdicts)
    return True, len(verdicts)


def _has_value(node: Node, point: Point) -> bool:
    try:
        evaluate(node, point)
    except Undefined:
        return False
    return True


def _same_but_for_constant(a: Node, b: Node, names: list[str], base: str, work: Work) -> bool | None:
    """With a `+ C` on both sides, antiderivatives are equal when they differ by a constant. On one side: undecided."""
    bare_a, bare_b = _without_constant(a), _without_constant(b)
    if "C" in unknowns(bare_a, bare_b):
        return None
    names = [name for name in names if name != "C"]
    difference = Node("add", (bare_a, Node("neg", (bare_b,))))
    start: list[Value] = []

    def at(point: Point) -> bool | None:
        evaluate(bare_a, point)
        value = evaluate(difference, point)
        start.append(value)
        return _alike(start[0], value)

    verdict = over_points(bare_a, bare_b, names, at, base, work)
    if set(unknowns(bare_a)) != set(unknowns(bare_b)):
        return None
    return verdict if bare_a != a and bare_b != b else (None if verdict is not False else False)


def _alike(x: Value, y: Value) -> bool | None:
    """As `same_value`, measured against one: differences of large terms come out near zero."""
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x == y
    p, q = as_approx(x), as_approx(y)
    apart, bound = abs(p.value - q.value), p.error + q.error
    if apart <= bound:
        return True if bound <= 1e-9 * max(1.0, abs(p.value)) else None
    return False if apart > 1e-6 * max(abs(p.value), abs(q.value)) and apart > 100 * bound else None


def _without_constant(node: Node) -> Node:
    """The sum without its terms `+ C`."""
    if node.op != "add":
        return node
    left, right = node.kids
    if _is_constant(right):
        return left
    if _is_constant(left):
        return right
    bare = _without_constant(left)
    return node if bare == left else Node("add", (bare, right))


def _is_constant(node: Node) -> bool:
    if node.op == "neg":
        node = node.kids[0]
    return node.op == "sym" and node.name == "C"
