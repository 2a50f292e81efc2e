"""Two equations are the same where one is a multiple of the other, and differ where a point lies on one curve only."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from shared.grading.approx import add, as_approx, same_value
from shared.grading.evaluate import Point, evaluate
from shared.grading.letters import is_open, settled
from shared.grading.points import MAX_UNKNOWNS, REALS, judged, log_bases, over_points, unknowns
from shared.grading.precise import agree
from shared.grading.syntax import Node, Undefined, Work, traits

_ACROSS = tuple(Fraction(x, 7) for x in (3, -5, 10, -16))
_ALONG = tuple(Fraction(y, 5) for y in range(-31, 33, 3))
_HALVINGS = 24
_STEEP = 1e6
_CLEAR = 1e-3


def proportional(a: Node, b: Node, work: Work) -> bool | None:
    """Whether a is b times a constant other than zero. A bare `log` is undecided."""
    a, b = settled(a, b)
    kinds = traits(a), traits(b)
    names = unknowns(a, b)
    if not 1 <= len(names) <= MAX_UNKNOWNS or len(log_bases(*kinds)) > 1:
        return None
    ratio = Node("div", (a, b))
    start: list[Point] = []
    vanishing = [True, True]

    def at(point: Point) -> bool | None:
        for place, node in enumerate((a, b)):
            vanishing[place] &= same_value(evaluate(node, point), Fraction(0)) is not False
        if any(vanishing):
            return None  # an identity has no multiples
        start.append(point)
        return judged(*agree(ratio, start[0], ratio, point), *kinds)

    return over_points(a, b, names, at, "ln", work)


def one_is_an_identity(a: Node, b: Node, work: Work) -> bool:
    """Whether one holds everywhere and the other clearly does not."""
    a, b = settled(a, b)
    names = unknowns(a, b)
    if len(names) > MAX_UNKNOWNS or is_open(a) or is_open(b) or len(log_bases(traits(a), traits(b))) > 1:
        return False
    holds: list[list[bool | None]] = [[], []]
    for row in REALS:
        point = Point(dict(zip(names, row, strict=False)), work)
        try:
            found = [same_value(evaluate(node, point), Fraction(0)) for node in (a, b)]
        except Undefined:
            continue
        for place, verdict in enumerate(found):
            holds[place].append(verdict)
    always = [bool(verdicts) and all(verdicts) for verdicts in holds]
    never = [bool(verdicts) and not any(verdict is not False for verdict in verdicts) for verdicts in holds]
    return (always[0] and never[1]) or (always[1] and never[0])


def apart(a: Node, b: Node, work: Work) -> bool:
    """Whether a point of the one curve in two unknowns clearly lies off the other; some that are apart are not seen."""
    a, b = settled(a, b)
    names = unknowns(a, b)
    if len(names) != 2 or is_open(a) or is_open(b) or len(log_bases(traits(a), traits(b))) > 1:
        return False
    return any(_lies_off(first, second, names, work) for first, second in ((a, b), (b, a)))


def _lies_off(a: Node, b: Node, names: list[str], work: Work) -> bool:
    across, along = names
    for x in _ACROSS:
        before: tuple[Fraction, float] | None = None
        for y in _ALONG:
            value = _real(a, {across: x, along: y}, work)
            if value is not None and before is not None and value * before[1] < 0:
                return _off_between(a, b, names, x, (before[0], y), work)
            before = None if value is None else (y, value)
    return False


def _off_between(a: Node, b: Node, names: list[str], x: Fraction, span: tuple[Fraction, Fraction], work: Work) -> bool:
    """Whether b keeps clear of nought all along the last of the halvings that close in on a root of a."""
    across, along = names
    low, high = span
    start = _real(a, {across: x, along: low}, work)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        value = _real(a, {across: x, along: middle}, work)
        if value is None or start is None or abs(value) > _STEEP:
            return False
        low, high = (middle, high) if value * start > 0 else (low, middle)
    ends = [_real(b, {across: x, along: y}, work) for y in (low, high)]
    near = [_real(a, {across: x, along: y}, work) for y in (low, high)]
    if None in ends or None in near or max(abs(value or 0) for value in near) > _CLEAR / 10:
        return False  # a pole, perhaps
    return all(abs(value or 0) > _CLEAR for value in ends)


def _real(node: Node, at: dict[str, Fraction], work: Work) -> float | None:
    try:
        return as_approx(evaluate(node, Point(at, work))).real
    except Undefined:
        return None


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
