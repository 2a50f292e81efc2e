"""Calculus: integrals, derivatives at a point, series. Reference values come from exact power rules."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import ClassVar

from services.simulator.templates.algebra import nonzero
from services.simulator.templates.base import Number, Slips, Template, Values, Wordings


def _at(f: Sequence[int], x: int) -> int:
    return sum(c * x**power for power, c in enumerate(f))


def _derived(f: Sequence[int]) -> list[int]:
    return [power * c for power, c in enumerate(f)][1:]


def _horner(f: Sequence[int], x: int, slips: Slips) -> int:
    value = f[-1] if f else 0
    for coefficient in reversed(f[:-1]):
        value = slips(value * x + coefficient)
    return value


class Integral(Template):
    """The integral of a polynomial between integers."""

    subject, topic = "Calculus", "Definite integrals"
    words = "integration antiderivative areas under curves"
    wordings: ClassVar[Wordings] = {
        level: (
            f"Evaluate the definite integral of the {name} function {{f:poly}} from x = {{a}} to x = {{b}}.",
            f"The {name} function {{f:poly}} is integrated over x from {{a}} to {{b}}. What is the exact value?",
        )
        for level, name in ((1, "linear"), (2, "quadratic"), (3, "cubic"))
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        f = tuple(nonzero(rng, 40) for _ in range(level + 1))
        a = rng.randint(-6, 6)
        b = a + rng.randint(1, 7)
        whole = sum(Fraction(c * (b ** (power + 1) - a ** (power + 1)), power + 1) for power, c in enumerate(f))
        return {"f": f, "a": a, "b": b}, str(whole)

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "Raise each power of x by one and divide its coefficient by the new power.",
            f"The term {values['f'][-1]}x^{level} becomes ({values['f'][-1]}/{level + 1})x^{level + 1}.",
            f"Evaluate the antiderivative at {values['b']} and at {values['a']}, and take the difference.",
        ]

    def work(self, values: Values, level: int, slips: Slips) -> Fraction:
        whole = [Fraction(values["f"][0])]
        whole += [slips(Fraction(c, power + 1)) for power, c in enumerate(values["f"]) if power]
        ends: list[Fraction] = []
        for x in (values["b"], values["a"]):
            value = whole[-1]
            for coefficient in reversed(whole[:-1]):
                value = slips(value * x + coefficient)
            ends.append(slips(value * x))
        return slips(ends[0] - ends[1])


class Derivative(Template):
    """The derivative of a polynomial, a product or a quotient at a point."""

    subject, topic = "Calculus", "Derivatives"
    words = "differentiation slope tangent product quotient rule rates"
    wordings: ClassVar[Wordings] = {
        1: (
            "Let h(x) = {f:poly}. Find the derivative h'({a}).",
            "What is the slope of the graph of y = {f:poly} at x = {a}?",
        ),
        2: (
            "Let h(x) = ({f:poly})({g:poly}). Find the derivative h'({a}).",
            "What is the slope of the graph of y = ({f:poly})({g:poly}) at x = {a}?",
        ),
        3: (
            "Let h(x) = ({f:poly}) / ({g:poly}). Find the derivative h'({a}) as a fraction in lowest terms.",
            "What is the exact slope of the graph of y = ({f:poly}) / ({g:poly}) at x = {a}?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        while True:
            a = nonzero(rng, 7)
            f, g = (tuple(nonzero(rng, 25) for _ in range(size)) for size in ((4, 3) if level == 1 else (3, 3)))
            below = _at(g, a)
            if below:
                break
        up, down = _at(_derived(f), a), _at(_derived(g), a)
        answer = {
            1: Fraction(up),
            2: Fraction(up * below + _at(f, a) * down),
            3: Fraction(up, below) - Fraction(_at(f, a) * down, below**2),
        }[level]
        return {"f": f, "g": g, "a": a}, str(answer)

    def hints(self, values: Values, level: int) -> list[str]:
        rule = {
            1: "Differentiate term by term: the power comes down as a factor and is lowered by one.",
            2: "Use the product rule: (fg)' = f'g + fg'.",
            3: "Use the quotient rule: (f/g)' = (f'g - fg')/g^2.",
        }[level]
        return [
            rule,
            f"The term {values['f'][-1]}x^{len(values['f']) - 1} contributes a factor {len(values['f']) - 1} on top.",
            f"Put x = {values['a']} in as early as possible: only the values there are needed.",
        ]

    def work(self, values: Values, level: int, slips: Slips) -> Number:
        f, a = values["f"], values["a"]
        if level == 1:
            return _horner([slips(c) for c in _derived(f)], a, slips)
        g = values["g"]
        top, below = _horner(f, a, slips), _horner(g, a, slips)
        up, down = slips(_at(_derived(f), a)), slips(_at(_derived(g), a))
        if level == 2:
            return slips(slips(up * below) + slips(top * down))
        return slips(Fraction(slips(slips(up * below) - slips(top * down)), slips(below * below)))


class Series(Template):
    """Sums of infinite geometric series and of their relatives."""

    subject, topic = "Calculus", "Infinite series"
    words = "sequences sums geometric convergence limits"
    wordings: ClassVar[Wordings] = {
        1: (
            "Find the sum of the infinite geometric series whose first term is {a} and whose ratio is {p}/{q}.",
            "An infinite geometric series begins with the term {a} and has the ratio {p}/{q}. What is its sum?",
        ),
        2: (
            "Find the exact sum of the infinite series with the terms {a}({p}/{q})^n + {b}({r}/{s})^n, n from zero on.",
            "To what does the infinite series with the terms {a}({p}/{q})^n + {b}({r}/{s})^n converge, n from zero on?",
        ),
        3: (
            "Find the exact sum of the infinite series with the terms ({a}n + {b})({p}/{q})^n, n from zero on.",
            "To what does the infinite series with the terms ({a}n + {b})({p}/{q})^n converge, n from zero on?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        a, b = rng.randint(2, 999), rng.randint(2, 999)
        x, y = (Fraction(rng.randint(1, q - 1), q) for q in (rng.randint(3, 60), rng.randint(3, 60)))
        values = {
            "a": a, "b": b, "p": x.numerator, "q": x.denominator, "r": y.numerator, "s": y.denominator,
        }  # fmt: skip
        first = a / (1 - x)
        answer = {1: first, 2: first + b / (1 - y), 3: a * x / (1 - x) ** 2 + b / (1 - x)}[level]
        return values, str(answer)

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "For |x| < 1 the powers x^n, n >= 0, add up to 1/(1 - x).",
            f"With x = {values['p']}/{values['q']} this can be used after taking {values['a']} out as a factor.",
            {
                1: "Subtract the ratio from one, then divide the first term by the difference.",
                2: "The series splits into two geometric ones, each of which converges by itself.",
                3: "Differentiating the geometric series shows that the n x^n add up to x/(1 - x)^2.",
            }[level],
        ]

    def work(self, values: Values, level: int, slips: Slips) -> Fraction:
        x = Fraction(values["p"], values["q"])
        a: int = values["a"]
        b: int = values.get("b", 0)
        rest = slips(1 - x)
        share = slips(1 / rest)
        if level == 1:
            return slips(a * share)
        if level == 2:
            other = slips(1 / slips(1 - Fraction(values["r"], values["s"])))
            return slips(slips(a * share) + slips(b * other))
        linear = slips(slips(a * x) / slips(rest * rest))
        return slips(linear + slips(b * share))


TEMPLATES = (Integral(), Derivative(), Series())
