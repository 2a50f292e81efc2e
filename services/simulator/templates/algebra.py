"""Algebra: quadratics, remainders of polynomials, linear systems."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import ClassVar

from services.simulator.templates.base import Slips, Template, Values, Wordings, linear_text, point_text


def nonzero(rng: Random, size: int) -> int:
    """From -size to size, never 0."""
    return rng.choice((-1, 1)) * rng.randint(1, size)


class Roots(Template):
    """Symmetric functions of a quadratic's roots."""

    subject, topic = "Algebra", "Quadratic equations"
    words = "roots vieta discriminant symmetric functions"
    wordings: ClassVar[Wordings] = {
        1: (
            "Let r and s be the roots of {f:poly} = 0. Find the value of {k}(r + s) + {m}rs.",
            "The equation {f:poly} = 0 has the roots r and s. What is {k}(r + s) + {m}rs?",
        ),
        2: (
            "Let r and s be the roots of {f:poly} = 0. Find the value of {k}(r^2 + s^2) + {m}rs.",
            "The equation {f:poly} = 0 has the roots r and s. What is {k}(r^2 + s^2) + {m}rs?",
        ),
        3: (
            "Let r and s be the roots of {f:poly} = 0. Find the value of {k}(r^3 + s^3) + {m}(r^2 + s^2).",
            "The equation {f:poly} = 0 has the roots r and s. What is {k}(r^3 + s^3) + {m}(r^2 + s^2)?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        lead, r, s = rng.randint(1, 6), nonzero(rng, 14), nonzero(rng, 14)
        k, m = rng.randint(2, 40), rng.randint(2, 40)
        answer = {
            1: k * (r + s) + m * r * s,
            2: k * (r**2 + s**2) + m * r * s,
            3: k * (r**3 + s**3) + m * (r**2 + s**2),
        }[level]
        return {"f": (lead * r * s, -lead * (r + s), lead), "k": k, "m": m}, str(answer)

    def hints(self, values: Values, level: int) -> list[str]:
        c, b, a = values["f"]
        return [
            "The roots themselves are not needed: their sum and product can be read off the coefficients.",
            f"By Vieta, r + s = -({b})/{a} and rs = ({c})/{a}.",
            "The expression is symmetric in r and s, so write it in terms of r + s and rs.",
            *(["r^2 + s^2 = (r + s)^2 - 2rs."] if level > 1 else []),
            *(["r^3 + s^3 = (r + s)((r^2 + s^2) - rs)."] if level > 2 else []),
        ]

    def work(self, values: Values, level: int, slips: Slips) -> Fraction:
        c, b, a = values["f"]
        k: int = values["k"]
        m: int = values["m"]
        total, product = slips(Fraction(-b, a)), slips(Fraction(c, a))
        squares = slips(slips(total * total) - slips(2 * product)) if level > 1 else Fraction(0)
        first, second = {
            1: (total, product),
            2: (squares, product),
            3: (slips(total * slips(squares - product)) if level > 2 else total, squares),
        }[level]
        return slips(slips(k * first) + slips(m * second))


class Remainder(Template):
    """The remainder of a division by x - a."""

    subject, topic = "Algebra", "Polynomials and their roots"
    words = "remainder factoring evaluation division"
    wordings: ClassVar[Wordings] = {
        level: (
            f"Find the remainder when the {name} polynomial {{f:poly}} is divided by {{g:poly}}.",
            f"Dividing the {name} polynomial {{f:poly}} by {{g:poly}} leaves which remainder?",
        )
        for level, name in ((1, "quadratic"), (2, "cubic"), (3, "quintic"))
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        degree, a = {1: 2, 2: 3, 3: 5}[level], nonzero(rng, {1: 12, 2: 9, 3: 4}[level])
        f = tuple(nonzero(rng, 30) for _ in range(degree + 1))
        return {"f": f, "g": (-a, 1)}, str(sum(c * a**power for power, c in enumerate(f)))

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "The remainder on division by x - a is the value of the polynomial at a.",
            f"Here the polynomial is to be evaluated at x = {-values['g'][0]}.",
            f"Use Horner's scheme: begin with the leading coefficient {values['f'][-1]}, multiply, add, and repeat.",
        ]

    def work(self, values: Values, level: int, slips: Slips) -> int:
        (shift, _), value = values["g"], values["f"][-1]
        for coefficient in reversed(values["f"][:-1]):
            value = slips(slips(value * -shift) + coefficient)
        return int(value)


class LinearSystem(Template):
    """Two or three linear equations."""

    subject, topic = "Algebra", "Systems of linear equations"
    words = "simultaneous elimination substitution"
    wordings: ClassVar[Wordings] = {
        1: (
            "Solve the system {e:linear} = {p}, {f:linear} = {q}. Give the solution as (x, y).",
            "Which pair (x, y) satisfies both {e:linear} = {p} and {f:linear} = {q}?",
        ),
        2: (
            "The numbers x and y satisfy {e:linear} = {p} and {f:linear} = {q}. Find the value of {g:linear}.",
            "Given that {e:linear} = {p} and {f:linear} = {q}, determine {g:linear}.",
        ),
        3: (
            "Solve the system {e:linear} = {p}, {f:linear} = {q}, {g:linear} = {r}. Give the solution as (x, y, z).",
            "Which triple (x, y, z) satisfies {e:linear} = {p} and {f:linear} = {q} and {g:linear} = {r}?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        size = 3 if level == 3 else 2
        while True:
            point = [nonzero(rng, 12) for _ in range(size)]
            e, f, g = ([nonzero(rng, 11) for _ in range(size)] for _ in range(3))
            minor = e[0] * f[1] - e[1] * f[0]
            if minor and (size == 2 or minor * g[2] + _rest(e, f, g)):
                break
        p, q, r = (sum(c * v for c, v in zip(row, point, strict=True)) for row in (e, f, g))
        values = {"e": e, "f": f, "g": g, "p": p, "q": q, "r": r}
        return values, str(r) if level == 2 else point_text(point)

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "Eliminate x first: multiply each equation by the other's coefficient of x, then subtract.",
            f"For the first two equations the factors are {values['f'][0]} and {values['e'][0]}.",
            "Solve what remains for the other unknowns and put them back into the first equation.",
            f"Check the result in {linear_text(values['f'])} = {values['q']}.",
        ]

    def work(self, values: Values, level: int, slips: Slips) -> Fraction | str:
        e, f, p = values["e"], values["f"], values["p"]
        g: tuple[int, ...] = values.get("g", (0, 0, 0))
        second = _eliminate(e, p, f, values["q"], slips, unknowns=3 if level == 3 else 2)
        if level == 3:
            third = _eliminate(e, p, g, values["r"], slips, unknowns=3)
            across = slips(second[0] * third[1] - second[1] * third[0])
            z = slips(Fraction(second[0] * third[2] - second[2] * third[0], across))
        else:
            z = Fraction(0)
        y: Fraction = slips((second[2] - second[1] * z) / second[0])
        x: Fraction = slips(slips(p - e[1] * y - e[2] * z) / e[0])
        if level == 2:
            return slips(slips(g[0] * x) + slips(g[1] * y))
        return point_text((x, y, z) if level == 3 else (x, y))


def _rest(e: list[int], f: list[int], g: list[int]) -> int:
    return g[0] * (e[1] * f[2] - e[2] * f[1]) - g[1] * (e[0] * f[2] - e[2] * f[0])


def _eliminate(
    first: tuple[int, ...], p: int, other: tuple[int, ...], q: int, slips: Slips, *, unknowns: int
) -> tuple[int, int, int]:
    """The coefficients of y and z and the right side once x is gone."""
    row = [first[0] * other[place] - other[0] * first[place] for place in (1, 2)]
    y, z = slips(row[0]), slips(row[1]) if unknowns == 3 else 0
    return y, z, slips(first[0] * q - other[0] * p)


TEMPLATES = (Roots(), Remainder(), LinearSystem())
