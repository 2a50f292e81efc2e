"""From what a model wrote to the plain text of its answer: prose and LaTeX dress taken off, one sign for each thing."""

from __future__ import annotations

import re

SET_OPEN, SET_CLOSE = "⦃", "⦄"
MATRIX_OPEN, MATRIX_CLOSE, ROW = "⟦", "⟧", "⏎"

_ANSWER_IS = re.compile(r"answer\W{0,4}(?:\bis\b|[:=])\s*:?", re.IGNORECASE)
_WORDS_BEFORE = re.compile(r"^(?:so|thus|hence|therefore|we get|we have|it is|equals|=)[,:]?\s+", re.IGNORECASE)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_TEXT_COMMAND = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt)|operatorname\*?|mbox|bm|boldsymbol)\s*\{([^{}]*)\}"
)
_NUMBER_SETS = re.compile(r"all real numbers|all reals|\\math(?:bb|bf|rm)\s*\{?\s*R\s*\}?|ℝ|\\R(?![A-Za-z])")
_DRESS = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits|rm|bf)(?![A-Za-z])")
_MATRIX = re.compile(r"\\(begin|end)\s*\{\s*(?:[pbB]?matrix|smallmatrix)\s*\}")
_MOD = re.compile(r"\(\s*(?:\\?b?mod|modulo)\s*\{?\s*(\d+)\s*\}?\s*\)|\\(?:pmod|bmod|mod)\s*\{?\s*(\d+)\s*\}?")

_COMMANDS = {
    "cdot": "*", "times": "*", "ast": "*", "div": "/", "pm": "±", "mp": "∓",
    "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">",
    "ne": "≠", "neq": "≠", "equiv": "≡", "in": "∈", "cup": "∪", "cap": "∩", "setminus": "∖", "backslash": "∖",
    "infty": "∞", "pi": "π", "circ": "°", "degree": "°", "emptyset": "∅", "varnothing": "∅",
    "lvert": "|", "rvert": "|", "vert": "|", "mid": "|", "colon": ":", "prime": "'",
    "langle": "(", "rangle": ")", "lfloor": "floor(", "rfloor": ")", "lceil": "ceil(", "rceil": ")",
    "lbrace": SET_OPEN, "rbrace": SET_CLOSE, "lbrack": "[", "rbrack": "]",
    "dfrac": r"\frac", "tfrac": r"\frac", "cfrac": r"\frac", "dbinom": r"\binom", "tbinom": r"\binom",
    "quad": " ", "qquad": " ", "land": " and ", "wedge": " and ", "lor": " or ", "vee": " or ",
}  # fmt: skip
_COMMAND = re.compile(r"\\(" + "|".join(sorted(_COMMANDS, key=len, reverse=True)) + r")(?![A-Za-z])")
_DIGIT_ARGUMENTS = (
    (re.compile(r"\\(frac|binom)\s*(\d)\s*(\d)"), r"\\\1{\2}{\3}"),
    (re.compile(r"\\(frac|binom)\s*(\d)\s*\{"), r"\\\1{\2}{"),
    (re.compile(r"\\sqrt\s*(\d)"), r"\\sqrt{\1}"),
)
_SUPERSCRIPTS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ]+")
_SUBSCRIPTS = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
_PLAIN_SCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ₀₁₂₃₄₅₆₇₈₉", "0123456789-+n0123456789")
_SIGNS = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "∗": "*", "÷": "/",
        "⁄": "/", "∕": "/", "≦": "≤", "≧": "≥", "⩽": "≤", "⩾": "≥", "º": "°", "˚": "°", "′": "'", "’": "'", "∶": ":",
        "⟨": "(", "⟩": ")", "〈": "(", "〉": ")", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "∣": "|", "∅": "∅",
        "½": r" \frac{1}{2}", "⅓": r" \frac{1}{3}", "⅔": r" \frac{2}{3}", "¼": r" \frac{1}{4}", "¾": r" \frac{3}{4}",
        "∨": " or ", "∧": " and ", "≈": "≈", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200a": " ", "\u2008": " ",
        "\u200b": "", "\u2061": "", "\u2062": "*", "\t": " ", "\n": " ", "\r": " ", "，": ",", "。": ".", "％": "%",
    }
)  # fmt: skip
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")


def _last_box(text: str) -> str | None:
    """What stands in the last `\\boxed{…}`, with a short tail such as a unit; None without a closed box."""
    boxes = list(_BOX.finditer(text))
    if not boxes:
        return None
    start, depth = boxes[-1].end(), 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            tail = text[place + 1 :].strip().strip("$.").removesuffix(r"\]").removesuffix(r"\)").strip()
            return text[start:place] + (" " + tail if len(tail) <= 24 else "")
    return None


def _ended(text: str) -> str:
    """Without a full stop or comma at its end; an ellipsis stays."""
    bare = text.rstrip(" .,;")
    return text if text[len(bare) :].count(".") > 1 else bare


def final_part(text: str) -> str:
    """The last box; else what follows the last `answer is`; else the text. Markdown and final stops taken off."""
    text = text.strip()
    if (box := _last_box(text)) is not None:
        text = box
    else:
        tail = text
        for found in _ANSWER_IS.finditer(text):
            tail = text[found.end() :]
        text = tail if tail.strip(" .*$") else text
    text = text.strip().strip("`")
    if text.startswith("**") or text.endswith("**"):
        text = text.strip("*")
    text = _WORDS_BEFORE.sub("", text.strip())
    return _ended(text)


def _dollars(text: str) -> str:
    """`$` as maths delimiters goes; before an amount of money it becomes `USD`."""
    text = text.replace(r"\$", " USD ")
    if text.count("$") == 1:
        return text.replace("$", " USD ")
    return text.replace("$", " ")


def clean(text: str) -> str:
    """The answer in one plain notation. `⦃⦄` are set braces, `⟦⟧` a matrix with rows ended by `⏎`."""
    text = _dollars(final_part(text))
    text = text.replace("\\\\", ROW)
    text = _MATRIX.sub(lambda found: MATRIX_OPEN if found.group(1) == "begin" else MATRIX_CLOSE, text)
    text = text.replace(r"\{", SET_OPEN).replace(r"\}", SET_CLOSE).replace(r"\%", "%").replace("{,}", "")
    text = _NUMBER_SETS.sub(" (-∞,∞) ", text)
    for _ in range(2):
        text = _TEXT_COMMAND.sub(r" \1 ", text)
    text = _DRESS.sub("", text)
    text = re.sub(r"\\[,;:! ()\[\]]|~", " ", text)
    text = _MOD.sub(lambda found: f" mod {found.group(1) or found.group(2)} ", text)
    text = _COMMAND.sub(lambda found: _COMMANDS[found.group(1)] + " ", text)
    for pattern, replacement in _DIGIT_ARGUMENTS:
        text = pattern.sub(replacement, text)
    text = _SUPERSCRIPTS.sub(lambda found: "^{" + found.group().translate(_PLAIN_SCRIPT) + "}", text)
    text = _SUBSCRIPTS.sub(lambda found: "_{" + found.group().translate(_PLAIN_SCRIPT) + "}", text)
    text = text.translate(_SIGNS).replace("**", "^")
    text = re.sub(r"\^\s*(?:\{\s*°\s*\}|°)", "°", text)
    text = text.replace("<=", "≤").replace(">=", "≥").replace("+/-", "±").replace(" !=", " ≠")
    text = _bare(re.sub(r"\s+", " ", text).strip())
    return _ended(text)


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


def squeezed(text: str) -> str:
    """Spaces taken out wherever they part nothing: a space between two letters or digits stays."""
    return re.sub(r"(?<![\w.]) | (?![\w.\\])", "", text)


def without_thousands(text: str) -> str | None:
    """`1,234` read as one number, outside of brackets; None where nothing can be read so."""
    depth, outside = 0, []
    for sign in text:
        depth += (sign in "([{⦃⟦") - (sign in ")]}⦄⟧")
        outside.append(depth == 0)
    found = [match for match in _THOUSANDS.finditer(text) if outside[match.start()]]
    if not found:
        return None
    for match in reversed(found):
        text = text[: match.start()] + match.group().replace(",", "") + text[match.end() :]
    return text


_LABEL = re.compile(
    r"(?:the )?(?:total |expected |maximum |minimum |surface )?"
    r"(?:area|perimeter|circumference|volume|probability|distance|length|total|sum|product|value|result|determinant|remainder|number|maximum|minimum|solution|solutions|rank)"
    r"(?: of [A-Za-z])? ?(?:=|:|is) ?",
    re.IGNORECASE,
)


def without_label(text: str) -> str:
    """`Area = 12` as `12`."""
    return text[label.end() :] if (label := _LABEL.match(text)) else text
