"""Linear algebra: determinants, products of matrices, eigenvalues through traces and minors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations
from random import Random
from typing import ClassVar

from services.simulator.templates.algebra import nonzero
from services.simulator.templates.base import Slips, Template, Values, Wordings

Matrix = Sequence[Sequence[int]]


def _random_matrix(rng: Random, size: int, largest: int) -> list[list[int]]:
    return [[nonzero(rng, largest) for _ in range(size)] for _ in range(size)]


def _times(a: Matrix, b: Matrix) -> list[list[int]]:
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in zip(*b, strict=True)] for row in a]


def _trace(a: Matrix) -> int:
    return sum(row[place] for place, row in enumerate(a))


def _leibniz(a: Matrix) -> int:
    """The determinant as a sum over permutations."""
    total = 0
    for order in permutations(range(len(a))):
        term = (-1) ** sum(x > y for x, y in combinations(order, 2))
        for row, column in enumerate(order):
            term *= a[row][column]
        total += term
    return total


def _minor(a: Matrix, rows: tuple[int, int], columns: tuple[int, int]) -> int:
    (i, j), (k, m) = rows, columns
    return a[i][k] * a[j][m] - a[i][m] * a[j][k]


def _expanded(a: Matrix, slips: Slips) -> int:
    """A 3x3 determinant along its first row."""
    minors = [slips(_minor(a, (1, 2), columns)) for columns in ((1, 2), (0, 2), (0, 1))]
    return slips.dot((a[0][0], -a[0][1], a[0][2]), minors)


def _require(size: int, *matrices: Matrix) -> None:
    if any(len(a) != size or any(len(row) != size for row in a) for a in matrices):
        raise ValueError(f"not a {size}x{size} matrix")


class Determinant(Template):
    """Determinants of matrices and of their combinations."""

    subject, topic = "Linear Algebra", "Determinants"
    words = "matrix inverses rank parameters"
    wordings: ClassVar[Wordings] = {
        1: (
            "Find the determinant of the 2x2 matrix {a:matrix}.",
            "What is the value of det A for the 2x2 matrix A = {a:matrix}?",
        ),
        2: (
            "Find the determinant of the 3x3 matrix {a:matrix}.",
            "What is the value of det A for the 3x3 matrix A = {a:matrix}?",
        ),
        3: (
            "Find the determinant of A + {k}B for the 3x3 matrices A = {a:matrix} and B = {b:matrix}.",
            "What is det(A + {k}B) if A and B are the 3x3 matrices {a:matrix} and {b:matrix}?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        size, k = (2 if level == 1 else 3), rng.randint(2, 9)
        a, b = _random_matrix(rng, size, 40 if level == 1 else 12), _random_matrix(rng, size, 9)
        mixed = [[x + k * y for x, y in zip(*rows, strict=True)] for rows in zip(a, b, strict=True)]
        return {"a": a, "b": b, "k": k}, str(_leibniz(mixed if level == 3 else a))

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "The determinant of [[p, q], [r, s]] is ps - qr.",
            {
                1: f"The product on the main diagonal is {values['a'][0][0] * values['a'][1][1]}.",
                2: "Expand along the first row; each entry meets the determinant of what its row and column leave.",
                3: f"Work out the matrix first: add {values['k']} times each entry of B to that of A.",
            }[level],
            {
                1: "Subtract the product on the other diagonal, and mind the signs.",
                2: "The signs along the first row are plus, minus, plus.",
                3: "Then expand along the first row, with signs plus, minus, plus.",
            }[level],
        ]

    def work(self, values: Values, level: int, slips: Slips) -> int:
        a: Matrix = values["a"]
        _require(2 if level == 1 else 3, a)
        if level == 1:
            return slips(slips(a[0][0] * a[1][1]) - slips(a[0][1] * a[1][0]))
        if level == 3:
            _require(3, values["b"])
            # a row at a time is one step, with one entry at risk
            a = [
                [slips(rows[0][0] + values["k"] * rows[1][0])]
                + [x + values["k"] * y for x, y in zip(rows[0][1:], rows[1][1:], strict=True)]
                for rows in zip(a, values["b"], strict=True)
            ]
        return _expanded(a, slips)


class Product(Template):
    """Traces of products of matrices."""

    subject, topic = "Linear Algebra", "Matrix products and powers"
    words = "multiplication trace entry orthogonality projections"
    wordings: ClassVar[Wordings] = {
        1: (
            "Find the trace of AB for the 2x2 matrices A = {a:matrix} and B = {b:matrix}.",
            "With the 2x2 matrices A = {a:matrix} and B = {b:matrix}, what do the diagonal entries of AB add up to?",
        ),
        2: (
            "Find the trace of AB for the 3x3 matrices A = {a:matrix} and B = {b:matrix}.",
            "With the 3x3 matrices A = {a:matrix} and B = {b:matrix}, what do the diagonal entries of AB add up to?",
        ),
        3: (
            "Find the trace of ABA for the 2x2 matrices A = {a:matrix} and B = {b:matrix}.",
            "With the 2x2 matrices A = {a:matrix} and B = {b:matrix}, what do the diagonal entries of ABA add up to?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        size = 3 if level == 2 else 2
        a, b = _random_matrix(rng, size, 15), _random_matrix(rng, size, 15)
        ab = _times(a, b)
        return {"a": a, "b": b}, str(_trace(_times(ab, a) if level == 3 else ab))

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "Only the entries on the diagonal of the product are needed.",
            f"Such an entry is a row times a column; the first row of A is {list(values['a'][0])}.",
            "The trace does not change when the factors are rotated: tr(ABA) = tr(AAB)."
            if level == 3
            else "Multiply row i of A with column i of B for each i, then add.",
        ]

    def work(self, values: Values, level: int, slips: Slips) -> int:
        a: Matrix = values["a"]
        b: Matrix = values["b"]
        _require(3 if level == 2 else 2, a, b)
        columns = list(zip(*b, strict=True))
        if level == 1:
            return slips.sum([slips(_times([row], b)[0][place]) for place, row in enumerate(a)])
        if level == 2:
            return slips.sum(
                [slips(x * y) for row, column in zip(a, columns, strict=True) for x, y in zip(row, column, strict=True)]
            )
        square = [[slips(entry) for entry in row] for row in _times(a, a)]
        return slips.sum([slips.dot(row, column) for row, column in zip(square, columns, strict=True)])


class Eigenvalues(Template):
    """Power sums of eigenvalues, without the eigenvalues."""

    subject, topic = "Linear Algebra", "Eigenvalues"
    words = "traces characteristic polynomials power sums"
    wordings: ClassVar[Wordings] = {
        level: (
            f"Find the sum of the {name} of the eigenvalues, with multiplicity, of the {size} matrix {{a:matrix}}.",
            f"The {size} matrix {{a:matrix}} has complex eigenvalues, repeated ones counted as often. "
            f"What do their {name} add up to?",
        )
        for level, name, size in ((1, "squares", "2x2"), (2, "squares", "3x3"), (3, "cubes", "3x3"))
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        a = _random_matrix(rng, 2 if level == 1 else 3, {1: 30, 2: 15, 3: 9}[level])
        square = _times(a, a)
        return {"a": a}, str(_trace(_times(square, a) if level == 3 else square))

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "The eigenvalues themselves are not needed: symmetric functions of them are coefficients of det(tI - A).",
            f"Their sum is the trace, {_trace(values['a'])}.",
            "The sum of the products of two is the determinant."
            if level == 1
            else "The sum of the products of any two is the sum of the principal 2x2 minors.",
            "With e and f for these, the squares add up to e^2 - 2f."
            if level < 3
            else "With e, f and the determinant g, the cubes add up to e^3 - 3ef + 3g.",
        ]

    def work(self, values: Values, level: int, slips: Slips) -> int:
        a: Matrix = values["a"]
        _require(2 if level == 1 else 3, a)
        e = slips(_trace(a))
        pairs = combinations(range(len(a)), 2)
        f = slips.sum([slips(_minor(a, pair, pair)) for pair in pairs])
        if level < 3:
            return slips(slips(e * e) - slips(2 * f))
        return slips.sum([slips(e**3), -slips(3 * e * f), slips(3 * _expanded(a, slips))])


TEMPLATES = (Determinant(), Product(), Eigenvalues())
