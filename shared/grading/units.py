"""Units behind (or a currency before) a value."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from shared.grading.text import UPRIGHT

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
    "sterling": {"GBP": "1", "pence": "0.01"},
    "rupee": {"rupee rupees INR": "1"},
    "yen": {"yen JPY": "1"},
    "angle": {"rad radian radians": "1"},
    "force": {"N newton newtons": "1"},
    "energy": {"J joule joules": "1", "kJ": "1000"},
    "power": {"W watt watts": "1", "kW": "1000"},
    "count": {
        "unit units way ways solution solutions root roots point points people student students outcome outcomes "
        "arrangement arrangements permutation permutations combination combinations": "1"
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
_MEASURE = rf"(\d+(?:\.\d+)?)\s*({_WORD})(?![A-Za-z])"
_SEVERAL = re.compile(rf"{_MEASURE}(?:,?\s*(?:and\s+)?{_MEASURE}){{1,2}}\.?")
_CURRENCY = re.compile(r"([-+]?)\s*(USD|EUR|GBP|INR|JPY)\s*")
_PIECE = re.compile(
    rf"(?P<link>/|per)|(?P<power>square|sq|cubic)|(?P<word>{_WORD})(?![A-Za-z])(?:\s*\^\s*\{{?\s*(?P<exponent>-?\d))?"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """`dimensions` such as `(("length", 1), ("time", -1))`; `factor` turns a value into base units."""

    dimensions: tuple[tuple[str, int], ...]
    factor: Fraction
    letter: bool  #: letters that may be unknowns as well


def split(text: str) -> tuple[str, Unit | None]:
    """The value's text, and its unit where one is written behind it (a currency may stand before it)."""
    if currency := _CURRENCY.match(text):
        head, more = split(currency.group(1) + text[currency.end() :].strip())
        return head, more or _unit(currency.group(2))
    plain = text.replace(UPRIGHT, "")
    if plain[-1:] not in _LAST_SIGNS:
        return plain, None
    if several := _SEVERAL.fullmatch(plain):
        return _joined(several) or (plain, None)
    found = _TAIL.search(plain, max(0, len(plain) - MAX_TAIL))
    if found is None:
        return plain, None
    head, tail = plain[: found.start()].rstrip(), found.group().strip()
    if not head or head[-1] in "+-*/^=(_,|":
        return plain, None
    spaced = found.start() < len(plain) and plain[found.start() - 1 : found.start() + 1].find(" ") >= 0
    sureness = _sureness(head, tail, spaced, _is_upright(text, found.start()))
    unit = _unit(tail) if sureness is not None else None
    return (head, replace(unit, letter=not sureness)) if unit else (plain, None)


def _is_upright(text: str, start: int) -> bool:
    """Whether what begins at this place of the plain text was written as text: `5\\text{ m}`, unlike `5m`."""
    place = -1
    while (place := text.find(UPRIGHT, place + 1)) >= 0:
        if start <= place - text.count(UPRIGHT, 0, place) <= start + 2:
            return True
    return False


def _sureness(head: str, tail: str, spaced: bool, upright: bool) -> bool | None:
    """Whether the tail is a unit: True, False where it may be a product of unknowns, None where it is none.

    Only a bare number has letters behind it that are a unit: in `x^2 + 3h^2`, `6s^2` and `4 + 3 m` they are unknowns.
    """
    words = re.findall("[A-Za-z]+", tail)
    head = head.rpartition("=")[2].strip()
    shortest = min(map(len, words))
    if shortest >= 3 or (upright and shortest >= 2):
        return True if spaced or upright or _BARE.fullmatch(head) else None
    if not _BARE.fullmatch(head):
        return None
    if upright:
        return True
    if shortest == 1 and "/" not in tail:
        return False if spaced else None
    if spaced:
        return not _PRODUCTS.issuperset(words)
    return _UNMISTAKABLE.issuperset(words)


_BARE = re.compile(r"[-+±]?(?:[\d.,\s*/^(){}\[\]π√!]|\\(?:frac|sqrt|binom)|sqrt|pi|(?<=[\^{(])-)+")
_PRODUCTS = frozenset({"mg", "ms"})  # a weight m g, a product m s
_UNMISTAKABLE = frozenset({"cm", "mm", "km", "kg", "EUR", "USD"})


def _joined(several: re.Match[str]) -> tuple[str, Unit] | None:
    """`2 hours 15 minutes` as one value in base units; None where they measure different things."""
    total, dimensions = Fraction(0), set[tuple[tuple[str, int], ...]]()
    for value, word in re.findall(_MEASURE, several.group()):
        unit = _unit(word)
        total += Fraction(value) * unit.factor
        dimensions.add(unit.dimensions)
    if len(dimensions) > 1 or () in dimensions:
        return None
    return f"({total.numerator})/{total.denominator}", Unit(dimensions.pop(), Fraction(1), False)


_LAST_SIGNS = frozenset("".join(word[-1] for word in _UNITS) + "hr}0123456789.")


def _unit(text: str) -> Unit:
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
    return Unit(tuple(sorted(dimensions.items())), factor, False)


def conversions(unit: Unit) -> list[Fraction]:
    """Factors by which the number would change in other units of the dimension, if it is of one dimension."""
    if len(unit.dimensions) != 1:
        return []
    ((dimension, exponent),) = unit.dimensions
    return [unit.factor / scale**exponent for name, own, scale in _UNITS.values() if (name, own) == (dimension, 1)]
