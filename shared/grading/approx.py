"""Numbers with the error that floating point may have put into them.

A value is an exact Fraction or an Approx: a complex number that lies within `error` of the true one (running error
analysis, Higham, Accuracy and Stability of Numerical Algorithms, section 3.3; every bound is taken generously).
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from fractions import Fraction

from shared.grading.syntax import Unclear, Undefined, Work

EPS = 2.0**-52
MAX_BITS = 14_000  # of an exact number; inputs hold at most 4,000 digits
MAX_FLOAT_POWER = 10_000


@dataclass(frozen=True, slots=True)
class Approx:
    """Within `error` of the true value."""

    value: complex
    error: float

    @property
    def real(self) -> float:
        """Raises Unclear where the value is not real beyond doubt."""
        if abs(self.value.imag) > self.error:
            raise Unclear("not a real number")
        return self.value.real

    @property
    def may_be_zero(self) -> bool:
        return abs(self.value) <= self.error


Value = Fraction | Approx


def as_approx(value: Value) -> Approx:
    if isinstance(value, Approx):
        return value
    try:
        number = float(value)
    except OverflowError:
        raise Unclear("too large") from None
    if number == 0 and value != 0:
        raise Unclear("too small")
    return Approx(complex(number), 0.0 if value == Fraction(number) else abs(number) * EPS)


def checked(value: complex, error: float) -> Approx:
    """With the rounding of the last step. Raises Unclear on overflow."""
    if not (cmath.isfinite(value) and math.isfinite(error)):
        raise Unclear("too large")
    return Approx(value, error + abs(value) * 2 * EPS)


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _exact(value: Fraction, work: Work) -> Fraction:
    bits = _bits(value)
    if bits > 2 * MAX_BITS:
        raise Unclear("too large")
    work.spend(1 + bits // 32)
    return value


def negative(a: Value) -> Value:
    return -a if isinstance(a, Fraction) else Approx(-a.value, a.error)


def add(a: Value, b: Value, work: Work) -> Value:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return _exact(a + b, work)
    work.spend()
    x, y = as_approx(a), as_approx(b)
    return checked(x.value + y.value, x.error + y.error)


def multiply(a: Value, b: Value, work: Work) -> Value:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return _exact(a * b, work)
    work.spend()
    if a == 0 or b == 0:
        return Fraction(0)
    x, y = as_approx(a), as_approx(b)
    value = x.value * y.value
    if value == 0 and x.value != 0 and y.value != 0:
        raise Unclear("too small")
    return checked(value, abs(x.value) * y.error + abs(y.value) * x.error + x.error * y.error + abs(value) * EPS)


def divide(a: Value, b: Value, work: Work) -> Value:
    if isinstance(b, Fraction):
        if b == 0:
            raise Undefined("division by zero")
        return multiply(a, 1 / b, work)
    work.spend()
    if abs(b.value) <= 8 * b.error:
        raise Undefined("division by what may be zero")
    inverse = 1 / b.value
    return multiply(a, checked(inverse, abs(inverse) * b.error / (abs(b.value) - b.error)), work)


def exact_root(value: Fraction, index: int) -> Fraction | None:
    """The index-th root of a positive rational, where it is rational."""

    def integer_root(number: int) -> int | None:
        if index == 2:
            root = math.isqrt(number)
        elif number.bit_length() <= 200:
            root = round(number ** (1 / index))
        else:
            return None
        return root if root**index == number else None

    top, bottom = integer_root(value.numerator), integer_root(value.denominator)
    return Fraction(top, bottom) if top is not None and bottom else None


def power(a: Value, b: Value, work: Work, *, real: bool) -> Value:
    """a to the b. `real`: there are unknowns, so that roots of negative numbers are odd ones or undefined."""
    if isinstance(b, Fraction) and b.denominator == 1:
        return _integer_power(a, b.numerator, work)
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        if a == 0:
            if b > 0:
                return Fraction(0)
            raise Undefined("zero to a negative power")
        if a < 0:
            if real and b.denominator % 2:
                positive = power(-a, b, work, real=real)
                return positive if b.numerator % 2 == 0 else negative(positive)
            if real:
                raise Undefined("an even root of a negative number")
            if b != Fraction(1, 2):
                raise Unclear("which root of a negative number")
            return multiply(power(-a, b, work, real=real), Approx(1j, 0.0), work)
        if b.denominator <= 64 and (root := exact_root(a, b.denominator)) is not None:
            return _integer_power(root, b.numerator, work)
    work.spend(2)
    x, y = as_approx(a), as_approx(b)
    base = x.real
    if base <= 2 * x.error:
        if real and base < -2 * x.error:
            raise Undefined("a power of a negative number")
        raise Unclear("a power of what may not be positive")
    logarithm = math.log(base)
    exponent = y.value * logarithm
    spread = abs(y.value) * x.error / (base - x.error) + abs(logarithm) * y.error + abs(exponent) * 4 * EPS
    return exponential(Approx(exponent, spread))


def exponential(x: Approx) -> Approx:
    if not -600 < x.value.real < 600 or x.error > 1e-3:
        raise Unclear("too large or too small")
    value = cmath.exp(x.value)
    return checked(value, abs(value) * (2 * x.error + 4 * EPS))


def _integer_power(a: Value, exponent: int, work: Work) -> Value:
    if isinstance(a, Fraction):
        if a == 0 and exponent <= 0:
            raise Undefined("zero to a power that is not positive")
        if abs(a) != 1 and a != 0 and _bits(a) * abs(exponent) > MAX_BITS:
            raise Unclear("too large")
        return _exact(a ** (exponent if abs(a) != 1 else exponent % 2), work)
    work.spend(2)
    if abs(exponent) > MAX_FLOAT_POWER:
        raise Unclear("too large")
    if exponent == 0:
        return Fraction(1)
    size = abs(a.value)
    if size <= 16 * a.error * abs(exponent):
        raise Undefined("a power of what may be zero")
    value = a.value**exponent
    if value == 0:
        raise Unclear("too small")
    return checked(value, abs(value) * abs(exponent) * (2 * a.error / size + 8 * EPS))


def same_value(a: Value, b: Value) -> bool | None:
    """True: equal as far as doubles tell; False: clearly different; None: too close, or too inexact, to say."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a == b
    x, y = as_approx(a), as_approx(b)
    scale = max(abs(x.value), abs(y.value))
    bound, apart = x.error + y.error, abs(x.value - y.value)
    if apart <= bound:
        if bound <= 1e-10 * scale:
            return True
        return True if x.may_be_zero and y.may_be_zero and bound <= 1e-12 else None
    return False if apart > 1e-6 * scale and apart > 100 * bound else None
