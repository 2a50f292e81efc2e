"""Points at which expressions are compared.

At rational points a rational function is computed exactly, so a difference at one point proves the expressions
different, and equality at several makes them equal but for a vanishing chance (Schwartz-Zippel).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from shared.grading.approx import Value, add, as_approx, same_value
from shared.grading.evaluate import CONSTANTS, Point, evaluate
from shared.grading.syntax import Node, Traits, Undefined, Work, traits

MAX_UNKNOWNS = 8
MIN_POINTS = 3  # with a value, for a verdict
MIN_DIGITS = 2  # significant digits from which a decimal may stand for the value that it rounds
INTEGER_NAMES = frozenset("nkmjrN")
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


def log_bases(*both: Traits) -> Sequence[str]:
    """A bare `log` has the base e or ten: only what holds for both is certain."""
    return ("ln", "log10") if any("log" in part.calls for part in both) else ("ln",)


def judged(verdict: bool | None, x: Value, y: Value, first: Traits, second: Traits) -> bool | None:
    """A difference no larger than the rounding of a decimal decides nothing."""
    digits = min((part.digits for part in (first, second) if part.digits is not None), default=0)
    if verdict is False and digits >= MIN_DIGITS:
        p, q = as_approx(x).value, as_approx(y).value
        if abs(p - q) <= 0.5 * 10.0 ** (1 - digits) * max(abs(p), abs(q)):
            return None
    return verdict


def over_points(a: Node, b: Node, names: list[str], at: Compare, base: str, work: Work) -> bool | None:
    verdict, defined = _round(a, b, names, REALS, at, base, work)
    whole_names = INTEGER_NAMES.issuperset(name[0] for name in names)
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


def is_linear(node: Node, work: Work) -> bool:
    """Whether the value midway between two points is always midway between their values."""
    names = unknowns(node)
    if len(names) > MAX_UNKNOWNS:
        return False
    for first, second in pairwise(REALS):
        middle = [(x + y) / 2 for x, y in zip(first, second, strict=True)]
        try:
            low, high, mid = (
                evaluate(node, Point(dict(zip(names, row, strict=False)), work)) for row in (first, second, middle)
            )
        except Undefined:
            return False
        if same_value(add(low, high, work), add(mid, mid, work)) is not True:
            return False
    return True
