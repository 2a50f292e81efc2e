"""Two equations are the same where one is a multiple of the other."""

from __future__ import annotations

from itertools import pairwise

from shared.grading.approx import Value, add, divide, same_value
from shared.grading.evaluate import Point, evaluate
from shared.grading.scalars import MAX_UNKNOWNS, REALS, judged, log_bases, over_points, unknowns
from shared.grading.syntax import Node, Undefined, Work, traits


def proportional(a: Node, b: Node, work: Work) -> bool | None:
    """Whether a is b times a constant other than zero. A bare `log` is undecided."""
    kinds = traits(a), traits(b)
    names = unknowns(a, b)
    if not 1 <= len(names) <= MAX_UNKNOWNS or len(log_bases(*kinds)) > 1:
        return None
    ratios: list[Value] = []

    def at(point: Point) -> bool | None:
        ratios.append(divide(evaluate(a, point), evaluate(b, point), work))
        return judged(ratios[0], ratios[-1], *kinds)

    verdict = over_points(a, b, names, at, "ln", work)
    return verdict if any(ratio != 0 for ratio in ratios) else None


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
