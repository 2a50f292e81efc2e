"""Number theory: powers modulo m, the Chinese remainder theorem, divisors."""

from __future__ import annotations

from math import gcd, prod
from random import Random
from typing import ClassVar

from services.simulator.templates.base import Slips, Template, Values, Wordings


def _power(base: int, exponent: int, modulus: int, slips: Slips) -> int:
    """By repeated squaring, a step for each product."""
    result, base = 1, base % modulus
    for place, bit in enumerate(reversed(bin(exponent)[2:])):
        if place:
            base = slips(base * base % modulus)
        if bit == "1":
            result = base if result == 1 else slips(result * base % modulus)
    return result % modulus


class ModularPower(Template):
    """The remainder of large powers."""

    subject, topic = "Number Theory", "Modular arithmetic"
    words = "powers remainders congruences exponentiation euler totient fermat"
    wordings: ClassVar[Wordings] = {
        1: (
            "What is the remainder when {a}^{b} is divided by {m}?",
            "Which remainder does {a}^{b} leave when it is divided by {m}?",
        ),
        2: (
            "What is the remainder when the product {a}^{b} * {c} is divided by {m}?",
            "Which remainder does the product {a}^{b} * {c} leave when it is divided by {m}?",
        ),
        3: (
            "What is the remainder when the sum {a}^{b} + {c}^{d} is divided by {m}?",
            "Which remainder does the sum {a}^{b} + {c}^{d} leave when it is divided by {m}?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        a, c, m = rng.randint(12, 999), rng.randint(12, 999), rng.randint(23, 299)
        b, d = rng.randint(*{1: (10, 31), 2: (32, 99), 3: (12, 31)}[level]), rng.randint(12, 31)
        first = pow(a, b, m)
        answer = {1: first, 2: first * c % m, 3: (first + pow(c, d, m)) % m}[level]
        return {"a": a, "b": b, "c": c, "d": d, "m": m}, str(answer)

    def hints(self, values: Values, level: int) -> list[str]:
        a, b, m = values["a"], values["b"], values["m"]
        return [
            f"Reduce the base first: only {a} modulo {m} matters.",
            "Square repeatedly, and reduce after each squaring, so that no number grows large.",
            f"In binary the exponent {b} is {bin(b)[2:]}: it tells which of the squares to multiply.",
        ]

    def work(self, values: Values, level: int, slips: Slips) -> int:
        m: int = values["m"]
        c: int = values.get("c", 0)
        first = _power(values["a"], values["b"], m, slips)
        if level == 1:
            return first
        if level == 2:
            return slips(first * slips(c % m) % m)
        return slips((first + _power(c, values["d"], m, slips)) % m)


class Congruences(Template):
    """The smallest number with given remainders."""

    subject, topic = "Number Theory", "Chinese remainder theorem"
    words = "congruences remainders diophantine"
    largest = 10**6
    wordings: ClassVar[Wordings] = {
        1: (
            "Find the smallest positive integer that leaves the remainder {a} when divided by {m} and {b} when "
            "divided by {n}.",
            "Which positive integer is the smallest with the remainder {a} modulo {m} and the remainder {b} "
            "modulo {n}?",
        ),
        2: (
            "Find the smallest integer above {k} that leaves the remainder {a} when divided by {m} and {b} when "
            "divided by "
            "{n}.",
            "Which integer above {k} is the smallest with the remainder {a} modulo {m} and the remainder {b} "
            "modulo {n}?",
        ),
        3: (
            "Find the smallest positive integer that leaves the remainder {a} when divided by {m}, {b} when "
            "divided by {n} "
            "and {c} when divided by {o}.",
            "Which positive integer is the smallest with the remainders {a} when divided by {m}, {b} when "
            "divided by {n} and {c} when divided by {o}?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        while True:
            m, n, o = (rng.randint(7, 59) for _ in range(3))
            if gcd(m, n) == gcd(m, o) == gcd(n, o) == 1:
                break
        period = m * n * o if level == 3 else m * n
        secret = rng.randint(1, period)
        k = rng.randint(1_000, 99_999)
        answer = k + 1 + (secret - k - 1) % period if level == 2 else secret
        return {"a": secret % m, "b": secret % n, "c": secret % o, "m": m, "n": n, "o": o, "k": k}, str(answer)

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            "The moduli have no common factor, so the conditions fix the number up to multiples of their product.",
            f"Write it as {values['a']} + {values['m']}t and put that into the second condition.",
            f"Find the inverse of {values['m']} modulo {values['n']} to solve for t.",
            {
                1: "The smallest t that is not negative gives the number.",
                2: f"Then add multiples of the product of the moduli until {values['k']} is passed.",
                3: "Treat the result, with the product of the two moduli, as one condition beside the third.",
            }[level],
        ]

    def work(self, values: Values, level: int, slips: Slips) -> int:
        found: int = values["a"]
        period: int = values["m"]
        rest = [(values["b"], values["n"])] + ([(values["c"], values["o"])] if level == 3 else [])
        for remainder, modulus in rest:
            inverse = slips(pow(period, -1, modulus))
            t = slips(slips(remainder - found) * inverse % modulus)
            found, period = slips(found + slips(period * t)), slips(period * modulus)
        if level == 2:
            k: int = values["k"]
            return slips(found + period * slips(-((found - k - 1) // period)))
        return found or period


_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)


class Divisors(Template):
    """Functions of a number's prime factorisation."""

    subject, topic = "Number Theory", "Prime factorisation"
    words = "divisors divisibility number sum totient euler greatest common"
    largest = 10**8
    wordings: ClassVar[Wordings] = {
        1: ("How many positive divisors does {n} have?", "Count the positive divisors of {n}."),
        2: (
            "Find the sum of all positive divisors of {n}.",
            "All positive divisors of {n} are added. What is their sum?",
        ),
        3: (
            "Let S be the sum of all positive divisors of {n}, and T Euler's totient of the same number. Find S + T.",
            "Add the sum of the positive divisors of {n} to Euler's totient of that number. What is the result?",
        ),
    }

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        while True:
            primes = rng.sample(_PRIMES, 4 if level == 1 else 3)
            powers = {p: rng.randint(1, 5 if p < 8 else 3 if p < 20 else 2) for p in primes}
            n = prod(p**e for p, e in powers.items())
            if n < 10**8:
                break
        count = prod(e + 1 for e in powers.values())
        total = prod(sum(p**k for k in range(e + 1)) for p, e in powers.items())
        free = prod(p**e - p ** (e - 1) for p, e in powers.items())
        return {"n": n}, str({1: count, 2: total, 3: total + free}[level])

    def hints(self, values: Values, level: int) -> list[str]:
        return [
            f"Begin with the prime factorisation of {values['n']}.",
            "A divisor is fixed by the power of each prime in it, and the primes can be treated one by one.",
            {
                1: "A prime with power e allows e + 1 choices; multiply these.",
                2: "Each prime p with power e contributes the factor 1 + p + ... + p^e; multiply these.",
                3: "Both functions are multiplicative: 1 + p + ... + p^e for the one, p^e - p^(e-1) for the other.",
            }[level],
        ]

    def work(self, values: Values, level: int, slips: Slips) -> int:
        powers = {p: max(1, slips(e)) for p, e in _factors(values["n"]).items()}
        if level == 1:
            return slips(prod(e + 1 for e in powers.values()))
        total = slips(prod(slips((p ** (e + 1) - 1) // (p - 1)) for p, e in powers.items()))
        if level == 2:
            return total
        free = slips(prod(slips(p ** (e - 1) * (p - 1)) for p, e in powers.items()))
        return slips(total + free)


def _factors(n: int) -> dict[int, int]:
    if n < 1:
        raise ValueError(f"{n} has no prime factorisation")
    found: dict[int, int] = {}
    p = 2
    while n > 1:
        if p * p > n:
            p = n
        while n % p == 0:
            found[p] = found.get(p, 0) + 1
            n //= p
        p += 1
    return found


TEMPLATES = (ModularPower(), Congruences(), Divisors())
