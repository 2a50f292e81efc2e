"""Answers in words: a closed vocabulary. Words of one group exclude each other; all others decide nothing."""

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
    {"increasing": "increasing|strictly increasing", "decreasing": "decreasing|strictly decreasing"},
    {"continuous": "continuous", "discontinuous": "discontinuous|not continuous"},
    {"injective": "injective|one-to-one", "not injective": "not injective|not one-to-one"},
    {"dependent": "dependent|linearly dependent", "independent": "independent|linearly independent"},
    {
        "nothing": "no solution|no solutions|no real solution|no real solutions|no such number|no such numbers|none"
        "|empty set|null set|∅|⦃⦄|has no solution|has no solutions|no integer solutions|inconsistent",
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
_NO_NUMBER = frozenset({"nothing", "infinitely many", "does not exist", "undefined", "infinity", "minus infinity"})
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


def number_word(text: str) -> str | None:
    """`seven` as `7`; None for what is no such word."""
    value = _NUMBERS.get(text.lower())
    return None if value is None else str(value)


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
        return first == second if first[0] == second[0] else None
    known, other = (first, b) if first else (second, a)
    is_number = re.fullmatch(r"[-+]?\d+(?:[./]\d+)?", other) is not None and other.strip("-+0./") != ""
    return False if known and known[1] in _NO_NUMBER and is_number else None


def same_letters(a: str, b: str) -> bool | None:
    """Phrases of plain words that differ at most in case are the same; what else says nothing."""
    plain = re.compile(r"[A-Za-z][A-Za-z' -]{2,}")
    return True if plain.fullmatch(a) and plain.fullmatch(b) and a.casefold() == b.casefold() else None


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
