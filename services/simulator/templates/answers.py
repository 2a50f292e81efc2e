"""Whether two short answers are the same value: exact numbers, tuples, sets. Nothing is executed."""

from __future__ import annotations

import re
from fractions import Fraction

_DRESS = re.compile(r"\\(?:left|right|displaystyle)(?![a-z])|\\[,;:! ]|[$\s]|\\\(|\\\)|\\\[|\\\]")
_SPACE_IN_DIGITS = re.compile(r"(?<=\d)\s+(?=\d)")
_BOX = re.compile(r"^\\(?:boxed|text|mathrm)\{(.*)\}$")
_FRACTION = re.compile(r"\\[dtc]?frac(?:\{([^{}]*)\}|(\d))(?:\{([^{}]*)\}|(\d))")
_NAMED = re.compile(r"^(?:[a-z]|\([a-z](?:,[a-z])*\))=(?=.)")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+")
_NUMBER = re.compile(r"\(?([+-]?)\(?([+-]?(?:\d+(?:\.\d*)?|\.\d+))\)?(?:/\(?([+-]?\d+(?:\.\d+)?)\)?)?(%?)\)?")
_LONGEST = 200  # characters that are read as a number; int() of a very long one raises

Value = Fraction | str | tuple["Value", ...] | frozenset["Value"]


def same(a: str, b: str) -> bool:
    """Whether both are one value; text that is no number is compared as it stands, white space and case aside."""
    return _value(_plain(a)) == _value(_plain(b))


def _plain(text: str) -> str:
    text = _SPACE_IN_DIGITS.sub("_", text)  # `1 2` is not 12
    text = _DRESS.sub("", text.strip().rstrip(".")).replace("−", "-").replace("\\{", "{").replace("\\}", "}")
    text = text.replace("\\cdot", "*").replace("\\times", "*").lower()
    while boxed := _BOX.match(text):
        text = boxed[1]
    text = _FRACTION.sub(lambda found: f"({found[1] or found[2]})/({found[3] or found[4]})", text)
    return _NAMED.sub("", text)


def _value(text: str, depth: int = 0) -> Value:
    if (number := _number(text)) is not None:
        return number
    if depth < 4 and len(text) > 1:
        inner, ends = text[1:-1], text[0] + text[-1]
        if ends == "{}":
            return frozenset(_value(part, depth + 1) for part in _parts(inner))
        if ends in ("()", "[]") and len(parts := _parts(inner)) > 1:
            return tuple(_value(part, depth + 1) for part in parts)
    return text


def _parts(text: str) -> list[str]:
    """The text at its outer commas."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _number(text: str) -> Fraction | None:
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    found = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None or text.count("(") != text.count(")"):
        return None
    sign, over, under, percent = found.groups()
    if under is not None and Fraction(under) == 0:
        return None
    value = Fraction(over) / Fraction(under or 1) / (100 if percent else 1)
    return -value if sign == "-" else value
