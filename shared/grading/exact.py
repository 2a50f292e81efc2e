"""Are two final answers the same, by rules alone? Text is read, never executed.

A verdict is given only where the rules are certain under the usual conventions; None means that somebody who knows
the problem has to decide. Forgiven on either side: a unit, a percent or degree sign, `x =`, a set's order, the
words around an answer. Not decided: a decimal against the value that it rounds, `+ C` on one side only, orders of
bare lists, letters that may stand for a given value.
"""

from __future__ import annotations

import re
from fractions import Fraction

from shared.grading import text as texts
from shared.grading import units, words
from shared.grading.answers import Answer, Named, Scalar
from shared.grading.reader import Reader
from shared.grading.sameness import Comparison
from shared.grading.syntax import Node, Unclear, Work, number
from shared.grading.tokens import tokenise

MAX_CHARS = 4_000  # a longer text is no final answer

_DECIMAL_COMMA = re.compile(r"(-?\d+),(\d+)")


def compare(reference: str, candidate: str) -> bool | None:
    """True: equal; False: different; None: undecided. Symmetric; never raises; bounded in work."""
    if len(reference) > MAX_CHARS or len(candidate) > MAX_CHARS:
        return None
    try:
        return _cleaned(texts.clean(reference), texts.clean(candidate))
    except (Unclear, ArithmeticError, ValueError, RecursionError):
        return None


def _cleaned(a: str, b: str) -> bool | None:
    if not a or not b or max(len(a), len(b)) > MAX_CHARS:
        return None
    if texts.squeezed(a) == texts.squeezed(b):
        return True
    a, b = words.number_word(a) or a, words.number_word(b) or b
    if words.meaning(a) or words.meaning(b):
        return words.same_words(a, b)
    if words.same_letters(a, b):
        return True
    first, second = words.choice(a), words.choice(b)
    if first and second:
        return _choices(first, second)
    return _values(first.beside if first else a, second.beside if second else b)


def _choices(a: words.Choice, b: words.Choice) -> bool | None:
    """By the letter, unless what is written beside it on both sides says otherwise."""
    same_letter = a.letter == b.letter
    if a.beside and b.beside and _values(a.beside, b.beside) is not same_letter:
        return None
    return same_letter


def _values(a: str, b: str) -> bool | None:
    """`1,234` may be one number or two; `0,5` may be a decimal."""
    plain = texts.without_thousands(a), texts.without_thousands(b)
    if any(plain) and _quantities(plain[0] or a, plain[1] or b):
        return True
    verdict = _quantities(a, b)
    if verdict is False and any(plain):
        return _quantities(plain[0] or a, plain[1] or b)
    if verdict is False and ("," in a) != ("," in b):
        decimal = _quantities(_with_point(a), _with_point(b))
        return False if decimal is False else None
    return verdict


def _with_point(text: str) -> str:
    return f"{pair.group(1)}.{pair.group(2)}" if (pair := _DECIMAL_COMMA.fullmatch(text)) else text


def _quantities(a: str, b: str) -> bool | None:
    """Units of one kind are converted; different kinds differ; a missing unit is forgiven."""
    (value_a, unit_a), (value_b, unit_b) = units.split(a), units.split(b)
    work = Work()
    x, y = _read(value_a, work), _read(value_b, work)
    comparison = Comparison(work)
    if unit_a and unit_b:
        if unit_a.dimensions != unit_b.dimensions:
            return None if () in (unit_a.dimensions, unit_b.dimensions) else False
        if unit_a.factor == unit_b.factor:
            return comparison.equal(x, y)
        return comparison.equal(_times(x, unit_a.factor), _times(y, unit_b.factor))
    unit = unit_a or unit_b
    verdict = comparison.equal(x, y)
    if unit is None or not unit.dimensions:
        return verdict
    if verdict is False:
        measured, bare = (x, y) if unit_a else (y, x)
        others = (comparison.equal(_times(measured, other), bare) for other in units.conversions(unit))
        return False if all(other is False for other in others) else None
    return None if unit.letter else verdict


def _read(text: str, work: Work) -> Answer:
    return Reader(work).read(tokenise(texts.without_label(text)))


def _times(answer: Answer, factor: Fraction) -> Answer:
    """Raises Unclear where the answer is no single value."""
    if isinstance(answer, Named):
        answer = answer.value
    if not isinstance(answer, Scalar):
        raise Unclear("a unit behind several values")
    return Scalar(Node("mul", (answer.node, number(factor))))
