"""LaTeX in the strings of JSON: escaped rightly, not at all or in part, it comes back as it was meant."""

from __future__ import annotations

import json
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.llm.latex import PERHAPS_A_LINE, Writer, unescaped
from shared.llm.latex_commands import COMMANDS
from shared.llm.loose_json import Scan

UNKNOWN = Writer()


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        # escaped as it should be
        (r"\\frac{1}{2}", r"\frac{1}{2}"),
        (r"\\nu and \\times", r"\nu and \times"),
        (r"a\nb\tc", "a\nb\tc"),
        (r"\u00e9 \/ \"", 'é / "'),
        (r"\\[x\\] \\(y\\) A \\ B C:\\new", r"\[x\] \(y\) A \ B C:\new"),
        (r"\\begin{pmatrix}1 & 2\\\\3 & 4\\end{pmatrix}", r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}"),
        (
            r"\\begin{cases} 1 & \\text{if}\\ x>0 \\\\ \\frac12 & x \\\\\\alpha\\end{cases}",
            r"\begin{cases} 1 & \text{if}\ x>0 \\ \frac12 & x \\\alpha\end{cases}",
        ),
        (r"\\sum_{\\substack{i<j\\\\k}} a\\ b", r"\sum_{\substack{i<j\\k}} a\ b"),
        # not a JSON escape
        (r"\alpha + \sqrt{2} \(x\) \{1\} \, \%", r"\alpha + \sqrt{2} \(x\) \{1\} \, \%"),
        (r"\underline{x} \u12 \unit", r"\underline{x} \u12 \unit"),
        (r"Newton\'s, Poincar\'e", r"Newton's, Poincar\'e"),
        # a JSON escape, but meant otherwise
        (r"\frac{1}{2} \forall \beta \f", r"\frac{1}{2} \forall \beta \f"),
        (r"\binom{n}{k} \beta \boxed{3}", r"\binom{n}{k} \beta \boxed{3}"),
        (r"2 \times 3, \theta, \text{if}, \tan x, \to", r"2 \times 3, \theta, \text{if}, \tan x, \to"),
        (r"\nu", r"\nu"),
        (r"2\nu", r"2\nu"),
        (r"$x \neq 0$, $a \ne b$, $\nabla f$, $e^{\nu}$", r"$x \neq 0$, $a \ne b$, $\nabla f$, $e^{\nu}$"),
        (r"\rho, \right), \rangle", r"\rho, \right), \rangle"),
        # row breaks that look like an escaped backslash
        (r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}", r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}"),
        (r"\begin{pmatrix}a\\b\end{pmatrix}", r"\begin{pmatrix}a\\b\end{pmatrix}"),
        (r"\begin{matrix}1\\\hline 2 \\[2pt] 3\end{matrix}", r"\begin{matrix}1\\\hline 2 \\[2pt] 3\end{matrix}"),
        (r"\begin{aligned}x&=1\\&=2\\\frac12\end{aligned}", r"\begin{aligned}x&=1\\&=2\\\frac12\end{aligned}"),
        (r"\sum_{\substack{i<j\\k}} a", r"\sum_{\substack{i<j\\k}} a"),
        (r"\begin{pmatrix}\pi\\\nu\end{pmatrix}", r"\begin{pmatrix}\pi\\\nu\end{pmatrix}"),
        (r"1 & 2\\3 & 4", r"1 & 2\\3 & 4"),
        (r"\alpha \\", r"\alpha \\"),
        (r"a \\[2pt] b", r"a \\[2pt] b"),
        # in part
        (r"x \to 0, \\theta or \times", r"x \to 0, \theta or \times"),
        (r"\\alpha, \theta, \times, \nabla, \rho, \beta", r"\alpha, \theta, \times, \nabla, \rho, \beta"),
        (r"\\begin{pmatrix}1 & 2\\3 & 4\\end{pmatrix}", r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}"),
        (r"\begin{pmatrix}1 & 2\\\\3 & 4\end{pmatrix}", r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}"),
        (r"cost \$5 \& \\frac{1}{2}", r"cost \$5 \& \frac{1}{2}"),
        # once too often, or mangled on its way
        (
            r"\\\\begin{pmatrix}1 & 2\\\\\\\\3 & 4\\\\end{pmatrix}",
            r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}",
        ),
        (r"\u000crac{1}{2} \u0007lpha \u0008eta", r"\frac{1}{2} \alpha \beta"),
        ("a \theta \times", r"a \theta \times"),
        # and these are what they say
        (r"Solve.\nThen\tadd.\r\nRest", "Solve.\nThen\tadd.\r\nRest"),
        (r"Let\nu = 3, and\ne = 2", "Let\nu = 3, and\ne = 2"),
        (r"\\frac{1}{2}\nu = 3", "\\frac{1}{2}\nu = 3"),
        (r"n\tr\n1\t2", "n\tr\n1\t2"),
        (r"\ud83d\ude00 \ud800", "😀 �"),
    ],
)  # fmt: skip
def test_backslashes(sent: str, meant: str) -> None:
    assert unescaped(sent, UNKNOWN) == meant


def test_a_string_that_shows_nothing_is_read_as_the_rest_of_the_reply() -> None:
    assert unescaped(r"one \\ two", Writer(careless=True)) == r"one \\ two"
    assert unescaped(r"one \\ two", Writer(careful=True)) == r"one \ two"
    assert unescaped(r"first\nu", Writer(careful=True)) == "first\nu"


Atom = tuple[Literal["command", "break", "text", "line"], str]
COLLIDING = sorted(name for name in COMMANDS if name[0] in "bfnrtu" and name not in PERHAPS_A_LINE and len(name) > 2)
words = st.sampled_from(["x", "12", " ", "+", " if x>0 ", "^2", "_{n}", "(a, b)", "é", " $y$ ", '"', "{", "}", "/"])
names = st.sampled_from(COLLIDING) | st.sampled_from(
    sorted(COMMANDS - PERHAPS_A_LINE - {"begin", "end", "substack", "tr", "tt"})
)
commands = st.builds(
    lambda name, after: ("command", f"\\{name}{after}"),
    names,
    st.sampled_from([" ", "{1}", "_2", "^", "(x)", "\\", "7"]),
).filter(lambda atom: not atom[1].endswith("\\"))
symbols = st.sampled_from([r"\, ", r"\;", r"\!", r"\{", r"\}", r"\%"]).map(lambda text: ("command", text))
texts = words.map(lambda text: ("text", text))
lines = st.sampled_from(["\nThen ", "\n\n", "\n12"]).map(lambda text: ("line", text))
cells = st.lists(
    commands | words.filter(lambda text: text not in ('"', "{", "}", "_{n}")).map(lambda text: ("text", text)),
    max_size=3,
)


@st.composite
def matrices(draw: st.DrawFn) -> list[Atom]:
    kind = draw(st.sampled_from(["pmatrix", "cases", "aligned", "array", "vmatrix"]))
    atoms: list[Atom] = [("command", f"\\begin{{{kind}}}")]
    for row in range(draw(st.integers(2, 4))):
        if row:
            atoms += [("text", " "), ("break", "\\\\" + draw(st.sampled_from(["", " ", "\n"])))]
        for column in range(draw(st.integers(1, 3))):
            atoms += [("text", " & ")] if column else [("text", draw(st.sampled_from(["3", "-1", "x ", " a", ""])))]
            atoms += draw(cells)
    return [*atoms, ("command", f"\\end{{{kind}}}")]


latex = st.lists(
    st.lists(st.one_of(commands, symbols, texts, lines), max_size=6) | matrices(), min_size=1, max_size=4
).map(lambda parts: [atom for part in parts for atom in part])  # fmt: skip


def written(atom: Atom, doubled: bool) -> str:
    escaped = json.dumps(atom[1], ensure_ascii=False)[1:-1]
    return escaped if doubled or atom[0] in ("text", "line") else escaped.replace("\\\\", "\\")


@given(latex, st.booleans() | st.lists(st.booleans(), min_size=1, max_size=7))
@example([("command", r"\to "), ("command", r"\theta "), ("command", r"\times ")], [False, True, False])
@settings(deadline=None)
def test_any_latex_comes_back(atoms: list[Atom], doubled: bool | list[bool]) -> None:
    choices = [doubled] if isinstance(doubled, bool) else doubled
    sent = "".join(written(atom, choices[n % len(choices)]) for n, atom in enumerate(atoms))
    meant = "".join(text for _, text in atoms)
    assert unescaped(sent, UNKNOWN) == meant
    assert next(Scan(f'{{"answer": "{sent}"}}').values()).value == {"answer": meant}
