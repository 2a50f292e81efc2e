"""Sets of real numbers made of intervals: `(0, 1]`, `x < 2 or x > 5`, `R without {2}`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key
from typing import Literal

from shared.grading.approx import Value, add, as_approx, divide, multiply, negative, same_value
from shared.grading.evaluate import Point, evaluate
from shared.grading.scalars import unknowns
from shared.grading.syntax import Node, Unclear, Work


@dataclass(frozen=True, slots=True)
class Region:
    """A span between `low` and `high` (None: without end), or others joined. `name`: the unknown it was written of."""

    op: Literal["span", "or", "and", "not"]
    parts: tuple[Region, ...] = ()
    low: Value | None = None
    high: Value | None = None
    closed: tuple[bool, bool] = (False, False)
    name: str = ""


def union(parts: Sequence[Region]) -> Region:
    return Region("or", tuple(parts), name=_common_name(parts))


def intersection(parts: Sequence[Region]) -> Region:
    return Region("and", tuple(parts), name=_common_name(parts))


def without(whole: Region, values: Sequence[Value]) -> Region:
    points = [Region("not", (Region("span", (), value, value, (True, True)),)) for value in values]
    return Region("and", (whole, *points), name=whole.name)


def _common_name(parts: Sequence[Region]) -> str:
    names = {part.name for part in parts if part.name}
    if len(names) > 1:
        raise Unclear("two unknowns")
    return names.pop() if names else ""


def interval(opening: str, low: Node, high: Node, closing: str, work: Work) -> Region:
    """Raises Unclear where the bounds are no numbers in ascending order."""
    start, end = _bound(low, -1, work), _bound(high, 1, work)
    if start is not None and end is not None and _order(start, end) >= 0:
        raise Unclear("no ascending bounds")
    return Region("span", (), start, end, (opening == "[", closing == "]"))


def _bound(node: Node, side: int, work: Work) -> Value | None:
    """A number, or None for the infinity of this side."""
    if node.op == "inf":
        if side < 0:
            raise Unclear("infinity as a lower bound")
        return None
    if node.op == "neg" and node.kids[0].op == "inf":
        if side > 0:
            raise Unclear("minus infinity as an upper bound")
        return None
    return evaluate(node, Point({}, work))


def inequality(left: Node, sign: str, right: Node, work: Work) -> Region:
    """The solutions of a linear inequality in one unknown. Raises Unclear for any other."""
    if left.op == "inf" or right.op == "inf":
        raise Unclear("a comparison with infinity")
    names = unknowns(left, right)
    if len(names) != 1:
        raise Unclear("not one unknown")

    def difference(x: int) -> Value:
        point = Point({names[0]: Fraction(x)}, work)
        return add(evaluate(left, point), negative(evaluate(right, point)), work)

    at_zero, at_one = difference(0), difference(1)
    slope = add(at_one, negative(at_zero), work)
    for x in (2, -3, 7):
        if same_value(difference(x), add(at_zero, multiply(Fraction(x), slope, work), work)) is not True:
            raise Unclear("not linear")
    edge = divide(negative(at_zero), slope, work)
    if as_approx(slope).real < 0:
        sign = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}.get(sign, sign)
    closed = sign in ("≤", "≥")
    if sign == "≠":
        return Region("not", (Region("span", (), edge, edge, (True, True)),), name=names[0])
    if sign in ("<", "≤"):
        return Region("span", (), None, edge, (False, closed), names[0])
    return Region("span", (), edge, None, (closed, False), names[0])


def same_region(a: Region, b: Region) -> bool | None:
    """Compared on each end point of either and on the gaps between them."""
    ends = _distinct([*_ends(a), *_ends(b)])
    equal = all(_contains(a, cell, ends) == _contains(b, cell, ends) for cell in range(2 * len(ends) + 1))
    if equal and a.name and b.name and a.name != b.name:
        return None
    return equal


def _ends(region: Region) -> list[Value]:
    own = [end for end in (region.low, region.high) if end is not None]
    return own + [end for part in region.parts for end in _ends(part)]


def _order(a: Value, b: Value) -> int:
    equal = same_value(a, b)
    if equal is None:
        raise Unclear("ends too close to tell apart")
    if equal:
        return 0
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return -1 if a < b else 1
    return -1 if as_approx(a).real < as_approx(b).real else 1


def _distinct(ends: list[Value]) -> list[Value]:
    found: list[Value] = []
    for end in sorted(ends, key=cmp_to_key(_order)):
        if not found or _order(found[-1], end) != 0:
            found.append(end)
    return found


def _contains(region: Region, cell: int, ends: list[Value]) -> bool:
    """Cells count from the far left: gap 0, end point 1, gap 2, …"""
    match region.op:
        case "or":
            return any(_contains(part, cell, ends) for part in region.parts)
        case "and":
            return all(_contains(part, cell, ends) for part in region.parts)
        case "not":
            return not _contains(region.parts[0], cell, ends)
    start = -1 if region.low is None else _cell(region.low, ends)
    end = 2 * len(ends) + 1 if region.high is None else _cell(region.high, ends)
    return start < cell < end or (cell == start and region.closed[0]) or (cell == end and region.closed[1])


def _cell(value: Value, ends: list[Value]) -> int:
    return next(2 * place + 1 for place, end in enumerate(ends) if _order(value, end) == 0)
