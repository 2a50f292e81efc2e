"""Sets of real numbers made of intervals: `(0, 1]`, `x < 2 or x > 5`, `R without {2}`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cmp_to_key

from shared.grading.answers import Region
from shared.grading.approx import add, as_approx, multiply, same_value
from shared.grading.evaluate import Point, evaluate
from shared.grading.letters import settled
from shared.grading.points import INTEGER_NAMES, unknowns
from shared.grading.scalars import marks, same, unmarked
from shared.grading.syntax import Node, Unclear, Work, number, substituted


def union(parts: Sequence[Region]) -> Region:
    return Region("or", tuple(parts), name=_common_name(parts))


def intersection(parts: Sequence[Region]) -> Region:
    return Region("and", tuple(parts), name=_common_name(parts))


def only_excludes(region: Region) -> bool:
    """Whether it says no more than `x ≠ 2`."""
    return region.op == "not" or (region.op == "and" and all(map(only_excludes, region.parts)))


def points(values: Sequence[Node], work: Work) -> Region:
    """Single numbers. Raises Unclear or Undefined where one has no value."""
    for value in values:
        evaluate(value, Point({}, work))
    return Region("or", tuple(Region("span", (), value, value, (True, True)) for value in values))


def without(whole: Region, values: Sequence[Node]) -> Region:
    missing = [Region("not", (Region("span", (), value, value, (True, True)),)) for value in values]
    return Region("and", (whole, *missing), name=whole.name)


def _common_name(parts: Sequence[Region]) -> str:
    names = {part.name for part in parts if part.name}
    if len(names) > 1:
        raise Unclear("two unknowns")
    return names.pop() if names else ""


def interval(opening: str, low: Node, high: Node, closing: str, work: Work) -> Region:
    """Raises Unclear where the bounds are no numbers in ascending order."""
    start, end = _bound(low, -1, work), _bound(high, 1, work)
    if start is not None and end is not None and _order(start, end, work) >= 0:
        raise Unclear("no ascending bounds")
    return Region("span", (), start, end, (opening == "[", closing == "]"))


def _bound(node: Node, side: int, work: Work) -> Node | None:
    """A number, or None for the infinity of this side."""
    if node.op == "inf":
        if side < 0:
            raise Unclear("infinity as a lower bound")
        return None
    if node.op == "neg" and node.kids[0].op == "inf":
        if side > 0:
            raise Unclear("minus infinity as an upper bound")
        return None
    evaluate(node, Point({}, work))
    return node


def inequality(left: Node, sign: str, right: Node, work: Work) -> Region:
    """The solutions of a linear inequality in one unknown. Raises Unclear for any other."""
    if left.op == "inf" or right.op == "inf":
        raise Unclear("a comparison with infinity")
    left, right = settled(left, right)
    names = unknowns(left, right)
    if len(names) != 1:
        raise Unclear("not one unknown")
    if (sizes := _of_a_size(left, sign, right, work)) is not None:
        return sizes

    def difference(x: int) -> Node:
        return substituted(Node("add", (left, Node("neg", (right,)))), names[0], number(x))

    values = {x: evaluate(difference(x), Point({}, work)) for x in (0, 1, 2, -3, 7)}
    slope = add(values[1], multiply(Fraction(-1), values[0], work), work)
    for x in (2, -3, 7):
        if same_value(values[x], add(values[0], multiply(Fraction(x), slope, work), work)) is not True:
            raise Unclear("not linear")
    edge = _edge(difference(0), difference(1), work)
    if as_approx(slope).real < 0:
        sign = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}.get(sign, sign)
    closed = sign in ("≤", "≥")
    if sign == "≠":
        return Region("not", (Region("span", (), edge, edge, (True, True)),), name=names[0])
    if sign in ("<", "≤"):
        return Region("span", (), None, edge, (False, closed), names[0])
    return Region("span", (), edge, None, (closed, False), names[0])


def _of_a_size(left: Node, sign: str, right: Node, work: Work) -> Region | None:
    """`|x - 1| < 4` as two inequalities; None for another."""
    if right.op == "call" and right.name == "abs" and sign in _MIRRORED:
        left, sign, right = right, _MIRRORED[sign], left
    if left.op != "call" or left.name != "abs" or sign not in _MIRRORED or unknowns(right):
        return None
    if as_approx(evaluate(right, Point({}, work))).real <= 0:
        raise Unclear("a size that is not positive")
    low = inequality(left.kids[0], _MIRRORED[sign], Node("neg", (right,)), work)
    high = inequality(left.kids[0], sign, right, work)
    return intersection([low, high]) if sign in "<≤" else union([low, high])


_MIRRORED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}


def _edge(at_zero: Node, at_one: Node, work: Work) -> Node:
    """Where a linear function with these values at 0 and 1 is nought."""
    slope = Node("add", (at_one, Node("neg", (at_zero,))))
    node = Node("neg", (Node("div", (at_zero, slope)),))
    value = evaluate(node, Point({}, work))
    return number(value) if isinstance(value, Fraction) else node


def same_region(a: Region, b: Region, work: Work) -> bool | None:
    """Compared on each end point of either and on the gaps between them."""
    places, count = _places([*_ends(a), *_ends(b)], work)
    equal = all(_contains(a, cell, places, count) == _contains(b, cell, places, count) for cell in range(2 * count + 1))
    if equal and a.name and b.name and a.name != b.name:
        return None
    if not equal and any(part.name[:1] in INTEGER_NAMES for part in (a, b) if part.name):
        return False if _integers_apart(a, b, work) else None  # `n > 3` and `n ≥ 4`
    return equal


def same_but_for_marks(a: Region, b: Region, work: Work, *, forgiving: bool) -> bool | None:
    """`forgiving`: degree or percent signs may be missing at the ends of one."""
    verdict = same_region(a, b, work)
    if verdict is not False or not forgiving or _marked(a) == _marked(b):
        return verdict
    return True if same_region(_bare(a), _bare(b), work) else None


def _marked(region: Region) -> bool:
    return any(map(marks, _ends(region)))


def _bare(region: Region) -> Region:
    low, high = (None if end is None else unmarked(end) for end in (region.low, region.high))
    return replace(region, parts=tuple(map(_bare, region.parts)), low=low, high=high)


def touches(region: Region, node: Node, work: Work) -> bool:
    """Whether the number may be an end of the region: `x ≥ 4` may be said for its bound."""
    return any(same(end, node, work) is not False for end in _ends(region))


def _integers_apart(a: Region, b: Region, work: Work) -> bool:
    """Whether a whole number near the ends is in one of them only."""
    ends = [as_approx(evaluate(end, Point({}, work))).real for end in [*_ends(a), *_ends(b)]]
    near = {x + step for end in ends for x in (math.floor(end), math.ceil(end)) for step in (-1, 0, 1)}
    return any(_holds(a, x, work) != _holds(b, x, work) for x in sorted(near))


def _holds(region: Region, x: int, work: Work) -> bool:
    work.spend()
    match region.op:
        case "or":
            return any(_holds(part, x, work) for part in region.parts)
        case "and":
            return all(_holds(part, x, work) for part in region.parts)
        case "not":
            return not _holds(region.parts[0], x, work)
    low = 1 if region.low is None else _order(number(x), region.low, work)
    high = -1 if region.high is None else _order(number(x), region.high, work)
    return (low > 0 or (low == 0 and region.closed[0])) and (high < 0 or (high == 0 and region.closed[1]))


def _ends(region: Region) -> list[Node]:
    own = [end for end in (region.low, region.high) if end is not None]
    return own + [end for part in region.parts for end in _ends(part)]


def _order(a: Node, b: Node, work: Work) -> int:
    work.spend(2)
    equal = same(a, b, work)
    if equal is None:
        raise Unclear("ends too close to tell apart")
    if equal:
        return 0
    x, y = (evaluate(node, Point({}, work)) for node in (a, b))
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return -1 if x < y else 1
    return -1 if as_approx(x).real < as_approx(y).real else 1


def _places(ends: list[Node], work: Work) -> tuple[dict[int, int], int]:
    """By the identity of an end: which of the distinct ends it is, in ascending order; and how many these are."""

    def order(a: Node, b: Node) -> int:
        return _order(a, b, work)

    places: dict[int, int] = {}
    last: Node | None = None
    count = 0
    for end in sorted(ends, key=cmp_to_key(order)):
        if last is None or _order(last, end, work) != 0:
            count += 1
        places[id(end)] = count - 1
        last = end
    work.spend(count * len(ends) // 8)
    return places, count


def _contains(region: Region, cell: int, places: dict[int, int], count: int) -> bool:
    """Cells count from the far left: gap 0, end point 1, gap 2, …"""
    match region.op:
        case "or":
            return any(_contains(part, cell, places, count) for part in region.parts)
        case "and":
            return all(_contains(part, cell, places, count) for part in region.parts)
        case "not":
            return not _contains(region.parts[0], cell, places, count)
    start = -1 if region.low is None else 2 * places[id(region.low)] + 1
    end = 2 * count + 1 if region.high is None else 2 * places[id(region.high)] + 1
    return start < cell < end or (cell == start and region.closed[0]) or (cell == end and region.closed[1])
