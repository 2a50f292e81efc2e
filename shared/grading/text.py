"""From LaTeX to the plain text of an answer: its dress taken off, one sign for each thing."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from shared.grading import numerals
from shared.grading.finals import ended

SET_OPEN, SET_CLOSE = "⦃", "⦄"
UPRIGHT = "\u2060"  # before what was written as text in a formula: `5\\text{ m}`
MATRIX_OPEN, MATRIX_CLOSE, ROW = "⟦", "⟧", "⏎"

_TEXT_COMMAND = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt)|operatorname\*?|mbox|bm|boldsymbol)\s*\{([^{}]*)\}"
)
_NUMBER_SETS = re.compile(r"all real numbers|all reals|\\math(?:bb|bf|rm)\s*\{?\s*R\s*\}?|ℝ|\\R(?![A-Za-z])")
_DRESS = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits|rm|bf)(?![A-Za-z])")
_MATRIX = re.compile(r"\\(begin|end)\s*\{\s*(?:[pbB]?matrix|smallmatrix|array)\s*\}(?:\s*\{[lcr| ]*\})?")
_BRACKETED_MATRIX = re.compile(
    rf"(?:\\left\s*)?[\[(]\s*{MATRIX_OPEN}([^{MATRIX_OPEN}{MATRIX_CLOSE}]*){MATRIX_CLOSE}\s*(?:\\right\s*)?[\])]"
)
_MOD = re.compile(r"\(\s*(?:\\?b?mod|modulo)\s*\{?\s*(\d+)\s*\}?\s*\)|\\(?:pmod|bmod|mod)\s*\{?\s*(\d+)\s*\}?")

_COMMANDS = {
    "cdot": "*", "times": "*", "ast": "*", "div": "/", "pm": "±", "mp": "∓",
    "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">",
    "ne": "≠", "neq": "≠",
    "approx": "≈", "approxeq": "≈", "equiv": "≡", "in": "∈", "cup": "∪", "cap": "∩", "setminus": "∖", "backslash": "∖",
    "infty": "∞", "pi": "π", "circ": "°", "degree": "°", "emptyset": "∅", "varnothing": "∅",
    "lvert": "|", "rvert": "|", "vert": "|", "mid": "|", "colon": ":", "prime": "'",
    "langle": "(", "rangle": ")", "lfloor": "floor(", "rfloor": ")", "lceil": "ceil(", "rceil": ")",
    "lbrace": SET_OPEN, "rbrace": SET_CLOSE, "lbrack": "[", "rbrack": "]",
    "dfrac": r"\frac", "tfrac": r"\frac", "cfrac": r"\frac", "dbinom": r"\binom", "tbinom": r"\binom",
    "quad": " ", "qquad": " ", "land": " and ", "wedge": " and ", "lor": " or ", "vee": " or ",
}  # fmt: skip
_COMMAND = re.compile(r"\\(" + "|".join(sorted(_COMMANDS, key=len, reverse=True)) + r")(?![A-Za-z])")
_DIGIT_ARGUMENTS = (
    (re.compile(r"\\binom\s*(\d)\s*(\d)"), r"\\binom{\1}{\2}"),
    (re.compile(r"\\binom\s*(\d)\s*\{"), r"\\binom{\1}{"),
    (re.compile(r"\\sqrt\s*(\d)"), r"\\sqrt{\1}"),
)
_SUPERSCRIPTS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ]+")
_SUBSCRIPTS = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
_PLAIN_SCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ₀₁₂₃₄₅₆₇₈₉", "0123456789-+n0123456789")
_FRACTIONS = {
    chr(code): rf" \frac{{{value.numerator}}}{{{value.denominator}}}"
    for code in (0xBC, 0xBD, 0xBE, *range(0x2150, 0x215F))
    if 0 < (value := Fraction(unicodedata.numeric(chr(code))).limit_denominator(10)) < 1
}
_SIGNS = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "∗": "*", "÷": "/",
        "⁄": "/", "∕": "/", "≦": "≤", "≧": "≥", "⩽": "≤", "⩾": "≥", "º": "°", "˚": "°", "′": "'", "’": "'", "∶": ":",
        "⟨": "(", "⟩": ")", "〈": "(", "〉": ")", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "∣": "|", "∅": "∅",
        "∨": " or ", "∧": " and ", "ʼ": "'",
        "\t": " ", "\n": " ", "\r": " ", "。": ".", "、": ",", "€": " EUR ", "£": " GBP ", "₹": " INR ", "¥": " JPY ",
    }
    | _FRACTIONS
)  # fmt: skip
_ARGUMENT = r"\s*(\\(?!frac|binom|sqrt)[A-Za-z]+|[A-Za-z0-9])"
_SHORT_FRACTION = re.compile(rf"\\frac(?:{_ARGUMENT}(?:{_ARGUMENT}|\s*(?=\{{)))")
_AFTER_BRACES = re.compile(rf"(\\frac\s*\{{[^{{}}]*\}}){_ARGUMENT}")
_CHOOSE = re.compile(r"\{([^{}]*)\\choose([^{}]*)\}")
_REPEATING = re.compile(r"(?<![\d.])(\d*\.\d*)\\(?:overline|bar|dot)\s*(?:\{\s*(\d+)\s*\}|(\d))")
_LOG_SUBSCRIPT = re.compile(r"(\\log\s*_\s*)(1\d|[2-9])(?!\d)")


def _dollars(text: str) -> str:
    """`$` as maths delimiters goes; before an amount of money it becomes `USD`."""
    text = text.replace(r"\$", " USD ")
    if text.count("$") == 1:
        return text.replace("$", " USD ")
    return text.replace("$", " ")


def single_backslashes(text: str) -> str:
    """A backslash doubled, as in JSON, as one; between `\\begin` and `\\end` two end a row."""
    return text if r"\begin" in text else re.sub(r"\\\\(?=[A-Za-z(){}\[\]%$,;!])", r"\\", text)


def clean(text: str) -> str:
    """The answer in one plain notation. `⦃⦄` are set braces, `⟦⟧` a matrix with rows ended by `⏎`."""
    text = numerals.grouped(numerals.in_ascii(" ".join(_dollars(text).replace(UPRIGHT, "").split())))
    text = text.replace("\\\\", ROW)
    text = _MATRIX.sub(_matrix_sign, text)
    text = _BRACKETED_MATRIX.sub(rf"{MATRIX_OPEN}\1{MATRIX_CLOSE}", text)
    text = text.replace(r"\{", SET_OPEN).replace(r"\}", SET_CLOSE).replace(r"\%", "%")
    text = _NUMBER_SETS.sub(" (-∞,∞) ", text)
    for _ in range(2):
        text = _TEXT_COMMAND.sub(_upright, text)
    text = _DRESS.sub("", text)
    text = re.sub(r"\\[,;:! ()\[\]]|~", " ", text)
    text = _MOD.sub(lambda found: f" mod {found.group(1) or found.group(2)} ", text)
    text = _REPEATING.sub(lambda found: rf"{found.group(1)}\overline{{{found.group(2) or found.group(3)}}}", text)
    text = _CHOOSE.sub(r"\\binom{\1}{\2}", text)
    text = _LOG_SUBSCRIPT.sub(r"\1{\2}", text)
    text = _fractions(text)
    text = _COMMAND.sub(lambda found: _COMMANDS[found.group(1)] + " ", text)
    for pattern, replacement in _DIGIT_ARGUMENTS:
        text = pattern.sub(replacement, text)
    text = _SUPERSCRIPTS.sub(lambda found: "^{" + found.group().translate(_PLAIN_SCRIPT) + "}", text)
    text = _SUBSCRIPTS.sub(lambda found: "_{" + found.group().translate(_PLAIN_SCRIPT) + "}", text)
    text = text.translate(_SIGNS).replace("**", "^")
    text = re.sub(r"\^\s*(?:\{\s*°\s*\}|°)", "°", text)
    text = text.replace("<=", "≤").replace(">=", "≥").replace("+/-", "±").replace(" !=", " ≠")
    text = re.sub(r"(?<=[\d.]) ?[xX] ?(?=10 ?\^)", "*", text)
    text = re.sub(r"(?<=\d) ?(?:pct|per cent|percentage points?)(?![A-Za-z])\.?", "%", text)
    text = re.sub(r"\((\d+)\) ?_", r"\1_", text)
    text = _bare(" ".join(text.split()))
    return ended(text)


def _upright(found: re.Match[str]) -> str:
    return f" {UPRIGHT}{found.group(1).strip()} " if found.group(1).strip() else " "


def _matrix_sign(found: re.Match[str]) -> str:
    return MATRIX_OPEN if found.group(1) == "begin" else MATRIX_CLOSE


def _fractions(text: str) -> str:
    """`\\frac12`, `\\frac\\pi3` with braces around each part."""
    text = _SHORT_FRACTION.sub(
        lambda found: rf"\frac{{{found.group(1)}}}" + (f"{{{found.group(2)}}}" if found.group(2) else ""), text
    )
    return _AFTER_BRACES.sub(r"\1{\2}", text)


def _bare(text: str) -> str:
    """Without one pair of braces around the whole; braces around a list are a set."""
    if not (text.startswith("{") and text.endswith("}")):
        return text
    depth = 0
    for place, sign in enumerate(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth == 0:
            if place < len(text) - 1:
                return text
            inner = text[1:-1].strip()
            return f"{SET_OPEN}{inner}{SET_CLOSE}" if "," in inner or not inner else inner
    return text


def plain(text: str) -> str:
    """Without the signs before what was written as text."""
    return " ".join(text.replace(UPRIGHT, "").split()) if UPRIGHT in text else text


def squeezed(text: str) -> str:
    """Spaces taken out wherever they part nothing: a space between two letters or digits stays."""
    return re.sub(r"(?<![\w.]) | (?![\w.\\])", "", text)


_OPERATION = re.compile(r"\\(?:int|oint|sum|prod|lim|det|gcd|max|min)(?![A-Za-z])")


def without_operation(text: str) -> str:
    """`∑ k = 55` as `55`: what an operation is said to give."""
    if not _OPERATION.search(text):
        return text
    depth, ends = 0, []
    for place, sign in enumerate(text):
        depth += (sign in "({[") - (sign in ")}]")
        if sign == "=" and depth == 0:
            ends.append(place)
    return text[ends[0] + 1 :].strip() or text if len(ends) == 1 else text


def without_approximation(text: str) -> str:
    """`√2 ≈ 1.41` as `√2`; behind a bare name the decimal is all there is."""
    exact, sign, rough = text.partition("≈")
    if not sign or not exact.strip() or "≈" in rough:
        return text
    return f"{exact}={rough}" if re.fullmatch(r"\s*[A-Za-z]{1,3}(?:_\w+)?\s*", exact) else exact.strip()


_LABEL = re.compile(
    r"(?:the )?(?:total |expected |maximum |minimum |surface )?"
    r"(?:area|perimeter|circumference|volume|probability|distance|length|total|sum|product|value|result|determinant|remainder|number|maximum|minimum|solution|solutions|rank)"
    r"(?: of [A-Za-z])? ?(?:=|:|is) ?",
    re.IGNORECASE,
)


def without_label(text: str) -> str:
    """`Area = 12` as `12`."""
    return text[label.end() :] if (label := _LABEL.match(text)) else text
