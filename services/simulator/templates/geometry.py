"""Geometry in coordinates: areas of polygons, vectors in space, circles."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import atan2
from random import Random
from typing import ClassVar

from services.simulator.templates.algebra import nonzero
from services.simulator.templates.base import Slips, Template, Values, Wordings, linear_text

Point = Sequence[int]


def _cross(u: Point, v: Point) -> tuple[int, int, int]:
    return u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]


def _minus(u: Point, v: Point) -> list[int]:
    return [x - y for x, y in zip(u, v, strict=True)]


def _dot(u: Point, v: Point) -> int:
    return sum(x * y for x, y in zip(u, v, strict=True))


class PolygonArea(Template):
    """The area of a triangle, quadrilateral or hexagon from its corners."""

    subject, topic = "Geometry", "Polygons"
    words = "triangles area coordinate shoelace transformations"
    wordings: ClassVar[Wordings] = {
        level: (
            f"Find the area of the {name} with the vertices {{c:points}}, in this order.",
            f"The vertices of a {name} are, one after the other, {{c:points}}. What is its area?",
        )
        for level, name in ((1, "triangle"), (2, "quadrilateral"), (3, "hexagon"))
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        size = {1: 3, 2: 4, 3: 6}[level]
        while True:
            middle = (rng.randint(-30, 30), rng.randint(-30, 30))
            arms = [(nonzero(rng, 25), nonzero(rng, 25)) for _ in range(size)]
            arms.sort(key=lambda arm: atan2(arm[1], arm[0]))
            turns = [arms[i - 1][0] * arms[i][1] - arms[i - 1][1] * arms[i][0] for i in range(size)]
            if min(turns) > 0:  # star-shaped about the middle, so no two sides meet
                break
        corners = [(x + middle[0], y + middle[1]) for x, y in arms]
        return {"c": corners}, str(Fraction(sum(turns), 2))

    def hints(self, values: Values, level: int) -> list[str]:
        (a, b), (c, d) = values["c"][:2]
        return [
            "Use the shoelace formula: go round the corners in order.",
            "Each side from (a, b) to (c, d) contributes ad - bc.",
            f"The first side contributes ({a})({d}) - ({b})({c}).",
            "Add the contributions of all sides, take the absolute value and halve it.",
        ]

    def work(self, values: Values, level: int, slips: Slips) -> Fraction:
        corners = values["c"]
        sides = zip(corners, [*corners[1:], corners[0]], strict=True)
        terms = [slips(a[0] * b[1] - a[1] * b[0]) for a, b in sides]
        return slips(Fraction(abs(slips.sum(terms)), 2))


class Space(Template):
    """Scalar and vector products in space, and the volumes made of them."""

    subject, topic = "Geometry", "Vectors"
    words = "dot cross product solid volume tetrahedron space distances"
    wordings: ClassVar[Wordings] = {
        1: (
            "Find the scalar product of the vectors {u:point} and {v:point}.",
            "What is the scalar product of the two vectors u = {u:point} and v = {v:point}?",
        ),
        2: (
            "Find the square of the area of the parallelogram spanned by the vectors {u:point} and {v:point}.",
            "A parallelogram has the sides u = {u:point} and v = {v:point}. What is its area squared?",
        ),
        3: (
            "Find the volume of the tetrahedron with the vertices {o:point}, {u:point}, {v:point} and {w:point}.",
            "The points {o:point}, {u:point}, {v:point} and {w:point} are the corners of a tetrahedron. "
            "How large is its volume?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        o, u, v, w = (tuple(nonzero(rng, 20) for _ in range(3)) for _ in range(4))
        first, second, third = (_minus(corner, o) for corner in (u, v, w))
        answer = {
            1: Fraction(_dot(u, v)),
            2: Fraction(_dot(u, u) * _dot(v, v) - _dot(u, v) ** 2),
            3: Fraction(abs(_dot(third, _cross(first, second))), 6),
        }[level]
        return {"o": o, "u": u, "v": v, "w": w}, str(answer)

    def hints(self, values: Values, level: int) -> list[str]:
        (a, _, _), (b, _, _) = values["u"], values["v"]
        return {
            1: [
                "Multiply the vectors coordinate by coordinate.",
                f"The first coordinates give the product {a * b}.",
                "Add the products of all coordinates, with their signs.",
            ],
            2: [
                "The area is the length of the vector product of the sides.",
                f"Its last coordinate is ({a})({values['v'][1]}) - ({values['u'][1]})({b}).",
                "The square of a length is the sum of the squared coordinates, so no root is needed.",
            ],
            3: [
                f"Take the three edges that leave the vertex {values['o']}.",
                "The determinant of the edges is the volume of the box that they span, up to its sign.",
                "The tetrahedron fills one sixth of the box.",
            ],
        }[level]

    def work(self, values: Values, level: int, slips: Slips) -> Fraction | int:
        u, v = values["u"], values["v"]
        if level == 1:
            return slips.dot(u, v)
        if level == 2:
            normal = [slips(x) for x in _cross(u, v)]
            return slips.dot(normal, normal)
        o = values["o"]
        edges = [[slips(x) if place == 0 else x for place, x in enumerate(_minus(corner, o))] for corner in (u, v)]
        box = slips.dot(_minus(values["w"], o), [slips(x) for x in _cross(*edges)])
        return slips(Fraction(abs(box), 6))


class Circle(Template):
    """A circle given by its expanded equation."""

    subject, topic = "Geometry", "Circles"
    words = "chord tangent power radius trigonometry"
    wordings: ClassVar[Wordings] = {
        1: (
            "Find the square of the radius of the circle x^2 + y^2 + {a}x + {b}y + {c} = 0.",
            "A circle has the equation x^2 + y^2 + {a}x + {b}y + {c} = 0. What is its radius squared?",
        ),
        2: (
            "Find the square of the length of a tangent from {p:point} to the circle x^2 + y^2 + {a}x + {b}y = {c}.",
            "From {p:point} a tangent touches the circle x^2 + y^2 + {a}x + {b}y = {c}. What is the square of "
            "its length?",
        ),
        3: (
            "Find the square of the length of the chord that the line {g:linear} = {d} cuts from the circle "
            "with centre "
            "{m:point} and radius {r}.",
            "The line {g:linear} = {d} cuts a chord from the circle about {m:point} with radius {r}. "
            "What is the square of its length?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        m = (nonzero(rng, 30), nonzero(rng, 30))
        r = rng.randint(4, 60)
        if level == 3:
            g = (nonzero(rng, 12), nonzero(rng, 12))
            norm = _dot(g, g)
            away = rng.randint(1, r - 1)  # the line is nearer to the centre than that
            d = _dot(g, m) + rng.choice((-1, 1)) * rng.randint(1, max(abs(g[0]), abs(g[1])) * away)
            answer = 4 * (r * r - Fraction((_dot(g, m) - d) ** 2, norm))
            return {"g": g, "d": d, "m": m, "r": r}, str(answer)
        a, b = 2 * abs(m[0]) + 1, 2 * abs(m[1]) + rng.randint(0, 1)
        c = rng.randint(2, 200)
        if level == 1:
            c = rng.randint(1, max(1, (a * a + b * b) // 4 - 1))
            return {"a": a, "b": b, "c": c}, str(Fraction(a * a + b * b - 4 * c, 4))
        p = (rng.randint(4, 40), rng.randint(4, 40))
        power = (p[0] + Fraction(a, 2)) ** 2 + (p[1] + Fraction(b, 2)) ** 2 - (c + Fraction(a * a + b * b, 4))
        return {"a": a, "b": b, "c": c, "p": p}, str(power) if power > 0 else "0"

    def hints(self, values: Values, level: int) -> list[str]:
        if level == 3:
            return [
                "The centre, the middle of the chord and one of its ends form a right triangle.",
                f"The distance of (u, v) from {linear_text(values['g'])} = {values['d']} is the difference of both "
                "sides at that point, over the length of the normal.",
                "Half the chord squared is the radius squared less the distance squared.",
            ]
        return [
            f"Complete the squares: x^2 + {values['a']}x belongs to (x + {values['a']}/2)^2.",
            "The centre has half the linear coefficients as its coordinates, with opposite signs.",
            "Bring all constants to the right side: there stands the radius squared."
            if level == 1
            else "The tangent, the radius to where it touches, and the line to the centre form a right triangle.",
            *(["So take the radius squared from the squared distance to the centre."] if level == 2 else []),
        ]

    def work(self, values: Values, level: int, slips: Slips) -> Fraction:
        if level == 3:
            g, m, r = values["g"], values["m"], Fraction(values["r"])
            away = slips(slips.dot(g[:2], m) - values["d"])
            squared = slips(Fraction(slips(away * away), slips(_dot(g, g))))
            return slips(4 * slips(slips(r * r) - squared))
        u, v, c = slips(Fraction(values["a"], 2)), slips(Fraction(values["b"], 2)), Fraction(values["c"])
        middle = slips(slips(u * u) + slips(v * v))
        if level == 1:
            return slips(middle - c)
        x: int
        y: int
        x, y = values["p"]
        distance = slips(slips((x + u) ** 2) + slips((y + v) ** 2))
        return slips(distance - slips(c + middle))


TEMPLATES = (PolygonArea(), Space(), Circle())
