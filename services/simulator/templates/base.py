"""What every template shares: wordings that are written and read back, and the slips of a solver."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain
from random import Random
from typing import Any, ClassVar, TypeVar

Values = dict[str, Any]
Number = int | Fraction
Wordings = dict[int, tuple[str, ...]]  # by level
T = TypeVar("T", int, Fraction)

MAX_TEXT = 2_000  # characters; no wording comes near it, and it bounds what the patterns are tried on
DEGENERATE = frozenset({"0", "1", "-1"})  # answers that a guess would hit


@dataclass(frozen=True)
class Problem:
    """A problem as an author knows it. No hint holds the answer."""

    text: str
    answer: str
    hints: list[str]
    subject: str
    topic: str


class Slips:
    """The arithmetic of a fallible solver: each step's result is off with probability `slip`."""

    def __init__(self, rng: Random, slip: float) -> None:
        self._rng = rng
        self._slip = slip
        self.steps = 0

    def __call__(self, value: T) -> T:
        """The result of one step: `value`, or something near it that is wrong."""
        self.steps += 1
        if self._rng.random() >= self._slip:
            return value
        size = self._rng.choice((1, 1, 2, 10))
        return value + self._rng.choice((-size, size))

    def sum(self, terms: Sequence[int]) -> int:
        """An addition of many terms counts as one step."""
        return self(sum(terms))

    def dot(self, left: Sequence[int], right: Sequence[int]) -> int:
        """One step for each product, one for the sum."""
        return self.sum([self(a * b) for a, b in zip(left, right, strict=True)])


def poly_text(coefficients: Sequence[int]) -> str:
    """A polynomial in x, highest power first, as `3x^2 - x + 7`; `coefficients` are lowest first."""
    parts = []
    for power in range(len(coefficients) - 1, -1, -1):
        value = coefficients[power]
        if value:
            symbol = "" if power == 0 else "x" if power == 1 else f"x^{power}"
            size = "" if abs(value) == 1 and symbol else str(abs(value))
            parts.append(("- " if value < 0 else "+ ") + size + symbol)
    text = " ".join(parts) or "0"
    return "-" + text[2:] if text.startswith("- ") else text.removeprefix("+ ")


def linear_text(coefficients: Sequence[int]) -> str:
    """`3x - y + 2z` of the coefficients in that order."""
    text = ""
    for value, letter in zip(coefficients, "xyz", strict=False):
        if value:
            sign = (" - " if value < 0 else " + ") if text else ("-" if value < 0 else "")
            text += sign + ("" if abs(value) == 1 else str(abs(value))) + letter
    return text or "0"


def _read_poly(text: str) -> tuple[int, ...]:
    found: dict[int, int] = {}
    for sign, size, letter, power in re.findall(r"([+-]?)\s*(\d*)(x?)(?:\^(\d))?", text):
        if size or letter:
            exponent = int(power or 1) if letter else 0
            found[exponent] = found.get(exponent, 0) + int(sign + (size or "1"))
    return tuple(found.get(power, 0) for power in range(max(found, default=0) + 1))


def _read_linear(text: str) -> tuple[int, int, int]:
    found = {"x": 0, "y": 0, "z": 0}
    for sign, size, letter in re.findall(r"([+-]?)\s*(\d*)([xyz])", text):
        found[letter] += int(sign + (size or "1"))
    return found["x"], found["y"], found["z"]


def _read_numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"-?\d+", text)))


def _read_rows(text: str) -> tuple[tuple[int, ...], ...]:
    return tuple(map(_read_numbers, re.findall(r"\[([^\[\]]*)\]", text)))


def _rows_text(rows: Sequence[Sequence[int]]) -> str:
    return "[" + ", ".join(f"[{', '.join(map(str, row))}]" for row in rows) + "]"


def _list_text(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def point_text(numbers: Sequence[Number]) -> str:
    """`(1, -2)`."""
    return f"({', '.join(map(str, numbers))})"


_INT = r"-?\d{1,9}"
_INTS = rf"{_INT}(?:, ?{_INT}){{0,11}}"
_POLY_TERM = r"(?:\d{1,9}x?|x)(?:\^\d)?"
_LINEAR_TERM = r"\d{0,9}[xyz]"

# kind of field -> the pattern of its text, how it is read, how it is written
_KINDS: Mapping[str, tuple[str, Callable[[str], Any], Callable[[Any], str]]] = {
    "int": (_INT, int, str),
    "poly": (rf"-?{_POLY_TERM}(?: [+-] {_POLY_TERM}){{0,7}}", _read_poly, poly_text),
    "linear": (rf"-?{_LINEAR_TERM}(?: [+-] {_LINEAR_TERM}){{0,2}}", _read_linear, linear_text),
    "list": (_INTS, _read_numbers, _list_text),
    "point": (rf"\({_INTS}\)", _read_numbers, point_text),
    "points": (rf"\({_INTS}\)(?:, \({_INTS}\)){{0,7}}", lambda text: tuple(map(_read_numbers, text.split("),"))),
               lambda points: ", ".join(map(point_text, points))),
    "matrix": (rf"\[\[{_INTS}\](?:, \[{_INTS}\]){{0,3}}\]", _read_rows, _rows_text),
}  # fmt: skip
_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")


class Wording:
    """One way to put a problem: text with fields such as `{f:poly}`, which also reads such text back."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._kinds = {name: kind or "int" for name, kind in _FIELD.findall(text)}
        self._pattern = re.compile(self._as_pattern())

    def _as_pattern(self) -> str:
        pattern, end = "", 0
        for field in _FIELD.finditer(self._text):
            name, kind = field.groups()
            again = f"(?P<{name}>" in pattern
            pattern += re.escape(self._text[end : field.start()])
            pattern += f"(?P={name})" if again else f"(?P<{name}>{_KINDS[kind or 'int'][0]})"
            end = field.end()
        return pattern + re.escape(self._text[end:])

    def write(self, values: Values) -> str:
        """The problem's text."""
        return _FIELD.sub(lambda field: _KINDS[field[2] or "int"][2](values[field[1]]), self._text)

    def read(self, text: str) -> Values | None:
        """The values in a tidied text; None when it is worded otherwise."""
        found = self._pattern.fullmatch(text)
        return found and {name: _KINDS[kind][1](found[name]) for name, kind in self._kinds.items()}


def tidy(text: str) -> str:
    """The text with its dollar signs, odd minus signs and runs of white space evened out."""
    return " ".join(text.replace("$", "").replace("−", "-").split())


def tells(hint: str, answer: str) -> bool:
    """Whether the answer stands in the hint, as a token or as the digits of one."""
    hint, answer = hint.replace(" ", ""), answer.replace(" ", "")
    start = hint.find(answer)
    while start >= 0:
        end = start + len(answer)
        if not (hint[max(0, start - 1) : start].isdigit() or hint[end : end + 1].isdigit()):
            return True
        start = hint.find(answer, start + 1)
    return False


class Template:
    """A family of problems. Author and solver share the wordings only: the author knows the answer from how the
    problem was made, the solver works it out from the text."""

    subject: ClassVar[str]
    topic: ClassVar[str]
    words: ClassVar[str] = ""  # further words by which a topic finds the template
    wordings: ClassVar[Wordings]
    largest: ClassVar[int] = 10**9  # the solver gives up above it: work must stay short on any text

    def draw(self, rng: Random, level: int) -> tuple[Values, str]:
        """Values for the wordings of the level, and the answer."""
        raise NotImplementedError

    def hints(self, values: Values, level: int) -> list[str]:
        """At least three, first one first."""
        raise NotImplementedError

    def work(self, values: Values, level: int, slips: Slips) -> Number | str:
        """The answer that a solver reaches, each step through `slips`. May raise ArithmeticError or ValueError where a
        slip, or a text of no author's, leads nowhere."""
        raise NotImplementedError

    @cached_property
    def _worded(self) -> dict[int, list[Wording]]:
        return {level: [Wording(text) for text in texts] for level, texts in self.wordings.items()}

    def generate(self, rng: Random, level: int) -> Problem:
        """A problem of level 1, 2 or 3; the same state of `rng` gives the same problem."""
        while True:
            values, answer = self.draw(rng, level)
            hints = self.hints(values, level)
            if answer not in DEGENERATE and not any(tells(hint, answer) for hint in hints):
                text = rng.choice(self._worded[level]).write(values)
                return Problem(text, answer, hints, self.subject, self.topic)

    def reworded(self, text: str, rng: Random) -> str | None:
        """The problem of a tidied text in another wording; None when it is no problem of this template."""
        for wordings in self._worded.values():
            for wording in wordings:
                if (values := wording.read(text)) is not None:
                    return rng.choice([other for other in wordings if other is not wording]).write(values)
        return None

    def changed(self, text: str, rng: Random) -> Problem | None:
        """A problem of the same level with other parameters; None when the tidied text is none of this template."""
        for level, wordings in self._worded.items():
            if any(wording.read(text) is not None for wording in wordings):
                return self.generate(rng, level)
        return None

    def solve(self, text: str, slips: Slips) -> str | None:
        """The solver's answer to a tidied text; None when it is no problem of this template."""
        for level, wordings in self._worded.items():
            for wording in wordings:
                if (values := wording.read(text)) is not None:
                    return self._attempt(values, level, slips)
        return None

    def _attempt(self, values: Values, level: int, slips: Slips) -> str | None:
        if any(abs(number) > self.largest for number in _numbers(values.values())):
            return None
        try:
            return str(self.work(values, level, slips))
        except (ArithmeticError, ValueError, IndexError):
            return "no solution"  # what a contradiction in the work looks like to the one who did it


def _numbers(values: Any) -> chain[int] | tuple[int, ...]:
    return chain.from_iterable((v,) if isinstance(v, int) else _numbers(v) for v in values)
