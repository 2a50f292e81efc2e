"""Work is counted, numbers carry their errors, and hostile answers end within a number of steps."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.grading.approx import Approx, same_value
from shared.grading.evaluate import Point, evaluate
from shared.grading.exact import compare
from shared.grading.parser import parse
from shared.grading.precise import agree
from shared.grading.syntax import Node, Unclear, Undefined, Work
from shared.grading.tokens import MAX_TOKENS, tokenise
from tests.hostile_answers import HOSTILE, pairs


def value(text: str, work: Work | None = None, **unknowns: Fraction) -> Fraction | Approx:
    return evaluate(parse(tokenise(text)), Point(unknowns, work or Work()))


def test_work_is_spent_and_ends() -> None:
    work = Work(10)
    with pytest.raises(Unclear):
        value("+".join(["1"] * 50), work)
    assert work.left < 0


def test_large_numbers_cost_more_work() -> None:
    small, large = Work(), Work()
    value("3*3", small)
    value("3^{2000}*3^{2000}", large)
    assert large.left < small.left


def test_long_input_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Unclear):
        tokenise("1+" * MAX_TOKENS)


@pytest.mark.parametrize("text", ["10^{10^{10}}", "2^{99999}", "1001!", "\\binom{10^9}{2}", "((9!)!)!"])
def test_huge_values_are_refused(text: str) -> None:
    with pytest.raises(Unclear):
        value(text)


@pytest.mark.parametrize("text", ["1/0", "\\ln(0-1)", "1/(\\sin(π))", "(2-3)!"])
def test_undefined_values(text: str) -> None:
    with pytest.raises(Undefined):
        value(text)


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("2 1/3", Fraction(7, 3)),
        ("\\sqrt{49}", Fraction(7)),
        ("8^{2/3}", Fraction(4)),
        ("2^{100}", Fraction(2**100)),
        ("-2^2", Fraction(-4)),
        ("2^{3^2}", Fraction(512)),
        ("|2-5||2|", Fraction(6)),
        ("7_{8}", Fraction(7)),
        ("0.\\overline{12}", Fraction(12, 99)),
        ("1.5e3", Fraction(1500)),
    ],
)
def test_rational_values_stay_exact(text: str, exact: Fraction) -> None:
    assert value(text) == exact


@settings(max_examples=200, deadline=None)
@given(st.fractions(min_value=Fraction(1, 50), max_value=50, max_denominator=60))
def test_the_error_bound_covers_the_error(x: Fraction) -> None:
    number = value("\\sin(x)^2+\\cos(x)^2+\\ln(\\exp(x))-x+(\\sqrt{x})^2-x", x=x)
    assert isinstance(number, Approx)
    assert abs(number.value - 1) <= number.error < 1e-10


def test_close_is_neither_equal_nor_different() -> None:
    one = Approx(1.0 + 0j, 1e-16)
    assert same_value(one, Approx(1.0 + 0j, 1e-16)) is True
    assert same_value(one, Approx(1.0 + 1e-8 + 0j, 1e-16)) is None
    assert same_value(one, Approx(1.1 + 0j, 1e-16)) is False
    assert same_value(one, Approx(1.1 + 0j, 0.05)) is None
    assert same_value(Approx(complex(math.pi), 1e-15), Fraction(355, 113)) is None


@pytest.mark.parametrize(
    "text", ["2 3", "x2", "1/2x", "2\\frac{5}{3}", "\\ln(x)(x-1)", "sin x/2", "5!!", "(1", "1)", ""]
)
def test_what_can_be_read_in_two_ways_is_not_read(text: str) -> None:
    with pytest.raises(Unclear):
        parse(tokenise(text))


MAX_CALLS = 250_000  # of functions, built-in ones too: some tenth of a microsecond each


def calls_of(a: str, b: str) -> int:
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        compare(a, b)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_takes_few_steps(name: str) -> None:
    assert max(calls_of(a, b) for a, b in pairs(HOSTILE[name])[2::2]) < MAX_CALLS


def test_a_second_look_sees_what_doubles_do_not() -> None:
    def agreed(a: str, b: str) -> bool | None:
        nodes: list[Node] = [parse(tokenise(text)) for text in (a, b)]
        return agree(nodes[0], Point({}, Work()), nodes[1], Point({}, Work()))[0]

    assert agreed("1-e^{-50}", "1") is False
    assert agreed("1-e^{-500}", "1") is False
    assert agreed("e^{i π}+1", "0") is True
    assert agreed("\\sqrt{2}\\sqrt{3}", "\\sqrt{6}") is True
    with pytest.raises(Unclear):
        agreed("\\sqrt{10^{1500}+7}-10^{750}+1", "1")
