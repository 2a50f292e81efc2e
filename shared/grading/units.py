"""Units behind (or a currency before) a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_SCALES: dict[str, dict[str, str]] = {
    "length": {
        "m metre metres meter meters": "1",
        "cm centimetre centimetres centimeter centimeters": "0.01",
        "mm millimetre millimetres millimeter millimeters": "0.001",
        "km kilometre kilometres kilometer kilometers": "1000",
        "in inch inches": "0.0254",
        "ft foot feet": "0.3048",
        "yd yard yards": "0.9144",
        "mi mile miles": "1609.344",
    },
    "time": {
        "s sec secs second seconds": "1",
        "ms millisecond milliseconds": "0.001",
        "min mins minute minutes": "60",
        "h hr hrs hour hours": "3600",
        "day days": "86400",
        "week weeks": "604800",
    },
    "mass": {
        "g gram grams": "0.001",
        "kg kilogram kilograms": "1",
        "mg milligram milligrams": "0.000001",
        "lb lbs pound pounds": "0.45359237",
        "oz ounce ounces": "0.028349523125",
        "tonne tonnes": "1000",
    },
    "money": {"dollar dollars USD": "1", "cent cents": "0.01"},
    "euro": {"euro euros EUR": "1"},
    "force": {"N newton newtons": "1"},
    "energy": {"J joule joules": "1", "kJ": "1000"},
    "power": {"W watt watts": "1", "kW": "1000"},
    "count": {
        "unit units way ways solution solutions root roots point points people student students outcome outcomes "
        "arrangement arrangements permutation permutations combination combinations rad radian radians": "1"
    },
}
_COMPOUND: dict[str, tuple[str, int, str]] = {
    word: (dimension, exponent, factor)
    for words, dimension, exponent, factor in (
        ("L litre litres liter liters", "length", 3, "0.001"),
        ("mL ml millilitre milliliter millilitres milliliters", "length", 3, "0.000001"),
    )
    for word in words.split()
}
_UNITS: dict[str, tuple[str, int, Fraction]] = {
    word: (dimension, 1, Fraction(factor))
    for dimension, scale in _SCALES.items()
    for words, factor in scale.items()
    for word in words.split()
} | {word: (dimension, exponent, Fraction(factor)) for word, (dimension, exponent, factor) in _COMPOUND.items()}
MAX_TAIL = 40  # characters that a unit may take
_SPEEDS = {"mph": "mi/h", "kmh": "km/h", "kph": "km/h", "km/hr": "km/h"}

_WORD = "|".join(sorted([*_UNITS, *_SPEEDS], key=len, reverse=True))
_PART = rf"(?:square|sq|cubic)?\.?\s*(?:{_WORD})(?![A-Za-z])(?:\s*\^\s*(?:\d|\{{\s*-?\d\s*\}}|-\d))?"
_TAIL = re.compile(rf"(?<![A-Za-z\\_]){_PART}(?:\s*(?:/|\*|per|\s)\s*{_PART})*\.?$")
_PIECE = re.compile(
    rf"(?P<link>/|per)|(?P<power>square|sq|cubic)|(?P<word>{_WORD})(?![A-Za-z])(?:\s*\^\s*\{{?\s*(?P<exponent>-?\d))?"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """`dimensions` such as `(("length", 1), ("time", -1))`; `factor` turns a value into base units."""

    dimensions: tuple[tuple[str, int], ...]
    factor: Fraction
    letter: bool  #: a single letter, which may be an unknown as well


def split(text: str) -> tuple[str, Unit | None]:
    """The value's text, and its unit where one is written behind it (`USD` may stand before it)."""
    if text.startswith("USD"):
        head, more = split(text[3:].strip())
        return head, more or _unit("dollars")
    if text[-1:] not in _LAST_SIGNS:
        return text, None
    found = _TAIL.search(text, max(0, len(text) - MAX_TAIL))
    if found is None:
        return text, None
    head, tail = text[: found.start()].rstrip(), found.group().strip()
    if not head or head[-1] in "+-*/^=(_,|":
        return text, None
    if len(tail) == 1 and (text[-2] != " " or re.search("[A-Za-z]", re.sub(r"\\[a-z]+", "", head))):
        return text, None  # an unknown, perhaps
    unit = _unit(tail)
    return (head, unit) if unit else (text, None)


_LAST_SIGNS = frozenset("".join(word[-1] for word in _UNITS) + "hr}0123456789.")


def _unit(text: str) -> Unit | None:
    dimensions: dict[str, int] = {}
    factor, sign, power = Fraction(1), 1, 1
    for piece in _PIECE.finditer(text):
        if piece.group("link"):
            sign = -1
        elif piece.group("power"):
            power = 3 if piece.group("power") == "cubic" else 2
        else:
            word = piece.group("word")
            if word in _SPEEDS:
                return _unit(_SPEEDS[word])
            exponent = int(piece.group("exponent") or 1) * sign * power
            dimension, own, scale = _UNITS[word]
            dimensions[dimension] = dimensions.get(dimension, 0) + own * exponent
            factor *= scale**exponent
            power = 1
    if dimensions.pop("count", None) and not dimensions:
        return Unit((), Fraction(1), False)
    return Unit(tuple(sorted(dimensions.items())), factor, len(text) == 1)


def conversions(unit: Unit) -> list[Fraction]:
    """Factors by which the number would change in other units of the dimension, if it is of one dimension."""
    if len(unit.dimensions) != 1:
        return []
    ((dimension, exponent),) = unit.dimensions
    return [unit.factor / scale**exponent for name, own, scale in _UNITS.values() if (name, own) == (dimension, 1)]
