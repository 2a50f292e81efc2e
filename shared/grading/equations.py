"""Two equations are the same where one is a multiple of the other, and differ where a point lies on one curve only."""

from __future__ import annotations

from fractions import Fraction

from shared.grading.answers import Equation, Named, Scalar
from shared.grading.approx import as_approx, same_value
from shared.grading.evaluate import Point, evaluate
from shared.grading.letters import is_open, settled
from shared.grading.points import MAX_UNKNOWNS, REALS, is_linear, judged, log_bases, over_points, unknowns
from shared.grading.precise import agree
from shared.grading.scalars import same
from shared.grading.syntax import Node, Unclear, Undefined, Work, traits

_ACROSS = tuple(Fraction(x, 7) for x in (3, 8, 10, 19))  # positive, as the unknowns may have to be
_ALONG = tuple(Fraction(y, 5) for y in range(1, 48, 3))
_HALVINGS = 24
_STEEP = 1e6
_CLEAR = 1e-3


def as_equation(named: Named) -> Equation:
    """Raises Unclear where the value is no expression, or the name no plain unknown."""
    if not isinstance(named.value, Scalar) or not named.name.isalpha():
        raise Unclear("no equation")
    return Equation(Node("sym", name=named.name), named.value.node)


def same_equation(a: Equation, b: Equation, work: Work) -> bool | None:
    """The same where one is a multiple of the other; different for certain only where both are linear."""
    first, second = (Node("add", (part.left, Node("neg", (part.right,)))) for part in (a, b))
    if unknowns(first) != unknowns(second):
        return None
    verdict = proportional(first, second, work)
    if verdict is True or (is_linear(first, work) and is_linear(second, work)):
        return verdict
    different = one_is_an_identity(first, second, work) or apart(first, second, work)
    return False if different else None


def named_quantity(equation: Equation, node: Node, work: Work) -> bool | None:
    """`AB/CD = 3/4` against `3/4`: what is written in points names what was asked for. Never False."""
    for label, value in ((equation.left, equation.right), (equation.right, equation.left)):
        names = unknowns(label)
        size = label.op == "call" and label.name == "abs"
        points = all(name[:1].isupper() and (size or name[1:2].isupper()) for name in names)
        if names and points and not unknowns(value, node) and same(value, node, work):
            return True
    return None


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
    places = (low, (low + high) / 2, high)
    near = [_real(a, {across: x, along: y}, work) for y in places]
    there = [_real(b, {across: x, along: y}, work) for y in places]
    if any(value is None or abs(value) > _CLEAR for value in near) or None in there:
        return False  # a pole, perhaps
    sizes = [abs(value or 0) for value in there]
    # next to a root of its own b would change by as much as it is
    return min(sizes) > 0 and max(sizes) - min(sizes) < min(sizes) / 100 and len({(v or 0) > 0 for v in there}) == 1


def _real(node: Node, at: dict[str, Fraction], work: Work) -> float | None:
    try:
        return as_approx(evaluate(node, Point(at, work))).real
    except Undefined:
        return None
