"""Answers that name a whole family: `π/4 + kπ` for whole k, a line by its parameter.

The letter is bound by the answer, so two that differ as written may name the same. Whether a letter is bound is seldom
written: without `k ∈ Z`, or an unknown that the values solve, such a pair is undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from shared.grading.answers import Congruence
from shared.grading.approx import Value, add, as_approx, divide, multiply, negative, same_value
from shared.grading.evaluate import Point, evaluate
from shared.grading.points import REALS, unknowns
from shared.grading.scalars import same
from shared.grading.syntax import Node, Undefined, Work, number, substituted, traits
from shared.grading.text import plain

COUNTERS = frozenset("knmjlNK") | {"ell"}
PARAMETERS = frozenset({"t", "s", "r", "u", "v", "lambda", "mu", "k", "theta", "tau", "alpha", "beta"})
_SOLVED_FOR = frozenset({"x", "theta", "z", "alpha", "phi", "beta", "t"})
_MAX_SHIFT = 10_000


def same_family(a: Node, b: Node, work: Work, bound: frozenset[str], owner: str) -> bool | None:
    """Of expressions that differ as written, True or None where they name one family of numbers, else False.

    `bound`: letters that are said to be any whole number. `owner`: the unknown whose values these are, if written.
    """
    mine, others = _counters(a, bound), _counters(b, bound)
    if len(mine) != 1 or len(others) != 1:
        return None if mine and mine != others else False
    letter = mine.pop()
    if letter not in others:
        b = substituted(b, others.pop(), Node("sym", name=letter))
    if set(unknowns(a)) != set(unknowns(b)):
        return None
    solved = owner in _SOLVED_FOR and all("π" in traits(node).symbols for node in (a, b))
    said = letter in bound or (solved and not any(_counts_steps(node, letter, work) for node in (a, b)))
    if same(a, b, work):
        return True if said else None
    shifted = _shifted(a, b, letter, work, said)
    if shifted is None or not same(a, shifted, work):
        return False
    return True if said else None


def _counters(node: Node, bound: frozenset[str]) -> set[str]:
    names = set(unknowns(node))
    return names & bound or {name for name in names if name in COUNTERS}


def _shifted(a: Node, b: Node, letter: str, work: Work, said: bool) -> Node | None:
    """b with k replaced by the ±k + c that makes it a, if both are linear in k and there is one."""
    try:
        (start_a, step_a), (start_b, step_b) = (_line(node, letter, work) for node in (a, b))
        if same_value(step_a, Fraction(0)) is not False or same_value(step_b, Fraction(0)) is not False:
            return None
        if not said and isinstance(step_a, Fraction) and abs(step_a) == 1:
            return None  # all whole numbers would be no answer: the problem gives this letter
        ratio = as_approx(divide(step_a, step_b, work)).real
        shift = as_approx(divide(add(start_a, negative(start_b), work), step_b, work)).real
    except Undefined:
        return None
    if abs(abs(ratio) - 1) > 1e-9 or abs(shift) > _MAX_SHIFT or abs(shift - round(shift)) > 1e-9:
        return None
    k = Node("sym", name=letter)
    return substituted(b, letter, Node("add", (k if ratio > 0 else Node("neg", (k,)), number(round(shift)))))


def _counts_steps(node: Node, letter: str, work: Work) -> bool:
    """Whether it is `(n-2)π`, a multiple of its own step: the problem gives n, perhaps. `nπ` is a family's."""
    try:
        start, step = _line(node, letter, work)
        turns = as_approx(divide(start, step, work)).real
    except Undefined:
        return False
    return abs(turns) > 0.5 and abs(turns - round(turns)) < 1e-9


def _line(node: Node, letter: str, work: Work) -> tuple[Value, Value]:
    """Value at nought and slope in this letter. Raises Undefined where it is not linear."""
    others = [name for name in unknowns(node) if name != letter]
    given: dict[str, Value] = dict(zip(others, REALS[0], strict=False))
    start, one, three = (evaluate(node, Point(given | {letter: Fraction(x)}, work)) for x in (0, 1, 3))
    step = add(one, negative(start), work)
    if same_value(three, add(start, multiply(Fraction(3), step, work), work)) is not True:
        raise Undefined("not linear")
    return start, step


def same_class(congruence: Congruence, node: Node, work: Work) -> bool | None:
    """Against `7k + 3`: the same class. Against a number: one of the class does not name the class."""
    names = unknowns(node)
    if len(names) > 1:
        return None
    at = [evaluate(node, Point({name: Fraction(x) for name in names}, work)) for x in range(4)]
    values = [value.numerator for value in at if isinstance(value, Fraction) and value.denominator == 1]
    if len(values) < 4 or len({after - before for before, after in pairwise(values)}) > 1:
        return None
    modulus = abs(values[1] - values[0])
    if modulus:
        return Congruence(values[0] % modulus, modulus) == congruence if modulus > 1 else None
    return None if values[0] % congruence.modulus == congruence.residue else False


def counted(nodes: Iterable[Node], bound: frozenset[str]) -> bool:
    """Whether one of the values runs through whole numbers, perhaps: several such may overlap in many ways."""
    return any(_counters(node, bound) for node in nodes)


def same_curve(a: Sequence[Node], b: Sequence[Node], work: Work) -> bool | None:
    """Of points that differ as written, with a letter in their coordinates: None where they may run along one line.

    False where they are lines apart, or where no letter is in them.
    """
    letters = set(unknowns(*a, *b))
    if not letters:
        return False
    if len(letters) > 1 or not set(unknowns(*a)) & set(unknowns(*b)):
        return None if len(letters & PARAMETERS) > 1 else False
    letter = letters.pop()
    try:
        first, second = ([_line(node, letter, work) for node in nodes] for nodes in (a, b))
    except Undefined:
        return None if letter in PARAMETERS else False
    along = [step for _, step in first]
    across = [add(q, negative(p), work) for (p, _), (q, _) in zip(first, second, strict=True)]
    parallel = _parallel(along, [step for _, step in second], work) and _parallel(along, across, work)
    return None if parallel else False


def _parallel(a: Sequence[Value], b: Sequence[Value], work: Work) -> bool:
    """Whether the vectors may be multiples of each other."""
    return all(
        same_value(multiply(a[i], b[j], work), multiply(a[j], b[i], work)) is not False
        for i in range(len(a))
        for j in range(i)
    )


_QUANTIFIER = re.compile(
    r"(?:[,;]\s*|\s+|\()(?:where |with |for |and |, )*(?:any |all |some |every |an |integers? )*([a-zA-Z])"
    r"\s*(?:∈\s*(?:\\math(?:bb|bf)\s*\{?\s*Z\s*\}?|ℤ|Z(?![A-Za-z]))|(?:is |are )?(?:an |any )?(?:arbitrary )?integers?)"
    r"\s*\)?\s*\.?$"
)
_ANY_INTEGER = re.compile(
    r"(?:[,;]\s*|\s+|\()(?:where |with |for )*(?:any |all |some |every |an )?integers? ([a-zA-Z])\)?\.?$"
)


def unquantified(text: str) -> tuple[str, str]:
    """The text without `, k ∈ Z` at its end, and the letter; an empty letter where there is none."""
    bare = plain(text)
    found = _QUANTIFIER.search(bare[-80:]) or _ANY_INTEGER.search(bare[-80:])
    if found is None:
        return text, ""
    head = bare[: len(bare) - len(bare[-80:]) + found.start()].rstrip(" ,;")
    # of `x > 3, x ∈ Z` the whole numbers are the answer
    return (text, "") if not head or re.search("[<>≤≥≠∈{⦃]", head) else (head, found.group(1))
