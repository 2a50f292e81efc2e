"""Probability: draws from an urn, Bayes' rule, moments of a distribution. All answers are fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb
from random import Random
from typing import ClassVar

from services.simulator.templates.base import Slips, Template, Values, Wordings


class Urn(Template):
    """Draws without replacement from balls of three colours."""

    subject, topic = "Probability", "Draws without replacement"
    words = "urn balls hypergeometric discrete geometric"
    largest = 10**5
    wordings: ClassVar[Wordings] = {
        1: (
            "An urn holds {r} red, {b} blue and {g} green balls. Two are drawn without replacement. "
            "What is the probability that both are red?",
            "Out of {r} red, {b} blue and {g} green balls in an urn, two are taken at random, none put back. "
            "Find the probability that both are red.",
        ),
        2: (
            "An urn holds {r} red, {b} blue and {g} green balls. Two are drawn without replacement. "
            "What is the probability that they have the same colour?",
            "Out of {r} red, {b} blue and {g} green balls in an urn, two are taken at random, none put back. "
            "Find the probability that they have the same colour.",
        ),
        3: (
            "An urn holds {r} red, {b} blue and {g} green balls. Three are drawn without replacement. "
            "What is the probability that at least two of them are red?",
            "Out of {r} red, {b} blue and {g} green balls in an urn, three are taken at random, none put back. "
            "Find the probability that at least two are red.",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        r, b, g = (rng.randint(4, 60) for _ in range(3))
        n = r + b + g
        answer = {
            1: Fraction(comb(r, 2), comb(n, 2)),
            2: Fraction(comb(r, 2) + comb(b, 2) + comb(g, 2), comb(n, 2)),
            3: Fraction(comb(r, 2) * (n - r) + comb(r, 3), comb(n, 3)),
        }[level]
        return {"r": r, "b": b, "g": g}, str(answer)

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            f"There are {sum(values.values())} balls before the first draw, and one fewer before each further one.",
            "Multiply the chances of the draws along each order of colours.",
            {
                1: "The second factor has one red ball fewer above, and one ball fewer below.",
                2: "The three colours exclude each other: add their probabilities.",
                3: "Exactly two red balls can come in three orders; add the case of three red balls.",
            }[level],
        ]

    def work(self, values: Values, level: int, slips: Slips) -> Fraction:
        r, b, g = values["r"], values["b"], values["g"]
        n = slips(r + b + g)
        if level < 3:
            pairs = [slips(x * (x - 1)) for x in ((r,) if level == 1 else (r, b, g))]
            return slips(Fraction(slips.sum(pairs) if level == 2 else pairs[0], slips(n * (n - 1))))
        orders = slips(n * slips((n - 1) * (n - 2)))
        two = slips(3 * slips(slips(r * (r - 1)) * slips(n - r)))
        return slips(slips(Fraction(two, orders)) + slips(Fraction(slips(r * (r - 1) * (r - 2)), orders)))


class Bayes(Template):
    """From which source does a flawed item come?"""

    subject, topic = "Probability", "Conditional probability"
    words = "bayes rule total independence markov"
    largest = 10**6
    wordings: ClassVar[Wordings] = {
        1: (
            "Machine A makes {p}% of all parts and machine B the rest. Of A's parts {a} per thousand are faulty, "
            "of B's {b} per thousand. What is the probability that a faulty part comes from A?",
            "Machine A supplies {p}% of the parts, machine B all others; {a} per thousand parts from A and {b} "
            "per thousand from "
            "B are faulty. Given that a part is faulty, how likely was it made by A?",
        ),
        2: (
            "Machine A makes {p}% of all parts, machine B makes {q}% and machine C the rest. Of A's parts {a} "
            "per thousand "
            "are faulty, of B's {b} per thousand, of C's {c} per thousand. What is the probability that a "
            "faulty part comes from A?",
            "Machine A supplies {p}% of the parts, machine B {q}%, machine C all others; {a} per thousand parts "
            "from A, "
            "{b} per thousand from B and {c} per thousand from C are faulty. Given that a part is faulty, how likely "
            "was it made by A?",
        ),
        3: (
            "Machine A makes {p}% of all boxes and machine B the rest. Each part in A's boxes is faulty with "
            "probability "
            "{a}%, in B's with {b}%, independently. Two parts from one box are both faulty. What is the "
            "probability that a third part from this box is faulty?",
            "Machine A supplies {p}% of the boxes, machine B all others; independently of each other, parts are faulty "
            "with probability {a}% in boxes from A and {b}% in those from B. Given that two parts out of a box "
            "are faulty, how likely is the next one out of it faulty too?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        p, q = rng.randint(5, 48), rng.randint(5, 48)
        if level == 3:
            a, b = rng.sample(range(2, 99), 2)
            p = rng.randint(5, 95)
            weights = (p * a * a, (100 - p) * b * b)
            answer = Fraction(weights[0] * a + weights[1] * b, 100 * sum(weights))
            return {"p": p, "a": a, "b": b}, str(answer)
        a, b, c = rng.sample(range(2, 150), 3)
        p = rng.randint(5, 95) if level == 1 else p
        others = (100 - p) * b if level == 1 else q * b + (100 - p - q) * c
        return {"p": p, "q": q, "a": a, "b": b, "c": c}, str(Fraction(p * a, p * a + others))

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "Think of a large number of cases, and count the faulty ones by machine.",
            f"Machine A has the weight {values['p']} in a hundred, times its rate of faults"
            + (" squared." if level == 3 else "."),
            {
                1: "Divide A's share of the faulty parts by the sum of both shares.",
                2: "Divide A's share of the faulty parts by the sum of all shares.",
                3: "Weigh the two rates of faults with the shares that the two machines have after what was seen.",
            }[level],
        ]

    def work(self, values: Values, level: int, slips: Slips) -> Fraction:
        p: int = values["p"]
        a: int = values["a"]
        b: int = values["b"]
        if level == 3:
            from_a, from_b = slips(p * slips(a * a)), slips(slips(100 - p) * slips(b * b))
            seen = slips(from_a + from_b)
            return slips(Fraction(slips(slips(from_a * a) + slips(from_b * b)), slips(100 * seen)))
        mine = slips(p * a)
        if level == 1:
            return slips(Fraction(mine, slips(mine + slips(slips(100 - p) * b))))
        rest = slips(100 - p - values["q"])
        return slips(Fraction(mine, slips.sum([mine, slips(values["q"] * b), slips(rest * values["c"])])))


class Moments(Template):
    """Mean and variance of a wheel of fortune."""

    subject, topic = "Probability", "Expected value"
    words = "expectation variance discrete distributions random linearity mean"
    largest = 10**6
    wordings: ClassVar[Wordings] = {
        1: (
            "A wheel pays {v:list} points on fields of size {w:list}, in this order; the chance of a field is in "
            "proportion to its size. What is the expected number of points?",
            "Turning a wheel pays {v:list} points, each with its field of size {w:list}, in this order, and "
            "with a chance in proportion. Find the expected number of points.",
        ),
        2: (
            "A wheel pays {v:list} points on fields of size {w:list}, in this order; the chance of a field is in "
            "proportion to its size. What is the variance of the number of points?",
            "Turning a wheel pays {v:list} points, each with its field of size {w:list}, in this order, and "
            "with a chance in proportion. Find the variance of the number of points.",
        ),
        3: (
            "A wheel pays {v:list} points on fields of size {w:list}, in this order; the chance of a field is in "
            "proportion to its size. What is the variance of the total of {k} independent turns?",
            "Turning a wheel pays {v:list} points, each with its field of size {w:list}, in this order, and "
            "with a chance in proportion. Find the variance of the total of {k} independent turns.",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        size = {1: 3, 2: 3, 3: 4}[level]
        values = rng.sample(range(-20, 41), size)
        weights = [rng.randint(1, 12) for _ in range(size)]
        k = rng.randint(2, 60)
        chances = [Fraction(w, sum(weights)) for w in weights]
        mean = sum((c * v for c, v in zip(chances, values, strict=True)), Fraction(0))
        spread = sum((c * (v - mean) ** 2 for c, v in zip(chances, values, strict=True)), Fraction(0))
        return {"v": values, "w": weights, "k": k}, str({1: mean, 2: spread, 3: k * spread}[level])

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            f"The weights add up to {sum(values['w'])}; dividing by this turns them into probabilities.",
            "For the mean, multiply each value by its weight, add, and divide by the sum of the weights.",
            "The same with the squares of the values gives the mean of the squares."
            if level > 1
            else "Mind the signs: negative values lower the mean.",
            *(["The variance is the mean of the squares, less the square of the mean."] if level > 1 else []),
            *(["Variances of independent turns add up."] if level > 2 else []),
        ]

    def work(self, values: Values, level: int, slips: Slips) -> Fraction:
        v: Sequence[int] = values["v"]
        w: Sequence[int] = values["w"]
        total = slips.sum(w)
        if level == 1:
            return slips(Fraction(slips.dot(v, w), total))
        mean = slips(Fraction(slips(sum(x * y for x, y in zip(v, w, strict=True))), total))
        squares = slips(Fraction(slips.dot([x * x for x in v], w), total))
        spread = slips(squares - slips(mean * mean))
        return spread if level == 2 else slips(values["k"] * spread)


TEMPLATES = (Urn(), Bayes(), Moments())
