"""Answers in words: a closed vocabulary. Words of one group exclude each other; all others decide nothing.

A meaning with a shade behind a stroke (`nothing/real`) is near its plain one: neither the same nor another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_GROUPS: tuple[dict[str, str], ...] = (
    {"yes": "yes|true|correct", "no": "no|false|incorrect|not true"},
    {"converges": "converges|convergent|converge", "diverges": "diverges|divergent|diverge"},
    {"rational": "rational|rational number", "irrational": "irrational|irrational number"},
    {"even": "even|even function|even number", "odd": "odd|odd function|odd number", "neither": "neither"},
    {"prime": "prime|prime number", "composite": "composite|composite number"},
    {"ellipse": "ellipse", "parabola": "parabola", "hyperbola": "hyperbola"},
    {
        "increasing": "increasing",
        "increasing/strictly": "strictly increasing",
        "decreasing": "decreasing",
        "decreasing/strictly": "strictly decreasing",
    },
    {"continuous": "continuous", "discontinuous": "discontinuous|not continuous"},
    {"injective": "injective|one-to-one", "not injective": "not injective|not one-to-one"},
    {
        "dependent": "dependent",
        "dependent/linearly": "linearly dependent",
        "independent": "independent",
        "independent/linearly": "linearly independent",
    },
    {
        "nothing": "no solution|no solutions|none|empty set|null set|∅|⦃⦄|has no solution"
        "|has no solutions|inconsistent",
        "nothing/real": "no real solution|no real solutions|no real root|no real roots",
        "nothing/integer": "no integer solution|no integer solutions|no integral solutions",
        "nothing/such": "no such number|no such numbers",
        "infinitely many": "infinitely many|infinitely many solutions|infinite number of solutions"
        "|has infinitely many solutions|infinitely many of them",
        "unique": "unique|unique solution|exactly one solution",
    },
    {"does not exist": "does not exist|dne|doesn't exist|limit does not exist|nonexistent|non-existent"},
    {"undefined": "undefined|not defined"},
    {"infinity": "∞|+∞|infinity|positive infinity", "minus infinity": "-∞|negative infinity|minus infinity"},
)
_MEANINGS: dict[str, tuple[int, str]] = {
    phrase: (group, meaning)
    for group, meanings in enumerate(_GROUPS)
    for meaning, phrases in meanings.items()
    for phrase in phrases.split("|")
}
_FILLERS = re.compile(
    r"^(?:(?:there|it|this|that|is|are|exists?|the|an?|statement|limit|series|sequence|system|equation|integral|function"
    r"|curve|conic|number|has|set|answer)\s+)+"
)
_UNITS = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "  # noqa: SIM905
    "seventeen eighteen nineteen".split()
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBERS = {word: value for value, word in enumerate(_UNITS)}
_NUMBERS |= {word: 10 * value for value, word in enumerate(_TENS, 2)}
_NUMBERS |= {
    f"{tens}{dash}{unit}": 10 * value + digit
    for value, tens in enumerate(_TENS, 2)
    for digit, unit in enumerate(_UNITS[1:10], 1)
    for dash in ("-", " ")
} | {"hundred": 100, "one hundred": 100, "thousand": 1000, "one thousand": 1000}


_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8}
_PARTS |= {"ninth": 9, "tenth": 10, "halve": 2}
_SHARE = re.compile(rf"(?:(an?|{'|'.join(_UNITS[1:])})[ -])?({'|'.join(_PARTS)})s?")


def number_word(text: str) -> str | None:
    """`seven` as `7`, `three quarters` as `3/4`; None for what is no such word."""
    text = text.lower()
    sign = "-" if (bare := re.sub(r"^(?:minus|negative) ", "", text)) != text else ""
    if bare in _NUMBERS:
        return f"{sign}{_NUMBERS[bare]}"
    share = _SHARE.fullmatch(bare)
    if share is None or (share.group(1) is None and share.group(2) != "half"):
        return None
    return f"{sign}{_NUMBERS.get(share.group(1) or 'one', 1)}/{_PARTS[share.group(2)]}"


def meaning(text: str) -> tuple[int, str] | None:
    """The group and meaning of a phrase of the vocabulary, filler words passed over; None for any other text."""
    if len(text) > 80:
        return None
    phrase = " ".join(text.lower().split())
    return _MEANINGS.get(phrase) or _MEANINGS.get(_FILLERS.sub("", phrase))


def same_words(a: str, b: str) -> bool | None:
    """Two phrases, at least one of the vocabulary; a plain number other than 0 is none of those that mean no number."""
    first, second = meaning(a), meaning(b)
    if first and second:
        if first == second:
            return True
        near = first[1].partition("/")[0] == second[1].partition("/")[0]
        return False if first[0] == second[0] and not near else None
    known, other = (first, b) if first else (second, a)
    if known is None or not re.fullmatch(r"[-+]?\d+(?:[./]\d+)?", other):
        return None
    # a count may be none, one or many; and 0 and 1 may be a no and a yes
    return None if other.strip("-+0./") in ("", "1") else False


def same_letters(a: str, b: str) -> bool | None:
    """Phrases of plain words that differ at most in case are the same, unless it parts names: `line AB`, `line ab`."""
    if not (_PLAIN_WORDS.fullmatch(a) and _PLAIN_WORDS.fullmatch(b)) or a.casefold() != b.casefold():
        return None
    words = list(zip(a.split(), b.split(), strict=True))
    names = any(x != y and len(x) < 4 and x[1:] + y[1:] != (x[1:] + y[1:]).lower() for x, y in words)
    return True if not names and not _FUNCTION_NAMES.intersection(a.casefold().split()) else None


_PLAIN_WORDS = re.compile(r"(?=.{3})[A-Za-z]{2,}(?:[ '-]+[A-Za-z]{2,})*")
_FUNCTION_NAMES = frozenset({"sin", "cos", "tan", "sec", "csc", "cot", "ln", "log", "exp", "lg", "pi"})
_LETTERS = re.compile(r"[A-Za-z](?: ?[A-Za-z])*")
_NUMERAL = re.compile(r"m*(?:c[md]|d?c*)(?:x[cl]|l?x*)(?:i[xv]|v?i*)")


def rearranged(a: str, b: str) -> bool:
    """Whether both are the same letters in another order, and not beyond doubt a product: an order, a word, a numeral.

    `xy` is one. `abc` may be an order of three, `hht` an outcome, `iv` a number.
    """
    if not (_LETTERS.fullmatch(a) and _LETTERS.fullmatch(b)):
        return False
    a, b = a.replace(" ", ""), b.replace(" ", "")
    if sorted(a) != sorted(b) or a == b:
        return False
    return len(a) > 2 or not a.islower() or bool(_NUMERAL.fullmatch(a) and _NUMERAL.fullmatch(b))


_CHOICE = re.compile(r"(?:option|choice)?\s*\(?([A-H])\)?[.:]?")
_CHOICE_WITH_TEXT = re.compile(r"(?:\(([A-H])\)|([A-H])[).:])\s*(\S.*)")


@dataclass(frozen=True, slots=True)
class Choice:
    """A multiple-choice answer: its letter, and what is written beside it (may be empty)."""

    letter: str
    beside: str


def choice(text: str) -> Choice | None:
    """None for what is no multiple-choice answer."""
    if plain := _CHOICE.fullmatch(text):
        return Choice(plain.group(1), "")
    if labelled := _CHOICE_WITH_TEXT.fullmatch(text):
        return Choice(labelled.group(1) or labelled.group(2), labelled.group(3))
    return None
