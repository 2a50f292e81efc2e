"""The exact comparison against labelled pairs, cases of our own, and text of any kind."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.grading.exact import MAX_CHARS, compare


def labelled(name: str) -> list[dict[str, object]]:
    lines = (Path(__file__).parents[1] / "data" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


PAIRS = labelled("equivalence_pairs")
MORE_PAIRS = labelled("equivalence_pairs_2")  # what other graders get wrong

EQUAL = [
    ("5 cm", "0.05 m"),
    ("72 km/h", "20 m/s"),
    ("100 cm^2", "0.01 m^2"),
    ("12 ways", "12"),
    ("\\$0.05", "5 cents"),
    ("30°", "π/6"),
    ("6\\%", "0.06"),
    ("5%", "5"),
    ("7/3", "2\\frac{1}{3}"),
    ("7/3", "2 1/3"),
    ("1½", "1.5"),
    ("0.1\\overline{6}", "1/6"),
    ("1,234.5", "1234.5"),
    ("1,000,000", "10^6"),
    ("1e400", "10^400"),
    ("twenty-one", "21"),
    ("x ≡ 3 (mod 7)", "10 mod 7"),
    ("x^{1/3}", "\\sqrt[3]{x}"),
    ("(-1)^{n+1}", "-(-1)^n"),
    ("\\frac{x^2-1}{x-1}", "x+1"),
    ("\\sin^{-1} x", "\\arcsin x"),
    ("\\log 2", "\\log(2)"),
    ("(1+i)^2", "2i"),
    ("\\sqrt{2}-\\sqrt{2}", "0"),
    ("\\sqrt{2}\\sqrt{3}", "\\sqrt{6}"),
    ("\\lfloor 3.7\\rfloor", "3"),
    ("1000!", "999! * 1000"),
    ("no solution", "\\emptyset"),
    ("\\{\\}", "∅"),
    ("x=1 or x=2", "{1,2}"),
    ("1, 2, and 3", "1,2,3"),
    ("(x,y)=(1,2) or (3,4)", "(3,4),(1,2)"),
    ("x = 3, y = 4", "y = 4, x = 3"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,2)"),
    ("[[1,2],[3,4]]", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"),
    ("\\mathbb{R}\\setminus\\{2\\}", "x\\neq 2"),
    ("x<2 or x>5", "(-\\infty,2)\\cup(5,\\infty)"),
    ("x>1 and x<3", "1<x<3"),
    ("x \\in [0,1)", "0 ≤ x < 1"),
    ("y=2x+1", "2x-y+1=0"),
    ("3:4:5", "6:8:10"),
    ("P(X=2)=0.3", "3/10"),
    ("x = 6/2 = 3", "3"),
    ("x^2+C", "x^2+5+C"),
    ("12", "(C) 12"),
    ("C. 12", "(C) 12"),
    ("Area = 12", "The area is 12 cm^2"),
    ("**Answer:** 5", "\\(5\\)"),
    ("a+b", "b+a"),
]
DIFFERENT = [
    ("5 cm", "5 m"),
    ("10 m/s", "10 m"),
    ("\\boxed{5}\\text{ cm}", "5 m"),
    ("5%", "7"),
    ("2/3", "2\\frac13"),
    ("11/2", "1 1/2"),
    ("3 mod 7", "3 mod 5"),
    ("1 + 10^{-9}", "1"),
    ("\\sqrt{10^{10}+1}-10^5", "0"),
    ("0.3", "1/3"),
    ("3.14", "3.15"),
    ("13", "4\\pi"),
    ("no solution", "5"),
    ("yes", "no"),
    ("B", "(C) 12"),
    ("(B) 12", "(C) 13"),
    ("x=3,y=4", "(4,3)"),
    ("\\pm 2", "2"),
    ("5", "5 or 6"),
    ("x<2 or x>5", "(-\\infty,2]\\cup(5,\\infty)"),
    ("[1,3]", "1<x<3"),
    ("y=2x+1", "y=2x-1"),
    ("3:4", "4:3"),
    ("x^2+C", "x^3+C"),
    ("2^{1000}", "2^{1001}"),
]
UNDECIDED = [
    ("", ""),
    ("0.333", "1/3"),
    ("33.3%", "1/3"),
    ("12.57", "4\\pi"),
    ("1.41\\sqrt{3}", "\\sqrt{6}"),
    ("90 minutes", "1.5"),
    ("5 m", "5"),
    ("0,5", "1/2"),
    ("1 2", "12"),
    ("1/2x", "x/2"),
    ("e^2x", "e^{2x}"),
    ("\\log 100", "2"),
    ("\\ln|x|+C", "\\ln x + C"),
    ("x^2+C", "x^2"),
    ("(-8)^{1/3}", "-2"),
    ("\\sqrt{x}\\sqrt{y}", "\\sqrt{xy}"),
    ("a", "|a|"),
    ("n", "5"),
    ("x", "y"),
    ("f(x)+f(-x)", "0"),
    ("x ≡ 3 (mod 7)", "3"),
    ("1, 2", "2, 1"),
    ("-1, 2, 2", "-1, 2"),
    ("(1,2)", "[1,2]"),
    ("(1,2)", "{1,2}"),
    ("m=2,b=3", "(2,3)"),
    ("2x=6", "3"),
    ("x^2 = 4", "x = \\pm 2"),
    ("no solution", "0"),
    ("the answer is not 5", "5"),
    ("at most 5", "5"),
    ("12 apples", "12"),
    ("0.999...", "1"),
    ("(B) 12", "(B) 13"),
    ("(A)(B)", "(B)(A)"),
    ("1/0", "5"),
    ("\\tan(\\pi/2)", "0"),
    ("\\pm1\\pm\\sqrt2", "1"),
]
HOSTILE = [
    "__import__('os').system('true')",
    "10**10**10",
    "9^9^9^9",
    "((((9!)!)!)!)",
    "\\binom{10^9}{5*10^8}",
    "1e999999999",
    "e^{e^{e^{e^e}}}",
    "\\sin(10^{300})",
    "(" * 1500 + "1" + ")" * 1500,
    "\\frac{1}{" * 400,
    "\\sqrt{" * 800,
    "x^" * 1000 + "2",
    "|" * 3000,
    "1," * 1999,
    "1000!" + "*1000!" * 100,
    "+".join(["\\sin(x^9)"] * 150),
    "*".join(["(x+1)^{90}"] * 90),
    "\\boxed{" * 500,
    "m " * 1999,
    "\x00\ud800",
    "１２٣",
    "9" * (MAX_CHARS + 1),
]


@pytest.mark.parametrize("pair", [*PAIRS, *MORE_PAIRS], ids=lambda pair: pair["id"])
def test_a_labelled_pair_is_never_judged_wrongly(pair: dict[str, object]) -> None:
    assert compare(str(pair["a"]), str(pair["b"])) in (pair["equivalent"], None)
    assert compare(str(pair["b"]), str(pair["a"])) in (pair["equivalent"], None)


@pytest.mark.parametrize(("pairs", "count", "share"), [(PAIRS, 190, 0.10), (MORE_PAIRS, 60, 0.30)])
def test_few_of_the_labelled_pairs_are_undecided(pairs: list[dict[str, object]], count: int, share: float) -> None:
    undecided = [pair["id"] for pair in pairs if compare(str(pair["a"]), str(pair["b"])) is None]
    assert len(pairs) == count
    assert len(undecided) <= share * count, undecided


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_equal(a: str, b: str) -> None:
    assert compare(a, b) is True
    assert compare(b, a) is True


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different(a: str, b: str) -> None:
    assert compare(a, b) is False
    assert compare(b, a) is False


@pytest.mark.parametrize(("a", "b"), UNDECIDED)
def test_undecided(a: str, b: str) -> None:
    assert compare(a, b) is None
    assert compare(b, a) is None


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12].encode("ascii", "replace").decode())
def test_hostile_text_is_undecided(text: str) -> None:
    assert compare(text, "1") is None
    assert compare("x", text) is None


_SIGNS = st.text("0123456789+-*/^_.,;:!%°=<>≤≠±∪∞√π()[]{}|&\\$ 'xyneiCfAB", max_size=30)
_PIECES = st.sampled_from(
    ["\\frac", "\\sqrt", "\\sin", "\\ln", "\\log", "\\pm", "\\{", "\\}", "\\infty", "\\cup", "\\begin{pmatrix}", "&",
     "\\end{pmatrix}", "\\\\", "\\text{cm}", "\\pmod 7", " or ", " and ", ",", "=", "<", "(", ")", "[", "]", "{", "}",
     "|", "^", "_", "1", "0.5", "12,345", "x", "n!", "C", "e", "i", "%", "^\\circ", "\\boxed{", "$", "answer is "]
)  # fmt: skip
_ANSWERS = st.one_of(
    st.sampled_from([str(pair[side]) for pair in [*PAIRS, *MORE_PAIRS] for side in "ab"]),
    _SIGNS,
    st.lists(_PIECES, max_size=12).map("".join),
    st.text(max_size=40),
)


@settings(max_examples=400, deadline=None)
@given(_ANSWERS, _ANSWERS)
def test_any_text_has_a_verdict_and_the_order_does_not_matter(a: str, b: str) -> None:
    verdict = compare(a, b)
    assert verdict in (True, False, None)
    assert compare(b, a) is verdict


@settings(max_examples=200, deadline=None)
@given(_ANSWERS)
def test_no_text_differs_from_itself(text: str) -> None:
    assert compare(text, f" {text} ") is not False


_RATIONALS = st.fractions(min_value=-50, max_value=50, max_denominator=40)
_WRITTEN = st.sampled_from(
    [
        lambda q: str(q),
        lambda q: f"${q}$",
        lambda q: f"\\frac{{{q.numerator}}}{{{q.denominator}}}",
        lambda q: f"-\\dfrac{{{-q.numerator}}}{{{q.denominator}}}",
        lambda q: f"x = {3 * q.numerator}/{3 * q.denominator}",
        lambda q: f"The answer is \\boxed{{{q}}}.",
        lambda q: f"{q.numerator // q.denominator} + {q.numerator % q.denominator}/{q.denominator}",
        lambda q: f"({q.numerator} \\cdot 2^{{3}}) \\div ({8 * q.denominator})",
        lambda q: f"\\{{{q}\\}}",
    ]
)


@settings(max_examples=300, deadline=None)
@given(_RATIONALS, _RATIONALS, _WRITTEN, _WRITTEN)
def test_rational_numbers_are_equal_exactly_when_they_are(p: Fraction, q: Fraction, write_p, write_q) -> None:  # type: ignore[no-untyped-def]
    assert compare(write_p(p), write_q(q)) is (p == q)
    assert compare(write_p(p), write_q(p)) is True


_LATEX_AND_PLAIN = st.recursive(
    st.one_of(
        st.integers(0, 12).map(lambda n: (str(n), str(n))),
        st.sampled_from([("x", "x"), ("y", "y"), ("\\pi", "pi"), ("\\sqrt{2}", "sqrt(2)")]),
    ),
    lambda parts: st.one_of(
        st.tuples(parts, parts).map(lambda p: (f"{p[0][0]}+{p[1][0]}", f"({p[1][1]}) + ({p[0][1]})")),
        st.tuples(parts, parts).map(lambda p: (f"({p[0][0]})({p[1][0]})", f"({p[1][1]})*({p[0][1]})")),
        st.tuples(parts, parts).map(lambda p: (f"\\frac{{{p[0][0]}}}{{{p[1][0]}}}", f"({p[0][1]})/({p[1][1]})")),
        parts.map(lambda p: (f"({p[0]})^{{2}}", f"({p[1]})*({p[1]})")),
        parts.map(lambda p: (f"-({p[0]})", f"0-({p[1]})")),
        parts.map(lambda p: (f"\\sin({p[0]})", f"cos(pi/2-({p[1]}))")),
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (r"((x^2)(3))^2", "9x^4", True),
        ("(x(3))^2", "9x^2", True),
        ("(x(3))^2", "3x^2", False),
        ("(x^2(3))^2", "9x^4", True),
        ("(x^2)(x+1)^2", "x^2(x+1)^2", True),
        ("x(x+1)^2", "x^3+2x^2+x", True),
        ("(x(x+1))^2", "x^4+2x^3+x^2", True),
    ],
)
def test_what_stands_outside_of_brackets_is_of_all_in_them(one: str, other: str, equal: bool) -> None:
    assert compare(one, other) is equal


@settings(max_examples=300, deadline=None)
@given(_LATEX_AND_PLAIN)
def test_an_expression_in_two_notations_is_never_different(written: tuple[str, str]) -> None:
    assert compare(*written) is not False


@settings(max_examples=100, deadline=None)
@given(_LATEX_AND_PLAIN)
def test_an_expression_and_its_successor_are_never_equal(written: tuple[str, str]) -> None:
    latex, plain = written
    assert compare(latex, f"({plain})+1") is not True
