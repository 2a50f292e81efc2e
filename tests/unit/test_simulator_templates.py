"""The simulator's problems: exact, distinct, readable by a solver that sees their text only, and harder by level."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.simulator.templates import LEVELS, TEMPLATES, Problem, Template, same, solve, write
from services.simulator.templates.base import DEGENERATE, Slips, Wording, poly_text, tells, tidy

SLIPS = {"strong": 0.002, "medium": 0.03, "weak": 0.09}
LEVEL_MIX = {1: 0.3, 2: 0.4, 3: 0.3}
SUBJECTS = ("Algebra", "Calculus", "Number Theory", "Combinatorics", "Probability", "Linear Algebra", "Geometry")

each_family = pytest.mark.parametrize(
    ("template", "level"),
    [
        pytest.param(template, level, id=f"{type(template).__name__}-{level}")
        for template in TEMPLATES
        for level in LEVELS
    ],
)


def problems(template: Template, level: int, count: int) -> list[Problem]:
    rng = Random(f"{type(template).__name__} {level}")
    return [template.generate(rng, level) for _ in range(count)]


@each_family
def test_a_solver_without_slips_finds_the_reference_in_the_text_alone(template: Template, level: int) -> None:
    for problem in problems(template, level, 200):
        assert solve(problem.text, Random(1), 0.0) == problem.answer, problem.text


@each_family
def test_hints_help_without_telling(template: Template, level: int) -> None:
    for problem in problems(template, level, 100):
        assert len(problem.hints) >= 3
        assert len(set(problem.hints)) == len(problem.hints)
        assert not [hint for hint in problem.hints if tells(hint, problem.answer)]
        assert problem.answer not in DEGENERATE


@each_family
def test_there_are_two_wordings_for_the_same_values(template: Template, level: int) -> None:
    first, second = template.wordings[level]
    values, answer = template.draw(Random(8), level)
    for wording in (first, second):
        assert solve(Wording(wording).write(values), Random(0), 0.0) == answer


def test_every_subject_has_two_templates_or_more() -> None:
    for subject in SUBJECTS:
        assert sum(template.subject == subject for template in TEMPLATES) >= 2


def test_the_same_seed_writes_the_same_problem() -> None:
    assert write("Algebra", "Roots", "2", Random(5)) == write("Algebra", "Roots", "2", Random(5))


def test_stronger_models_solve_more_and_higher_levels_are_harder() -> None:
    def solved(slip: float, level: int) -> float:
        rng = Random(11)
        attempts = [(problem, solve(problem.text, rng, slip)) for problem in sample[level]]
        return sum(answer is not None and same(problem.answer, answer) for problem, answer in attempts) / len(attempts)

    sample = {
        level: [problem for template in TEMPLATES for problem in problems(template, level, 40)] for level in LEVELS
    }
    rates = {name: {level: solved(slip, level) for level in LEVELS} for name, slip in SLIPS.items()}
    for by_level in rates.values():
        assert by_level[1] > by_level[2] > by_level[3]
    overall = {
        name: sum(share * by_level[level] for level, share in LEVEL_MIX.items()) for name, by_level in rates.items()
    }
    assert overall["strong"] >= 0.97
    assert 0.70 <= overall["medium"] <= 0.88
    assert 0.45 <= overall["weak"] <= 0.65


@each_family
def test_a_solver_who_always_slips_is_wrong(template: Template, level: int) -> None:
    found = problems(template, level, 40)
    right = sum(
        same(problem.answer, solve(problem.text, Random(place), 1.0) or "") for place, problem in enumerate(found)
    )
    assert right <= 8  # two slips may cancel


def test_slips_count_steps_and_always_change_the_result() -> None:
    slips = Slips(Random(0), 1.0)
    assert all(slips(7) != 7 for _ in range(100))
    assert slips.steps == 100
    assert Slips(Random(0), 0.0)(7) == 7


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_is_kept_whatever_the_topic(subject: str) -> None:
    rng = Random(3)
    for topic in ("", "Functional equations", "Quadratic equations", "something else"):
        assert {write(subject, topic, "", rng).subject for _ in range(10)} == {subject}


@pytest.mark.parametrize(
    ("subject", "topic", "expected"),
    [
        ("Algebra", "Quadratic equations", "Quadratic equations"),
        ("Number Theory", "Chinese remainder theorem", "Chinese remainder theorem"),
        ("number theory", "Divisors of a number", "Prime factorisation"),
        ("Probability", "Bayes' rule", "Conditional probability"),
        ("Linear Algebra", "Traces and characteristic polynomials", "Eigenvalues"),
        ("Geometry", "Solid geometry", "Vectors"),
        ("Mathematics", "Lattice paths", "Lattice paths"),
        ("", "determinants", "Determinants"),
    ],
)
def test_a_topic_finds_its_template(subject: str, topic: str, expected: str) -> None:
    assert {write(subject, topic, "1", Random(seed)).topic for seed in range(10)} == {expected}


def test_an_unknown_subject_gets_problems_all_the_same() -> None:
    assert len({write("Cookery", "Soups", "", Random(seed)).subject for seed in range(60)}) > 3


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("High School", "2x2"), ("1", "2x2"), ("easy", "2x2"),
        ("Undergraduate", "3x3 matrix"), ("2", "3x3 matrix"),
        ("Graduate", "A + "), ("Research", "A + "), ("level 3", "A + "),
    ],
)  # fmt: skip
def test_a_level_is_a_word_or_a_number(level: str, expected: str) -> None:
    assert all(expected in write("Linear Algebra", "Determinants", level, Random(seed)).text for seed in range(10))


def test_no_level_means_any() -> None:
    texts = [write("Linear Algebra", "Determinants", "", Random(seed)).text for seed in range(40)]
    assert {"2x2" in text for text in texts} == {"A + " in text for text in texts} == {True, False}


@pytest.mark.parametrize("text", ["", "What is the capital of France?", "Find the determinant of the 2x2 matrix.", "{"])
def test_a_text_of_no_template_is_not_read(text: str) -> None:
    assert solve(text, Random(0), 0.0) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Find the  determinant of the 2x2 matrix\n $[[1, 2], [3, 4]]$.", "-2"),
        ("Find the determinant of the 2x2 matrix [[1, 2], [2, 4]].", "0"),
        ("Find the remainder when the quadratic polynomial x^2 − x + 1 is divided by x - 3.", "7"),
        ("How many positive divisors does 0 have?", "no solution"),
        ("Find the determinant of the 2x2 matrix [[1, 2, 3], [3, 4]].", "no solution"),
        ("Solve the system x + y = 1, 2x + 2y = 3. Give the solution as (x, y).", "no solution"),
    ],
)
def test_texts_by_other_hands_are_read(text: str, answer: str) -> None:
    assert solve(text, Random(0), 0.0) == answer


def test_numbers_too_large_to_work_with_are_left_alone() -> None:
    assert solve("How many positive divisors does 999999999 have?", Random(0), 0.0) is None


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_numbers_in_any_wording_leave_the_solver_standing(data: st.DataObject) -> None:
    """Texts near a template's own, with numbers that no author would draw."""
    template, level = data.draw(st.sampled_from(TEMPLATES)), data.draw(st.sampled_from(LEVELS))
    text = template.generate(Random(data.draw(st.integers(0, 99))), level).text
    number = st.integers(-(10**9), 10**9) | st.integers(-600, 600) | st.just(0)
    words = text.split(" ")
    for place, word in enumerate(words):
        if any(sign.isdigit() for sign in word) and data.draw(st.booleans()):
            digits = "".join(sign if sign.isdigit() else " " for sign in word).split()[0]
            words[place] = word.replace(digits, str(data.draw(number)), 1)
    answer = solve(" ".join(words), Random(1), data.draw(st.sampled_from((0.0, 0.5, 1.0))))
    assert answer is None or answer


@given(st.text(max_size=300), st.floats(0, 1))
@settings(max_examples=150, deadline=None)
def test_arbitrary_text_leaves_the_solver_standing(text: str, slip: float) -> None:
    assert solve(text, Random(0), slip) is None


@given(st.lists(st.integers(-999, 999), min_size=3, max_size=3).filter(lambda f: f[2] != 0), st.integers(1, 99))
@settings(deadline=None)
def test_a_polynomial_is_read_as_it_was_written(f: list[int], a: int) -> None:
    text = f"Find the remainder when the quadratic polynomial {poly_text(f)} is divided by x - {a}."
    assert solve(text, Random(0), 0.0) == str(f[0] + f[1] * a + f[2] * a * a)


def test_tidying_evens_out_signs_and_space() -> None:
    assert tidy(" $x$ \n − 3 ") == "x - 3"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("7/12", "14/24"), ("7/12", r"\frac{7}{12}"), (r"\frac12", "0.5"), ("-3/4", r"-\frac{3}{4}"), ("3", "3.0"),
        ("-3/4", "3/(-4)"), ("(1, 2)", r"\left(1, 2\right)"), ("(1, 1/2)", "(1,0.5)"), ("{1, 2}", r"\{2, 1\}"),
        ("12", "$12$."), ("12", r"\boxed{12}"), ("5", "x = 5"), ("(1, -2)", "(x, y) = (1, −2)"), ("1234", "1,234"),
        ("25%", "1/4"), ("no solution", "No  solution"),
    ],
)  # fmt: skip
def test_same_values_in_other_dress(a: str, b: str) -> None:
    assert same(a, b)
    assert same(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("7/12", "7/13"), ("0.333", "1/3"), ("(1, 2)", "(2, 1)"), ("{1, 2}", "{1, 3}"), ("(1, 2)", "{1, 2}"),
        ("12", "1 2"), ("3", "-3"), ("1/0", "0"), ("4.5", "5.4"), ("12", ""), ("5 cm", "5 m"),
    ],
)  # fmt: skip
def test_other_values_are_not_the_same(a: str, b: str) -> None:
    assert not same(a, b)
    assert not same(b, a)


@given(st.text(max_size=120), st.text(max_size=120))
@settings(deadline=None)
def test_comparing_any_texts_is_symmetric_and_reflexive(a: str, b: str) -> None:
    assert same(a, a)
    assert same(a, b) == same(b, a)
