"""Are two read answers the same? True, False, or None for what is not certain. Symmetric."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from shared.grading import regions
from shared.grading.answers import Answer, Congruence, Equation, Many, Matrix, Named, Ratio, Record, Scalar
from shared.grading.equations import is_linear, proportional
from shared.grading.evaluate import Point, evaluate
from shared.grading.reader import Reader
from shared.grading.regions import Region
from shared.grading.scalars import same, unknowns
from shared.grading.syntax import Node, Unclear, Work

_UNKNOWNS_OF_A_SYSTEM = frozenset("xyz")
_ALPHABETS = ("xyz", "abcd")  # unknowns whose values are written in this order


def every(verdicts: Iterable[bool | None]) -> bool | None:
    """False where one is, else None where one is, else True."""
    unsure = False
    for verdict in verdicts:
        if verdict is False:
            return False
        unsure |= verdict is None
    return None if unsure else True


class Comparison:
    """Compares the answers of one comparison, within its bound on work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def equal(self, a: Answer, b: Answer) -> bool | None:
        """What cannot be evaluated is undecided."""
        self._work.spend()
        try:
            if isinstance(a, Named) or isinstance(b, Named):
                return self._named(a, b)
            return self._pair(a, b) if type(a) is type(b) else self._mixed(a, b)
        except Unclear:
            return None

    def _pair(self, a: Answer, b: Answer) -> bool | None:
        match a, b:
            case Scalar(), Scalar():
                return self._scalars(a.node, b.node)
            case Record(), Record():
                return self._records(a, b)
            case Many(), Many():
                return self._many(a, b)
            case Region(), Region():
                return regions.same_region(a, b)
            case Matrix(), Matrix():
                return self._matrices(a, b)
            case Congruence(), Congruence():
                return a == b
            case Equation(), Equation():
                return self._equations(a, b)
            case Ratio(), Ratio():
                return self._ratios(a.parts, b.parts)
        return None

    def _mixed(self, a: Answer, b: Answer) -> bool | None:
        for first, second in ((a, b), (b, a)):
            match first, second:
                case Many(), Scalar():
                    return self._one_of_many(first, second)
                case Many(), Record():
                    return self._record_in_order(second, first)
                case Many(), Region():
                    return regions.same_region(Reader(self._work).region(first), second)
                case Many(kind="ordered"), Matrix() if len(second.rows) == 1 or len(second.rows[0]) == 1:
                    cells = [Scalar(cell) for row in second.rows for cell in row]
                    return self._in_order(first.items, cells)
                case Ratio(), Scalar() if len(first.parts) == 2:
                    return self._scalars(Node("div", first.parts), second.node)
                case Congruence(), Scalar():
                    return self._congruent(first, second.node)
        return None

    def _scalars(self, a: Node, b: Node) -> bool | None:
        """A degree or percent sign on one side only may have been left out on the other."""
        for mark in ("deg", "pct"):
            if (a.op == mark) != (b.op == mark):
                bare_a, bare_b = (node.kids[0] if node.op == mark else node for node in (a, b))
                readings = {same(a, b, self._work), same(bare_a, bare_b, self._work)}
                return True if True in readings else (False if readings == {False} else None)
        return same(a, b, self._work)

    def _named(self, a: Answer, b: Answer) -> bool | None:
        if isinstance(a, Named) and isinstance(b, Named):
            if a.name == b.name:
                return self.equal(a.value, b.value)
            if self._is_relation(a) or self._is_relation(b):
                return self._equations(_as_equation(a), _as_equation(b))
            if {a.name, b.name} <= _UNKNOWNS_OF_A_SYSTEM:
                return False
            return False if self.equal(a.value, b.value) is False else None
        named, other = (a, b) if isinstance(a, Named) else (b, a)
        assert isinstance(named, Named)
        if isinstance(other, Equation):
            return self._equations(_as_equation(named), other)
        return self.equal(named.value, other)

    @staticmethod
    def _is_relation(answer: Named) -> bool:
        """`y = 2x` relates unknowns; `x = 3` and `f(x) = 2x` do not."""
        return len(answer.name) == 1 and isinstance(answer.value, Scalar) and bool(unknowns(answer.value.node))

    def _in_order(self, a: Sequence[Answer], b: Sequence[Answer]) -> bool | None:
        return len(a) == len(b) and every(map(self.equal, a, b))

    def _as_sets(self, a: Sequence[Answer], b: Sequence[Answer]) -> bool | None:
        """Each has its equal in the other."""
        table = [[self.equal(x, y) for y in b] for x in a]

        def found(verdicts: Sequence[bool | None]) -> bool | None:
            return True if True in verdicts else (None if None in verdicts else False)

        columns = [[row[place] for row in table] for place in range(len(b))]
        return every(found(line) for line in [*table, *columns])

    def _many(self, a: Many, b: Many) -> bool | None:
        kinds = {a.kind, b.kind}
        if kinds == {"ordered"}:
            verdict = self._in_order(a.items, b.items)
            pair = len(a.items) == 2 and a.brackets != b.brackets  # an interval, perhaps
            return None if verdict and pair else verdict
        if "set" in kinds and "ordered" not in kinds:
            return self._as_sets(a.items, b.items)
        if self._in_order(a.items, b.items):
            return None if "set" in kinds else True
        verdict = self._as_sets(a.items, b.items)
        points = not any(isinstance(item, Scalar) for item in (*a.items, *b.items))
        if kinds == {"list"} and points and len(a.items) == len(b.items):
            return verdict
        return False if verdict is False else None

    def _one_of_many(self, many: Many, scalar: Scalar) -> bool | None:
        if many.kind != "ordered" and len(many.items) == 1:
            return self.equal(many.items[0], scalar)
        if many.kind == "ordered" or not many.items:
            return None
        verdicts = [self.equal(item, scalar) for item in many.items]
        return False if False in verdicts else None

    def _records(self, a: Record, b: Record) -> bool | None:
        if set(a.names) != set(b.names):
            return None
        values = dict(zip(b.names, b.values, strict=True))
        return every(self.equal(value, values[name]) for name, value in zip(a.names, a.values, strict=True))

    def _record_in_order(self, record: Record, many: Many) -> bool | None:
        """Against `(1, 2)` the names count in alphabetical order, where another order is not written."""
        if many.kind == "set":
            return self.equal(many.items[0], record) if len(many.items) == 1 else None
        by_name = sorted(zip(record.names, record.values, strict=True), key=lambda pair: pair[0])
        alphabetical = self._in_order([value for _, value in by_name], many.items)
        names = "".join(name for name, _ in by_name)
        if any(names in alphabet for alphabet in _ALPHABETS):
            return alphabetical
        written = self._in_order(record.values, many.items)
        return alphabetical if written is alphabetical else None

    def _matrices(self, a: Matrix, b: Matrix) -> bool | None:
        if len(a.rows) != len(b.rows) or len(a.rows[0]) != len(b.rows[0]):
            vectors = all(1 in (len(part.rows), len(part.rows[0])) for part in (a, b))
            return None if vectors else False
        pairs = zip((cell for row in a.rows for cell in row), (cell for row in b.rows for cell in row), strict=True)
        return every(self._scalars(x, y) for x, y in pairs)

    def _ratios(self, a: Sequence[Node], b: Sequence[Node]) -> bool | None:
        if len(a) != len(b):
            return False
        crossed = ((Node("mul", (x, b[0])), Node("mul", (y, a[0]))) for x, y in zip(a[1:], b[1:], strict=True))
        return every(same(x, y, self._work) for x, y in crossed)

    def _congruent(self, congruence: Congruence, node: Node) -> bool | None:
        """Against `7k + 3`: the same class. Against a number: one of the class does not name the class."""
        names = unknowns(node)
        if len(names) > 1:
            return None
        at = [evaluate(node, Point({name: Fraction(x) for name in names}, self._work)) for x in range(4)]
        values = [value.numerator for value in at if isinstance(value, Fraction) and value.denominator == 1]
        if len(values) < 4 or len({after - before for before, after in pairwise(values)}) > 1:
            return None
        modulus = abs(values[1] - values[0])
        if modulus:
            return Congruence(values[0] % modulus, modulus) == congruence if modulus > 1 else None
        return None if values[0] % congruence.modulus == congruence.residue else False

    def _equations(self, a: Equation, b: Equation) -> bool | None:
        """The same where one is a multiple of the other; different for certain only where both are linear."""
        first, second = (Node("add", (part.left, Node("neg", (part.right,)))) for part in (a, b))
        if unknowns(first) != unknowns(second):
            return None
        verdict = proportional(first, second, self._work)
        if verdict is False and not (is_linear(first, self._work) and is_linear(second, self._work)):
            return None
        return verdict


def _as_equation(named: Named) -> Equation:
    """Raises Unclear where the value is no expression, or the name no plain unknown."""
    if not isinstance(named.value, Scalar) or not named.name.isalpha():
        raise Unclear("no equation")
    return Equation(Node("sym", name=named.name), named.value.node)
