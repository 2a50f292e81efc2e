"""Constants that the answer itself brings: the `C` of an antiderivative, the `C_1` and `C_2` of a general solution."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from shared.grading.approx import Value, as_approx
from shared.grading.evaluate import Point, evaluate
from shared.grading.points import REALS, is_linear, over_points, unknowns
from shared.grading.precise import Number, combined, look_again, table
from shared.grading.syntax import Node, Work

MAX_CONSTANTS = 3
_ARBITRARY = re.compile(r"[CcKk]_\w+|C")
_PERHAPS = re.compile(r"[A-EK](?:_\w+)?|c_\w+")


def same_but_for_constant(a: Node, b: Node, base: str, work: Work) -> bool | None:
    """Of expressions with a C that differ: antiderivatives may, by a constant. With `+ C` on one side: undecided."""
    bare_a, bare_b = _without_constant(a), _without_constant(b)
    names = unknowns(bare_a, bare_b)
    if not _variable(names) or (bare_a == a and bare_b == b):
        return False if set(unknowns(a)) == set(unknowns(b)) else None
    if any(name[0].isupper() for name in names) or unknowns(bare_a) != unknowns(bare_b):
        return None
    difference = Node("add", (bare_a, Node("neg", (bare_b,))))
    start: list[tuple[Point, Value]] = []

    def at(point: Point) -> bool | None:
        evaluate(bare_a, point)
        value = evaluate(difference, point)
        start.append((point, value))
        verdict = _alike(start[0][1], value)
        return look_again(difference, start[0][0], difference, point, start[0][1], value) if verdict else verdict

    verdict = over_points(bare_a, bare_b, names, at, base, work)
    if verdict and (bare_a == a or bare_b == b or is_linear(bare_a, work)):
        return None
    return verdict


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
    """The sum without its terms `+ C` (or `+ c`, where no C is in it)."""
    names = set(unknowns(node))
    return _without(node, "C" if "C" in names else "c")


def _without(node: Node, letter: str) -> Node:
    if node.op != "add":
        return node
    left, right = node.kids
    if _is_letter(right, letter):
        return left
    if _is_letter(left, letter):
        return right
    bare = _without(left, letter)
    return node if bare == left else Node("add", (bare, right))


def _is_letter(node: Node, letter: str) -> bool:
    if node.op == "neg":
        node = node.kids[0]
    return node.op == "sym" and node.name == letter


def same_solutions(a: Node, b: Node, work: Work, owned: bool) -> bool | None:
    """General solutions that differ as written: do they range over the same functions?

    None: no telling, or letters that the problem may give. `owned`: they are said to be some function's value.
    Linear in the constants on both sides, they do when each column of one is a sum of multiples of the other's.
    """
    mine, others = set(unknowns(a)), set(unknowns(b))
    constants_a, constants_b = _constants(mine), _constants(others)
    rest = sorted((mine | others) - {*constants_a, *constants_b})
    sizes = {len(constants_a), len(constants_b)}
    if min(sizes) == 0 or max(sizes) > MAX_CONSTANTS or not _variable(rest):
        free = not rest and all(_ARBITRARY.fullmatch(name) for name in mine | others)  # `y = 2C`
        return False if mine == others and not free else None
    rows = [dict(zip(rest, row, strict=False)) for row in REALS[: max(sizes) + 2]]
    first, second = _columns(a, constants_a, rows, work), _columns(b, constants_b, rows, work)
    if first is None or second is None:
        return None
    particular = [y - x for x, y in zip(first[0], second[0], strict=True)]
    wanted = [*((first[1:], column) for column in second[1:]), *((second[1:], column) for column in first[1:])]
    verdicts = {combined(columns, column) for columns, column in [*wanted, (first[1:], particular)]}
    same = None if None in verdicts else False not in verdicts
    letters = {*constants_a, *constants_b}
    sure = all(_ARBITRARY.fullmatch(name) for name in letters)
    if same:
        return True if sure and owned else None
    return same if sure or mine == others else None


def _variable(names: Sequence[str]) -> bool:
    """Whether there is something to be a function of: of angles A and B, C is an angle."""
    return any(name[0].islower() for name in names)


def _constants(names: set[str]) -> list[str]:
    sure = sorted(name for name in names if _ARBITRARY.fullmatch(name))
    perhaps = sorted(name for name in names if _PERHAPS.fullmatch(name))
    return sure or (perhaps if len(perhaps) > 1 else [])  # a lone A is the problem's


def _columns(
    node: Node, constants: Sequence[str], rows: list[dict[str, Fraction]], work: Work
) -> list[list[Number]] | None:
    """The particular solution and the factor of each constant, over the rows; None where it is not linear in them."""

    def at(values: Sequence[int]) -> list[Number]:
        given = {name: Fraction(value) for name, value in zip(constants, values, strict=True)}
        return table(node, [Point(row | given, work) for row in rows])

    places = range(len(constants))
    particular = at([0] * len(constants))
    columns = [[x - y for x, y in zip(at([int(p == q) for q in places]), particular, strict=True)] for p in places]
    mixed = at([place + 2 for place in places])
    for row, value in enumerate(mixed):
        sum_of_terms = particular[row] + sum((place + 2) * columns[place][row] for place in places)
        if abs(value - sum_of_terms) > 1e-20 * max(1, abs(value)):
            return None
    return [particular, *columns]
