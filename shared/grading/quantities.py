"""Values with what stands beside them: units, percent and degree signs.

One of two may have left its unit or sign out. Two that are written are both meant: `12 cm` is no `12°`.
"""

from __future__ import annotations

from fractions import Fraction

from shared.grading import text as texts
from shared.grading import units
from shared.grading.answers import Answer, Named, Scalar
from shared.grading.reader import Reader
from shared.grading.sameness import Comparison
from shared.grading.scalars import marks
from shared.grading.syntax import Node, Unclear, Work, number
from shared.grading.tokens import tokenise
from shared.grading.units import Unit

_ANGLE = (("angle", 1),)


def compare(a: str, b: str, work: Work, bound: frozenset[str]) -> bool | None:
    """Units of one kind are converted; different kinds differ; a missing unit is forgiven."""
    (value_a, unit_a), (value_b, unit_b) = (units.split(texts.without_label(text)) for text in (a, b))
    x, y = _read(value_a, work), _read(value_b, work)
    if unit_a and unit_b:
        return _both_measured(x, unit_a, y, unit_b, Comparison(work, bound))
    if not (unit := unit_a or unit_b):
        return Comparison(work, bound).equal(x, y)
    measured, bare = (x, y) if unit_a else (y, x)
    if marked := _marks(bare):
        same = Comparison(work, bound, forgiving=False).equal(x, y)
        fits = (unit.dimensions == _ANGLE and marked == {"deg"}) or not unit.dimensions
        return same if fits else False
    return _one_measured(measured, unit, bare, Comparison(work, bound), work)


def _both_measured(x: Answer, unit_x: Unit, y: Answer, unit_y: Unit, comparison: Comparison) -> bool | None:
    if unit_x.dimensions != unit_y.dimensions:
        unclear = () in (unit_x.dimensions, unit_y.dimensions) or (unit_x.letter and unit_y.letter)
        return None if unclear else False
    if unit_x.factor == unit_y.factor:
        return comparison.equal(x, y)
    verdict = comparison.equal(_times(x, unit_x.factor), _times(y, unit_y.factor))
    return None if verdict and unit_x.letter and unit_y.letter else verdict


def _one_measured(measured: Answer, unit: Unit, bare: Answer, comparison: Comparison, work: Work) -> bool | None:
    verdict = comparison.equal(measured, bare)
    if not unit.dimensions:
        return verdict
    if verdict is not False:
        return None if unit.letter else verdict
    others = [comparison.equal(_times(measured, other), bare) for other in units.conversions(unit)]
    if unit.dimensions == _ANGLE and isinstance(bare, Scalar):
        others.append(Comparison(work, forgiving=False).equal(measured, Scalar(Node("deg", (bare.node,)))))
    return False if all(other is False for other in others) else None


def _marks(answer: Answer) -> frozenset[str]:
    if isinstance(answer, Named):
        answer = answer.value
    return marks(answer.node) if isinstance(answer, Scalar) else frozenset()


def _read(text: str, work: Work) -> Answer:
    return Reader(work).read(tokenise(text))


def _times(answer: Answer, factor: Fraction) -> Answer:
    """Raises Unclear where the answer is no single value."""
    if isinstance(answer, Named):
        answer = answer.value
    if not isinstance(answer, Scalar):
        raise Unclear("a unit behind several values")
    return Scalar(Node("mul", (answer.node, number(factor))))
