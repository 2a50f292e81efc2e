"""Are two final answers the same, by rules alone? Text is read, never executed.

A verdict is given only where the rules are certain under the usual conventions; None means that somebody who knows
the problem has to decide. Forgiven on either side: a unit, a percent or degree sign, `x =`, a set's order, the
words around an answer. Not decided: a decimal against the value that it rounds, `+ C` on one side only, orders of
bare lists, letters that may stand for a given value, replies that name several answers.
"""

from __future__ import annotations

from shared.grading import clocks, families, finals, numerals, quantities, words
from shared.grading import text as texts
from shared.grading.syntax import Unclear, Work

MAX_CHARS = 4_000  # a longer text is no final answer


def compare(reference: str, candidate: str) -> bool | None:
    """True: equal; False: different; None: undecided. Symmetric; never raises; bounded in work."""
    if len(reference) > MAX_CHARS or len(candidate) > MAX_CHARS:
        return None
    work = Work()
    try:
        a, b = _final(reference), _final(candidate)
        if len(a) == len(b) == 1:
            return _cleaned(a[0], b[0], work)
        return True if _lists(a, b, work) or all(_guarded(x, y, work) for x in a for y in b) else None
    except (Unclear, ArithmeticError, ValueError, RecursionError):
        return None


def _final(text: str) -> list[str]:
    """The one final answer; or several, the last of them all in one list where they make one."""
    text = " ".join(texts.single_backslashes(text).split())
    parts = [texts.clean(part) for part in finals.final_parts(text)]
    parts = list(dict.fromkeys(parts))
    return [*parts, texts.clean(finals.joined(text))] if len(parts) > 1 else parts


def _lists(a: list[str], b: list[str], work: Work) -> bool:
    """Whether several boxes, as one list, are what the other side says."""
    return bool(a[-1] and b[-1] and _guarded(a[-1], b[-1], work))


def _guarded(a: str, b: str, work: Work) -> bool | None:
    try:
        return _cleaned(a, b, work)
    except (Unclear, ArithmeticError, ValueError, RecursionError):
        return None


def _cleaned(a: str, b: str, work: Work) -> bool | None:
    marked_a, marked_b = (texts.without_approximation(texts.without_operation(text)) for text in (a, b))
    a, b = texts.plain(marked_a), texts.plain(marked_b)
    if not a or not b or max(len(a), len(b)) > MAX_CHARS:
        return None
    if texts.squeezed(a) == texts.squeezed(b):
        return True
    number_a, number_b = words.number_word(a), words.number_word(b)
    if words.meaning(a) or words.meaning(b):
        return words.same_words(number_a or a, number_b or b)
    if words.same_letters(a, b):
        return True
    if words.rearranged(a, b):
        return None
    first, second = words.choice(a), words.choice(b)
    if first and second:
        return _choices(first, second, work)
    return _values(
        number_a or (first.beside if first else marked_a), number_b or (second.beside if second else marked_b), work
    )


def _choices(a: words.Choice, b: words.Choice, work: Work) -> bool | None:
    """By the letter, unless what is written beside it on both sides says otherwise."""
    same_letter = a.letter == b.letter
    if a.beside and b.beside and _values(a.beside, b.beside, work) is not same_letter:
        return None
    return same_letter


def _values(a: str, b: str, work: Work) -> bool | None:
    """Equal in the usual reading of both; different in every reading."""
    (a, letter_a), (b, letter_b) = families.unquantified(a), families.unquantified(b)
    clock_a, clock_b = clocks.read(texts.plain(a)), clocks.read(texts.plain(b))
    if clock_a and clock_b:
        return clocks.same_time(clock_a, clock_b)
    bound = frozenset({letter_a, letter_b} - {""})
    verdict: bool | None = False
    for place, (x, y) in enumerate((x, y) for x in numerals.readings(a) for y in numerals.readings(b)):
        found = _quantities(x, y, work, bound)
        if place == 0 and found is not False:
            return found
        verdict = None if found is not False else verdict
    return verdict


def _quantities(a: str, b: str, work: Work, bound: frozenset[str]) -> bool | None:
    try:
        return quantities.compare(a, b, work, bound)
    except Unclear:
        return None
