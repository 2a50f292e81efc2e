"""A second look, at some 60 digits: doubles take `e^{π√163}` for a whole number.

What doubles call equal is computed again with mpmath. The bound on the error that the doubles carried (approx.py) is
linear in their precision, so at more digits the same bound shrinks with it. An expression that meets very large or
very small numbers on its way gets digits for those as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from mpmath.ctx_mp import MPContext

from shared.grading.approx import EPS, Value, as_approx, exact_root, same_value
from shared.grading.evaluate import Point, evaluate
from shared.grading.syntax import Node, Unclear

BITS = 200  # some 60 digits
MAX_BITS = 4_000
_SLACK = 16  # bits, for the terms of second order and for roundings counted too tightly
_DOUBLE_BITS = 52

Number = Any  # mpmath ships no types: Fraction, mpf or mpc

_mp = MPContext()  # of our own: its precision is nobody else's
_mp.prec = BITS
_FUNCTIONS: dict[str, Callable[[Number], Number]] = {
    "sin": _mp.sin, "cos": _mp.cos, "tan": _mp.tan, "sec": _mp.sec, "csc": _mp.csc, "cot": _mp.cot,
    "sinh": _mp.sinh, "cosh": _mp.cosh, "tanh": _mp.tanh, "arcsin": _mp.asin, "arccos": _mp.acos, "arctan": _mp.atan,
    "ln": _mp.ln, "exp": _mp.exp, "log10": lambda x: _mp.ln(x) / _mp.ln(10),
}  # fmt: skip


def agree(a: Node, at_a: Point, b: Node, at_b: Point) -> tuple[bool | None, Value, Value]:
    """Whether a has the value here that b has there, and both values. Raises as `evaluate` does."""
    x, y = evaluate(a, at_a), evaluate(b, at_b)
    verdict = same_value(x, y)
    return (look_again(a, at_a, b, at_b, x, y) if verdict else verdict), x, y


def look_again(a: Node, at_a: Point, b: Node, at_b: Point, x: Value, y: Value) -> bool:
    """Whether two values that doubles call equal are."""
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x == y
    p, q = as_approx(x), as_approx(y)
    bound = p.error + q.error + max(abs(p.value), abs(q.value)) * EPS
    bits = BITS
    for more in (True, False):
        with _mp.workprec(bits):
            first, second = _Evaluation(at_a, bits), _Evaluation(at_b, bits)
            apart = abs(_real(first.value(a)) - _real(second.value(b)))
            if apart > _mp.ldexp(_mp.mpf(bound), _DOUBLE_BITS - bits + _SLACK):
                return False
        wanted = BITS + 2 * max(first.widest, second.widest)
        if wanted <= bits or not more:
            break  # what is wider still is no more than the rounding of a nought
        if wanted > MAX_BITS:
            raise Unclear("too many digits")
        bits = wanted
    return True


def table(node: Node, points: Sequence[Point]) -> list[Number]:
    """The values at these points, some 60 digits of each. Raises as `evaluate` does."""
    for point in points:
        evaluate(node, point)
    with _mp.workprec(BITS):
        return [_real(_Evaluation(point, BITS).value(node)) for point in points]


def combined(columns: Sequence[Sequence[Number]], wanted: Sequence[Number]) -> bool | None:
    """Whether one sum of multiples of the columns gives what is wanted, in more rows than columns; None: no telling."""
    size = len(columns)
    with _mp.workprec(BITS):
        square = _mp.matrix([[column[row] for column in columns] for row in range(size)])
        try:
            shares = _mp.lu_solve(square, _mp.matrix(wanted[:size]))
        except ZeroDivisionError:
            return None
        for row in range(size, len(wanted)):
            terms = [share * column[row] for share, column in zip(shares, columns, strict=True)]
            scale = max(abs(term) for term in (*terms, wanted[row], _mp.mpf(1)))
            if abs(sum(terms) - wanted[row]) > _mp.ldexp(scale, -BITS // 2):
                return False
    return True


def _real(value: Number) -> Number:
    """A rational at the precision in force; any other as it is."""
    return _mp.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


class _Evaluation:
    """As `evaluate`, which has already found that the expression has a value here."""

    def __init__(self, at: Point, bits: int) -> None:
        self._at = at
        self._steps = 1 + bits // 64
        self.widest = 0  #: bits between one and the largest or smallest number on the way

    def value(self, node: Node) -> Number:
        self._at.work.spend(self._steps)
        found = self._found(node)
        if isinstance(found, Fraction):
            width = max(found.numerator.bit_length(), found.denominator.bit_length())
        elif found:
            width = abs(int(_mp.mag(found)))
        else:
            width = 0
        self.widest = max(self.widest, width)
        return found

    def _found(self, node: Node) -> Number:
        if node.op == "num":
            return node.value
        if node.op == "sym":
            return self._symbol(node.name)
        if node.op == "call" and node.name == "log":
            return self._log(node)
        if node.op == "pow" and node.kids[0] == Node("sym", name="e"):
            return _mp.exp(_real(self.value(node.kids[1])))
        kids = [self.value(kid) for kid in node.kids]
        if node.op in ("fact", "binom", "apply"):
            return evaluate(node, self._at)  # exact, or not at all
        if node.op == "call":
            return self._call(node.name, kids[0])
        return self._operation(node.op, kids)

    def _symbol(self, name: str) -> Number:
        if name in self._at.unknowns:
            value = self._at.unknowns[name]
            if not isinstance(value, Fraction):
                raise Unclear("an unknown known to a double's precision")
            return value
        return {"π": +_mp.pi, "e": +_mp.e, "i": _mp.mpc(0, 1)}[name]

    def _operation(self, op: str, kids: list[Number]) -> Number:
        if op == "pow":
            return self._power(kids[0], kids[1])
        if op in ("add", "mul", "div") and not all(isinstance(kid, Fraction) for kid in kids):
            kids = [kid if kid == 0 and isinstance(kid, Fraction) else _real(kid) for kid in kids]
        match op:
            case "pos":
                return kids[0]
            case "neg":
                return -kids[0]
            case "add":
                return kids[1] if kids[0] == 0 else kids[0] if kids[1] == 0 else kids[0] + kids[1]
            case "mul":
                return Fraction(0) if kids[0] == 0 or kids[1] == 0 else kids[0] * kids[1]
            case "div":
                return Fraction(0) if kids[0] == 0 else kids[0] / kids[1]
            case "deg":
                return _real(kids[0]) * _mp.pi / 180
            case "pct":
                return kids[0] / 100
        raise Unclear(f"the operation {op}")

    def _power(self, a: Number, b: Number) -> Number:
        if isinstance(b, Fraction) and b.denominator == 1:
            if isinstance(a, Fraction):
                return Fraction(a**b.numerator)
            return a**b.numerator
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            if a == 0:
                return Fraction(0)
            if a < 0 and self._at.real:
                positive = self._power(-a, b)
                return positive if b.numerator % 2 == 0 else -positive
            if a < 0:
                return _mp.mpc(0, 1) * _real(self._power(-a, b))
            if b.denominator <= 64 and (root := exact_root(a, b.denominator)) is not None:
                return Fraction(root**b.numerator)
        return _mp.exp(_real(b) * _mp.ln(_real(a)))

    def _log(self, node: Node) -> Number:
        argument = _real(self.value(node.kids[0]))
        if len(node.kids) == 1:
            return _FUNCTIONS[self._at.log_base](argument)
        return _mp.ln(argument) / _mp.ln(_real(self.value(node.kids[1])))

    def _call(self, name: str, argument: Number) -> Number:
        if name == "abs":
            return abs(argument)
        if name in ("floor", "ceil"):
            if isinstance(argument, Fraction):
                return Fraction(argument.__floor__() if name == "floor" else argument.__ceil__())
            return Fraction(int(_mp.floor(argument.real) if name == "floor" else _mp.ceil(argument.real)))
        if name not in _FUNCTIONS:
            raise Unclear(f"the function {name}")
        return _FUNCTIONS[name](_real(argument))
