"""A cleaned answer as tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from shared.grading.syntax import Unclear

MAX_TOKENS = 600
MAX_CAPITALS = 12  # of a word of outcomes, such as HHTHT
MAX_EXPONENT = 400  # of a number written as 1e400

FUNCTIONS = frozenset(
    {
        "sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "asin", "acos",
        "atan", "ln", "log", "exp", "abs", "floor", "ceil",
    }
)  # fmt: skip
_ALIASES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "cosec": "csc", "lg": "log10"}
GREEK = frozenset(
    {
        "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa",
        "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega", "ell",
        "Gamma", "Delta", "Theta", "Lambda", "Xi", "Sigma", "Phi", "Psi", "Omega",
    }
)  # fmt: skip
_KEYWORDS = {"or": "or", "and": "and", "mod": "mod", "in": "∈", "pi": "π", "infinity": "∞", "inf": "∞", "oo": "∞"}
_KEYWORDS |= {"degrees": "°", "degree": "°", "percent": "%", "sqrt": "sqrt", "Pi": "π", "union": "∪"}
_LETTER_NAMES = {"θ": "theta", "α": "alpha", "β": "beta", "γ": "gamma", "λ": "lambda", "μ": "mu", "φ": "phi"}
_LETTER_NAMES |= {"ω": "omega", "δ": "delta", "σ": "sigma", "τ": "tau", "ρ": "rho", "ε": "epsilon", "ψ": "psi"}
_OPENS = re.compile(r"\s*\(")
SYMBOLS = re.compile("[A-Z]+|[a-z]")
_BY_LENGTH = sorted(FUNCTIONS | {"sqrt", "cosec", "lg", "pi"}, key=len, reverse=True)
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<repeating>\d*\.\d*\\overline\s*\{\d+\})"
    r"|(?P<grouped>[1-9]\d{0,2}(?:[ ]\d{3})+(?![\d.]))"
    r"|(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+(?![\w.]))?)"
    r"|\\(?P<command>[A-Za-z]+)"
    r"|(?P<letters>[A-Za-z]+)"
    r"|(?P<greek>[θαβγλμφωδσταρεψ])"
    r"|(?P<sign>[-+*/^_!%°=≤≥<>≠≡∈∪∩∖±∓∞π∅√(){}\[\]⦃⦄⟦⟧⏎&|,;:'])",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is `num`, `sym`, `func`, or the sign or keyword itself."""

    kind: str
    text: str = ""
    value: Fraction = Fraction(0)
    digits: int | None = None
    places: int = 0
    spaced: bool = False  #: a space stands before it


def tokenise(text: str) -> list[Token]:
    """Raises Unclear on what is no mathematics, and above `MAX_TOKENS`."""
    tokens: list[Token] = []
    place, spaced = 0, False
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise Unclear("a sign that is not known")
        place = match.end()
        kind, piece = str(match.lastgroup), match.group()
        if kind == "space":
            spaced = True
            continue
        if len(tokens) >= MAX_TOKENS:
            raise Unclear("too long")
        if kind in ("number", "grouped", "repeating"):
            tokens.append(_number(kind, piece, spaced))
        elif kind == "command":
            tokens.append(_command(match.group("command"), spaced))
        elif kind == "letters":
            found = _letters(piece, spaced)
            if len(found) > 1 and _OPENS.match(text, place) and all(token.kind == "sym" for token in found):
                found = [Token("sym", piece, spaced=spaced)]  # a function's name, perhaps: see letters.py
            tokens.extend(found)
        elif kind == "greek":
            tokens.append(Token("sym", _LETTER_NAMES[piece], spaced=spaced))
        else:
            tokens.append(Token("sqrt" if piece == "√" else piece, piece, spaced=spaced))
        spaced = False
    return tokens


def _number(kind: str, piece: str, spaced: bool) -> Token:
    if kind == "grouped":
        return Token("num", piece.replace(" ", ""), Fraction(int(piece.replace(" ", ""))), spaced=spaced)
    if kind == "repeating":
        return Token("num", piece, _repeating(piece), spaced=spaced)
    mantissa, _, exponent = piece.lower().partition("e")
    if exponent and abs(int(exponent[:12])) > MAX_EXPONENT:
        raise Unclear("too large an exponent")
    whole, _, decimals = mantissa.partition(".")
    value = Fraction(int((whole + decimals) or "0"))
    power = int(exponent or 0) - len(decimals)
    value = value * 10**power if power >= 0 else value / 10**-power
    written_as_decimal = bool(decimals) or bool(exponent)
    digits = len((whole + decimals).lstrip("0")) if written_as_decimal else None
    return Token("num", piece, value, digits, -power if written_as_decimal else 0, spaced)


def _repeating(piece: str) -> Fraction:
    """`0.1\\overline{6}` is 1/6."""
    head, _, tail = piece.partition(r"\overline")
    whole, _, fixed = head.partition(".")
    period = tail.strip(" {}")
    nines = 10 ** len(period) - 1
    return Fraction(int(whole + fixed or "0") * nines + int(period), nines * int("1" + "0" * len(fixed)))


def _command(name: str, spaced: bool) -> Token:
    if name in ("frac", "binom", "sqrt"):
        return Token(name, name, spaced=spaced)
    name = _ALIASES.get(name, name)
    if name in FUNCTIONS or name == "log10":
        return Token("func", name, spaced=spaced)
    if name in GREEK:
        return Token("sym", name.removeprefix("var"), spaced=spaced)
    raise Unclear(f"the command {name}")


def _letters(piece: str, spaced: bool) -> list[Token]:
    """A keyword, a function with what sticks to it, a Greek name, or a product of at most three letters.

    Capitals written together stay together: points, outcomes and numerals are written so, and their order counts.
    """
    if piece in _KEYWORDS:
        kind = _KEYWORDS[piece]
        return [Token(kind, piece, spaced=spaced)]
    if piece in GREEK and len(piece) > 2:
        return [Token("sym", piece.removeprefix("var"), spaced=spaced)]
    for name in _BY_LENGTH:
        if piece.startswith(name):
            rest = piece[len(name) :]
            name = _ALIASES.get(name, name)
            kind = {"sqrt": "sqrt", "pi": "π"}.get(name, "func")
            return [Token(kind, name, spaced=spaced), *(_letters(rest, False) if rest else [])]
    if len(piece) > (MAX_CAPITALS if piece.isupper() else 3):
        raise Unclear("a word")
    return [Token("sym", part, spaced=spaced and place == 0) for place, part in enumerate(SYMBOLS.findall(piece))]


class Cursor:
    """A place in a row of tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self, ahead: int = 0) -> str | None:
        """The kind of a token ahead; None past the end."""
        place = self._at + ahead
        return self._tokens[place].kind if place < len(self._tokens) else None

    def peek_text(self) -> str:
        """The text of the next token, which must be there."""
        return self._tokens[self._at].text

    def sticks(self) -> bool:
        """Whether the next token stands without a space before it."""
        return self._at < len(self._tokens) and not self._tokens[self._at].spaced

    def take(self) -> Token:
        """The next token. Raises Unclear at the end."""
        if self._at >= len(self._tokens):
            raise Unclear("it breaks off")
        self._at += 1
        return self._tokens[self._at - 1]

    def expect(self, kind: str) -> None:
        """Takes a token of this kind, or raises Unclear."""
        if self.take().kind != kind:
            raise Unclear(f"no {kind}")
