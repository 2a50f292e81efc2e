"""LaTeX in JSON strings: backslashes that a model forgot to double."""

from __future__ import annotations

import re

# commands whose first letter makes a valid JSON escape: `\n` of `\nu` reads as a new line, `\t` of `\times` as a tab
SHADOWED = frozenset(
    """
    nabla natural ncong ne nearrow neg neq newline nexists ngeq ngtr ni nleq nless nmid nolimits not notag notin
    nparallel nprec nsim nsubseteq nsucc nsupseteq nu nwarrow
    raise rangle rbrace rbrack rceil Re ref rfloor rho rhd right rightarrow rightharpoonup rightleftharpoons rm root
    rule rVert rvert
    tag tan tanh tau tbinom text textbf textit textrm textstyle texttt tfrac therefore theta tilde times tiny to top
    triangle triangledown triangleleft triangleright triangleq
    """.split()  # noqa: SIM905
)
MAYBE_A_WORD = {"nu", "ne", "ni", "neg", "nless", "nmid", "nparallel"}  # `u`, `e`, `less` may well begin a line

# one escape: what JSON knows, a run of letters, or any other character
ESCAPE = re.compile(r'\\(?:(u[0-9a-fA-F]{4}|["\\/])|([a-zA-Z]+)|.)', re.DOTALL)
DOUBLED = re.compile(r"(?<!\\)(?:\\\\)+(?:[a-zA-Z]{2,}|[()])")
STRING_START = re.compile(r'(?<!\\)(?:\\\\)*"')


def doubled(text: str) -> str:
    r"""JSON text with single backslashes of LaTeX doubled: `"\frac{1}{2}"` becomes `"\\frac{1}{2}"`.

    What is no JSON escape is doubled always, and so are `\b` and `\f` before a letter: nobody sends a backspace.
    `\n`, `\r` and `\t` are doubled where they begin a known command, unless the text doubles others rightly.
    """
    if "\\" not in text:
        return text
    careful = DOUBLED.search(text) is not None

    def mend(match: re.Match[str]) -> str:
        run = match[2] or ""
        if match[1] or run in ("b", "f"):
            return match[0]
        if run[:1] in ("n", "r", "t") and (careful or run not in SHADOWED or _begins_a_line(text, match.start(), run)):
            return match[0]
        return "\\" + match[0]

    return ESCAPE.sub(mend, text)


def _begins_a_line(text: str, at: int, run: str) -> bool:
    """Outside of `$…$`, after other text, such a run is more likely a new line and a word."""
    if run not in MAYBE_A_WORD:
        return False
    starts = list(STRING_START.finditer(text, 0, at))
    before = text[starts[-1].end() : at] if starts else text[:at]
    inside = before.count("$") % 2 == 1 or before.count("\\(") > before.count("\\)")
    return not inside and before[-1:] not in ("", "(", "{", "[", "=", "^", "_", "+", "-", "*", "/", "&")
