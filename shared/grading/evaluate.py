"""The value of an expression at a point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from shared.grading.approx import (
    EPS,
    Approx,
    Value,
    add,
    as_approx,
    divide,
    exponential,
    multiply,
    negative,
    power,
)
from shared.grading.functions import call
from shared.grading.letters import opaque
from shared.grading.syntax import Node, Unclear, Undefined, Work

MAX_FACTORIAL = 1000
CONSTANTS: dict[str, Value] = {
    "π": Approx(complex(math.pi), EPS),
    "e": Approx(complex(math.e), EPS),
    "i": Approx(1j, 0.0),
}


@dataclass(frozen=True, slots=True)
class Point:
    """Where to evaluate: values of the unknowns, the base that a bare `log` has, and the bound on work."""

    unknowns: Mapping[str, Value]
    work: Work
    log_base: str = "ln"

    @property
    def real(self) -> bool:
        return bool(self.unknowns)


def evaluate(node: Node, at: Point) -> Value:
    """Raises Undefined where there is no value, Unclear where it cannot be found with certainty."""
    at.work.spend()
    match node.op:
        case "num":
            return node.value
        case "sym":
            if node.name in at.unknowns:
                return at.unknowns[node.name]
            if node.name in CONSTANTS:
                return CONSTANTS[node.name]
            raise Unclear("an unknown without a value")
        case "inf":
            raise Unclear("infinity is no number")
        case "pow" if node.kids[0] == Node("sym", name="e"):
            return _exp(evaluate(node.kids[1], at))
        case "call" if node.name == "log":
            return _log(node, at)
        case "apply":
            return _applied(node, at)
    kids = [evaluate(kid, at) for kid in node.kids]
    match node.op:
        case "pos":
            return kids[0]
        case "neg":
            return negative(kids[0])
        case "add":
            return add(kids[0], kids[1], at.work)
        case "mul":
            return multiply(kids[0], kids[1], at.work)
        case "div":
            return divide(kids[0], kids[1], at.work)
        case "pow":
            return power(kids[0], kids[1], at.work, real=at.real)
        case "call":
            return _exp(kids[0]) if node.name == "exp" else call(node.name, kids[0], at.work)
        case "deg":
            return divide(multiply(kids[0], CONSTANTS["π"], at.work), Fraction(180), at.work)
        case "pct":
            return divide(kids[0], Fraction(100), at.work)
        case "fact":
            return _factorial(kids[0], at.work)
        case "binom":
            return _binomial(kids[0], kids[1], at.work)
    raise Unclear(f"the operation {node.op}")


def _exp(exponent: Value) -> Value:
    return Fraction(1) if exponent == 0 else exponential(as_approx(exponent))


def _log(node: Node, at: Point) -> Value:
    value = evaluate(node.kids[0], at)
    if len(node.kids) == 1:
        return call(at.log_base, value, at.work)
    return divide(call("ln", value, at.work), call("ln", evaluate(node.kids[1], at), at.work), at.work)


def _applied(node: Node, at: Point) -> Value:
    argument = evaluate(node.kids[1], at)
    if not isinstance(argument, Fraction):
        raise Unclear("a function of what is known roughly")
    return opaque(node.kids[0], argument)


def _whole(value: Value) -> int:
    if not isinstance(value, Fraction):
        raise Unclear("perhaps no whole number")
    if value.denominator != 1 or value < 0:
        raise Undefined("no whole number")
    return value.numerator


def _factorial(value: Value, work: Work) -> Value:
    number = _whole(value)
    if number > MAX_FACTORIAL:
        raise Unclear("too large a factorial")
    work.spend(1 + number // 4)
    return Fraction(math.factorial(number))


def _binomial(top: Value, bottom: Value, work: Work) -> Value:
    n, k = _whole(top), _whole(bottom)
    if n > 2 * MAX_FACTORIAL:
        raise Unclear("too large a binomial")
    work.spend(1 + n // 4)
    return Fraction(math.comb(n, k))
