"""Combinatorics: lattice paths, committees, stars and bars."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb
from random import Random
from typing import ClassVar

from services.simulator.templates.base import Slips, Template, Values, Wordings

Point = Sequence[int]


def _ways(start: Point, end: Point) -> int:
    right, up = end[0] - start[0], end[1] - start[1]
    return comb(right + up, right) if right >= 0 and up >= 0 else 0


def _counted_ways(start: Point, end: Point, slips: Slips) -> int:
    right, up = slips(end[0] - start[0]), slips(end[1] - start[1])
    return slips(comb(right + up, right))


class LatticePaths(Template):
    """Shortest paths on a grid, free, through a point, or past one."""

    subject, topic = "Combinatorics", "Lattice paths"
    words = "grid graph counting binomial recurrence"
    largest = 500
    wordings: ClassVar[Wordings] = {
        1: (
            "A path on the integer grid takes unit steps right or up. How many such paths are there from {a:point} "
            "to {b:point}?",
            "With unit steps right or up on the integer grid, how many paths can be taken from {a:point} to {b:point}?",
        ),
        2: (
            "A path on the integer grid takes unit steps right or up. How many such paths are there from {a:point} "
            "to {b:point} that pass through {c:point}?",
            "With unit steps right or up on the integer grid, how many paths can be taken from {a:point} to {b:point} "
            "by way of {c:point}?",
        ),
        3: (
            "A path on the integer grid takes unit steps right or up. How many such paths are there from {a:point} "
            "to {b:point} without passing through {c:point}?",
            "With unit steps right or up on the integer grid, how many paths can be taken from {a:point} to {b:point} "
            "if {c:point} must be avoided?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        a = (rng.randint(-60, 60), rng.randint(-60, 60))
        c = (a[0] + rng.randint(2, 6), a[1] + rng.randint(2, 6))
        b = (c[0] + rng.randint(2, 6), c[1] + rng.randint(2, 6))
        through, free = _ways(a, c) * _ways(c, b), _ways(a, b)
        return {"a": a, "b": b, "c": c}, str({1: free, 2: through, 3: free - through}[level])

    def hints(self, values: Values, level: int) -> list[str]:
        (x, y), (u, v) = values["a"], values["b"]
        return [
            f"Every path makes {u - x} steps to the right and {v - y} steps up, in some order.",
            "The number of orders is a binomial coefficient: choose which steps go right.",
            {
                1: "The total number of steps is the same for every path.",
                2: "Split at the point in the middle and multiply the counts of the two halves.",
                3: "Count all paths, then take away those through the forbidden point, which split into two halves.",
            }[level],
        ]

    def work(self, values: Values, level: int, slips: Slips) -> int:
        a, b = values["a"], values["b"]
        if level == 1:
            return _counted_ways(a, b, slips)
        c = values["c"]
        through = slips(_counted_ways(a, c, slips) * _counted_ways(c, b, slips))
        return through if level == 2 else slips(_counted_ways(a, b, slips) - through)


class Committee(Template):
    """Committees from two or three groups, under conditions."""

    subject, topic = "Combinatorics", "Permutations and combinations"
    words = "committee selection counting inclusion exclusion"
    largest = 500
    wordings: ClassVar[Wordings] = {
        1: (
            "A club has {a} juniors and {b} seniors. How many committees of {j} juniors and {k} seniors are possible?",
            "From {a} juniors and {b} seniors a committee of {j} juniors and {k} seniors is chosen. "
            "In how many ways can this be done?",
        ),
        2: (
            "A club has {a} juniors and {b} seniors. How many committees of {k} members have at least {j} seniors?",
            "From {a} juniors and {b} seniors a committee of {k} is chosen with no fewer than {j} seniors. "
            "In how many ways can this be done?",
        ),
        3: (
            "A club has {a} juniors, {b} seniors and {c} veterans. How many committees of {k} members have at least "
            "one member of each group?",
            "From {a} juniors, {b} seniors and {c} veterans a committee of {k} is chosen with at least one "
            "member of each "
            "group. In how many ways can this be done?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        a, b, c = (rng.randint(6, 99) for _ in range(3))
        j, k = rng.randint(2, 5), rng.randint(2, 5)
        if level == 1:
            return {"a": a, "b": b, "j": j, "k": k}, str(comb(a, j) * comb(b, k))
        k = rng.randint(4, 6)
        if level == 2:
            j = k - rng.randint(1, 2)
            answer = comb(a + b, k) - sum(comb(b, i) * comb(a, k - i) for i in range(j))
            return {"a": a, "b": b, "j": j, "k": k}, str(answer)
        pairs = range(1, k - 1)
        answer = sum(comb(a, x) * comb(b, y) * comb(c, k - x - y) for x in pairs for y in range(1, k - x))
        return {"a": a, "b": b, "c": c, "j": j, "k": k}, str(answer)

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "The order within a committee does not matter, so each choice from one group is a binomial coefficient.",
            {
                1: "The choices from the two groups are independent of each other.",
                2: f"Split by the exact number of seniors, from {values['j']} up to {values['k']}.",
                3: "Count the committees that miss a given group, and correct for those that miss two.",
            }[level],
            {
                1: f"There are C({values['a']}, {values['j']}) ways for the juniors; multiply by those for the "
                f"seniors.",
                2: "In each case multiply the choices of seniors and of juniors; then add the cases.",
                3: "By inclusion and exclusion: all, minus those without one group, plus those from a single group.",
            }[level],
        ]

    def work(self, values: Values, level: int, slips: Slips) -> int:
        a, b, k = values["a"], values["b"], values["k"]
        if level == 1:
            return slips(slips(comb(a, values["j"])) * slips(comb(b, k)))
        if level == 2:
            cases = range(values["j"], k + 1)
            return slips.sum([slips(slips(comb(b, i)) * slips(comb(a, k - i))) for i in cases])
        groups = (a, b, values["c"])
        missing_one = slips.sum([slips(comb(x + y, k)) for x, y in combinations(groups, 2)])
        missing_two = slips.sum([slips(comb(x, k)) for x in groups])
        return slips(slips(slips(comb(sum(groups), k)) - missing_one) + missing_two)


class StarsAndBars(Template):
    """Integer solutions of a sum under bounds."""

    subject, topic = "Combinatorics", "Stars and bars"
    words = "integer solutions bounds distributions binomial inclusion exclusion"
    largest = 10**4
    wordings: ClassVar[Wordings] = {
        1: (
            "How many integer solutions has x_1 + x_2 + x_3 + x_4 = {n} if the lower bounds of the variables "
            "are, in order, {l:list}?",
            "Count the integer solutions of x_1 + x_2 + x_3 + x_4 = {n} with the lower bounds {l:list} on the "
            "variables, "
            "in order.",
        ),
        2: (
            "How many integer solutions has x_1 + x_2 + x_3 + x_4 = {n} if the lower bounds of the variables "
            "are, in order, {l:list}, "
            "and x_1 is at most {u}?",
            "Count the integer solutions of x_1 + x_2 + x_3 + x_4 = {n} with the lower bounds {l:list} on the "
            "variables, "
            "in order, where x_1 is no more than {u}.",
        ),
        3: (
            "How many integer solutions has x_1 + x_2 + x_3 + x_4 = {n} if the lower bounds of the variables "
            "are, in order, {l:list}, "
            "x_1 is at most {u} and x_2 at most {v}?",
            "Count the integer solutions of x_1 + x_2 + x_3 + x_4 = {n} with the lower bounds {l:list} on the "
            "variables, "
            "in order, where x_1 is no more than {u} and x_2 no more than {v}.",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        low = [rng.randint(-9, 25) for _ in range(4)]
        spare = rng.randint(12, 40)
        first, second = rng.randint(2, spare // 2), rng.randint(2, spare // 2)
        tops = (first if level > 1 else spare, second if level > 2 else spare)
        # x_3 and x_4 share what the first two leave: one way more than there is to share.
        answer = sum(
            spare - x - y + 1 for x in range(tops[0] + 1) for y in range(tops[1] + 1) if x + y <= spare
        )  # fmt: skip
        return {"n": sum(low) + spare, "l": low, "u": low[0] + first, "v": low[1] + second}, str(answer)

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "Subtract its lower bound from each variable: the new variables are not negative.",
            f"The bounds add up to {sum(values['l'])}, which lowers the right side by as much.",
            "Without upper bounds, a sum of n over k variables has C(n + k - 1, k - 1) solutions.",
            *(["A variable that breaks its upper bound is again one with a larger lower bound."] if level > 1 else []),
            *(["What breaks both bounds is taken away twice: add it once."] if level > 2 else []),
        ]

    def work(self, values: Values, level: int, slips: Slips) -> int:
        low, walls = values["l"], len(values["l"]) - 1
        spare = slips(values["n"] - slips.sum(low))
        free = _spread(spare, walls, slips)
        if level == 1:
            return free
        over_first = slips(values["u"] - low[0] + 1)
        result = slips(free - _spread(slips(spare - over_first), walls, slips))
        if level == 2:
            return result
        over_second = slips(values["v"] - low[1] + 1)
        result = slips(result - _spread(slips(spare - over_second), walls, slips))
        return slips(result + _spread(spare - over_first - over_second, walls, slips))


def _spread(spare: int, walls: int, slips: Slips) -> int:
    return slips(comb(spare + walls, walls)) if spare >= 0 else 0


TEMPLATES = (LatticePaths(), Committee(), StarsAndBars())
