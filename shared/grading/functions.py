"""Elementary functions, with bounds on their error."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from fractions import Fraction

from shared.grading.approx import EPS, Approx, Value, as_approx, checked, divide, exponential
from shared.grading.syntax import Unclear, Undefined, Work

_Derivative = Callable[[complex], complex]
_FUNCTIONS: dict[str, tuple[Callable[[complex], complex], _Derivative]] = {
    "sin": (cmath.sin, cmath.cos),
    "cos": (cmath.cos, cmath.sin),
    "tan": (cmath.tan, lambda x: 1 + cmath.tan(x) ** 2),
    "sinh": (cmath.sinh, cmath.cosh),
    "cosh": (cmath.cosh, cmath.sinh),
    "tanh": (cmath.tanh, lambda _: 1),
    "arctan": (cmath.atan, lambda x: 1 / (1 + x * x)),
    "ln": (cmath.log, lambda x: 1 / x),
    "arcsin": (cmath.asin, lambda x: 1 / cmath.sqrt(1 - x * x)),
    "arccos": (cmath.acos, lambda x: 1 / cmath.sqrt(1 - x * x)),
}
_RECIPROCALS = {"sec": "cos", "csc": "sin", "cot": "tan"}


def call(name: str, argument: Value, work: Work) -> Value:
    """A function of one argument. Raises Undefined outside of its real domain."""
    work.spend(3)
    if name in ("abs", "floor", "ceil"):
        return _of_size(name, argument)
    if name == "exp":
        return exponential(as_approx(argument)) if argument != 0 else Fraction(1)
    if name in _RECIPROCALS:
        return divide(Fraction(1), call(_RECIPROCALS[name], argument, work), work)
    if name == "log10":
        return divide(call("ln", argument, work), Approx(complex(math.log(10)), 4 * EPS), work)
    if name not in _FUNCTIONS:
        raise Unclear(f"the function {name}")
    x = as_approx(argument)
    if name == "ln" and x.real <= 2 * x.error:
        raise Undefined("a logarithm of what may not be positive")
    if name in ("arcsin", "arccos") and abs(x.real) >= 1 - 4 * x.error:
        if isinstance(argument, Fraction) and abs(argument) == 1:
            return checked(_FUNCTIONS[name][0](x.value), 0.0)
        raise Undefined("outside of -1 … 1")
    if name != "ln" and (abs(x.value) > 1e6 or x.error > 1e-6):
        raise Unclear("too large for exact angles")
    function, derivative = _FUNCTIONS[name]
    value = function(x.value)
    # twice the slope, and a term of second order, for its change within the error
    spread = 2 * abs(derivative(x.value)) * x.error + (0 if name == "ln" else 4 * x.error**2)
    return checked(value, spread + 4 * EPS * max(abs(value), EPS))


def _of_size(name: str, argument: Value) -> Value:
    if isinstance(argument, Fraction):
        if name == "abs":
            return abs(argument)
        return Fraction(math.floor(argument) if name == "floor" else math.ceil(argument))
    if name == "abs":
        return checked(complex(abs(argument.value)), argument.error)
    low, high = argument.real - 4 * argument.error, argument.real + 4 * argument.error
    rounded = math.floor(low) if name == "floor" else math.ceil(low)
    if rounded != (math.floor(high) if name == "floor" else math.ceil(high)):
        raise Unclear("on a step")
    return Fraction(rounded)
