"""Rewriting keeps the value, and one changed sign does not: sympy makes both, and says which is which."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Add, Expr, Integer, Mul, Pow, Rational, Symbol

from shared.grading.exact import compare

X, Y, A = (Symbol(name, positive=True) for name in "xya")
BOUNDED = settings(max_examples=60, deadline=None, derandomize=True, database=None)

_NUMBERS = st.one_of(
    st.integers(1, 12).map(Integer),
    st.tuples(st.integers(1, 9), st.integers(2, 9)).map(lambda pair: Rational(*pair)),
)
_CONSTANTS = st.sampled_from([sympy.pi, sympy.E, sympy.sqrt(2), sympy.sqrt(3)])


def _combined(parts: st.SearchStrategy[Expr], functions: list[Callable[[Expr], Expr]]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        st.tuples(parts, parts).map(lambda pair: Add(*pair)),
        st.tuples(parts, parts).map(lambda pair: Add(pair[0], -pair[1])),
        st.tuples(parts, parts).map(lambda pair: Mul(*pair)),
        st.tuples(parts, st.integers(2, 3)).map(lambda pair: Pow(*pair)),
        *(parts.map(function) for function in functions),
    )


POLYNOMIALS = st.recursive(st.one_of(_NUMBERS, st.just(X)), lambda parts: _combined(parts, []), max_leaves=7)
RATIONALS = st.recursive(
    st.one_of(_NUMBERS, st.sampled_from([X, Y, A])),
    lambda parts: _combined(parts, [lambda e: 1 / (e + 1)]),
    max_leaves=6,
)
ELEMENTARY = st.recursive(
    st.one_of(_NUMBERS, _CONSTANTS, st.sampled_from([X, Y])),
    lambda parts: _combined(parts, [sympy.sin, sympy.cos, sympy.exp, lambda e: sympy.sqrt(e**2 + 1)]),
    max_leaves=5,
)
NUMBERS = st.recursive(
    st.one_of(_NUMBERS, _CONSTANTS),
    lambda parts: _combined(parts, [sympy.sin, sympy.cos, lambda e: sympy.sqrt(e**2 + 1)]),
    max_leaves=5,
)
REWRITINGS: list[Callable[[Expr], Expr]] = [
    sympy.expand,
    sympy.together,
    sympy.factor,
    lambda e: sympy.expand_trig(e),
    lambda e: sympy.expand(e * (X + 2)) / (X + 2),
    lambda e: e.rewrite(sympy.tan),
    lambda e: sympy.powsimp(sympy.expand(e)),
    lambda e: sympy.Add(e, X, evaluate=False) - X,
]
WRITERS: list[Callable[[Expr], str]] = [
    sympy.latex,
    str,
    lambda e: sympy.latex(e, mul_symbol="times"),
    lambda e: sympy.latex(e, fold_short_frac=True, mul_symbol="dot"),
    lambda e: sympy.latex(e, inv_trig_style="power", order="rev-lex"),
    lambda e: f"The answer is $\\boxed{{{sympy.latex(e)}}}$.",
]


@BOUNDED
@given(POLYNOMIALS, st.sampled_from(REWRITINGS[:3]), st.sampled_from(WRITERS), st.sampled_from(WRITERS))
def test_a_polynomial_rewritten_is_equal(expression: Expr, rewrite, write, rewritten) -> None:  # type: ignore[no-untyped-def]
    assert compare(write(expression), rewritten(rewrite(expression))) is True


@BOUNDED
@given(
    st.one_of(RATIONALS, ELEMENTARY), st.sampled_from(REWRITINGS), st.sampled_from(WRITERS), st.sampled_from(WRITERS)
)
def test_what_is_rewritten_is_never_different(expression: Expr, rewrite, write, rewritten) -> None:  # type: ignore[no-untyped-def]
    a, b = write(expression), rewritten(rewrite(expression))
    verdict = compare(a, b)
    assert verdict is not False
    assert compare(b, a) is verdict


@BOUNDED
@given(NUMBERS, st.sampled_from([sympy.expand, sympy.radsimp, sympy.together]), st.sampled_from(WRITERS))
def test_a_number_rewritten_is_never_different(expression: Expr, rewrite, write) -> None:  # type: ignore[no-untyped-def]
    assert compare(write(expression), sympy.latex(rewrite(expression))) is not False


_CHANGED = {"+": "-", "-": "+", "*": "+", "/": "*", "x": "y", "y": "x", "a": "x", "(": "("}
_NAMES = {"x": X, "y": Y, "a": A}


def _mutated(text: str, place: int, shift: int) -> str:
    """One digit, sign, letter or operator changed; the text itself where there is none to change."""
    spots = [
        at
        for at, sign in enumerate(text)
        if sign.isdigit()
        or (sign in _CHANGED and not text[at - 1 : at].isalpha() and not text[at + 1 : at + 2].isalpha())
    ]
    if not spots:
        return text
    at = spots[place % len(spots)]
    sign = text[at]
    new = str((int(sign) + shift) % 10) if sign.isdigit() else _CHANGED[sign]
    return text[:at] + new + text[at + 1 :]


def _differ(a: Expr, b: Expr) -> bool:
    """Whether sympy shows another value, to 80 digits, somewhere."""
    points = (
        {X: Rational(7, 3), Y: Rational(13, 5), A: Rational(17, 7)},
        {X: Rational(31, 9), Y: Rational(3, 11), A: 5},
    )
    for point in points:
        apart = sympy.N((a - b).subs(point), 80, maxn=300)
        if apart.is_number and apart.is_finite and abs(apart) > sympy.Float("1e-70"):
            return True
    return False


@settings(BOUNDED, max_examples=200)
@given(st.one_of(POLYNOMIALS, RATIONALS, ELEMENTARY, NUMBERS), st.integers(0, 40), st.integers(1, 9), st.booleans())
def test_one_change_is_never_equal_where_the_value_is_another(
    expression: Expr, place: int, shift: int, in_latex: bool
) -> None:
    written = str(expression)
    changed = _mutated(written, place, shift)
    try:
        other = sympy.sympify(changed, locals=_NAMES)
    except (SyntaxError, TypeError, ZeroDivisionError, sympy.SympifyError):
        return
    if not other.has(sympy.zoo, sympy.nan, sympy.oo) and _differ(expression, other):
        a, b = (sympy.latex(expression), sympy.latex(other)) if in_latex else (written, changed)
        assert compare(a, b) is not True
        assert compare(b, a) is not True


_CLOSE = [
    (sympy.exp(sympy.pi * sympy.sqrt(163)), Integer(262537412640768744)),
    (sympy.sqrt(10**40 + 1), Integer(10**20)),
    (1 - sympy.exp(-60), Integer(1)),
    (1 - sympy.exp(-300), Integer(1)),
    (sympy.GoldenRatio.rewrite(sympy.sqrt) ** 80, Integer(52361396397820127)),
    ((2 + sympy.sqrt(3)) ** 40, sympy.Integer(sympy.N((2 + sympy.sqrt(3)) ** 40, 40).round())),
    (sympy.cos(Rational(1, 10**12)), Integer(1)),
    (X + sympy.pi / 10**30, X),
    (X**2 * (1 + sympy.exp(-90)), X**2),
]


@pytest.mark.parametrize(("a", "b"), _CLOSE, ids=str)
def test_what_is_only_close_is_never_equal(a: Expr, b: Expr) -> None:
    assert _differ(sympy.sympify(a), b) or abs(sympy.N((a - b).subs(X, 2), 20, maxn=2000)) > 0
    for write in WRITERS:
        assert compare(write(a), write(b)) is not True
        assert compare(write(b), write(a)) is not True
