"""Are two read answers the same? True, False, or None for what is not certain. Symmetric."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.grading import constants, families, regions
from shared.grading.answers import Answer, Congruence, Equation, Many, Matrix, Named, Ratio, Record, Region, Scalar
from shared.grading.equations import as_equation, named_quantity, same_equation
from shared.grading.evaluate import Point, evaluate
from shared.grading.points import INTEGER_NAMES, unknowns
from shared.grading.reader import Reader
from shared.grading.scalars import exact_value, marks, same, same_but_for_mark, same_in_degrees
from shared.grading.syntax import Node, Unclear, Work, number

_ZERO = number(0)
_FUNCTIONS = frozenset("yxuzwf")  # whose general solution may be written with constants
_STEPS_OF_A_PAIR = 6
_STEPS_OF_FAMILIES = 10
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
    """Compares the answers of one comparison, within its bound on work.

    `bound`: letters said to be any whole number. `forgiving`: a percent or degree sign may be missing on one side.
    """

    def __init__(self, work: Work, bound: frozenset[str] = frozenset(), *, forgiving: bool = True) -> None:
        self._work = work
        self._bound = bound
        self._forgiving = forgiving
        self._owner = ""  #: the name whose values are compared

    def equal(self, a: Answer, b: Answer) -> bool | None:
        """What cannot be evaluated is undecided."""
        self._work.spend(_STEPS_OF_A_PAIR)
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
                return regions.same_but_for_marks(a, b, self._work, forgiving=self._forgiving)
            case Matrix(), Matrix():
                return self._matrices(a, b)
            case Congruence(), Congruence():
                return a == b
            case Equation(), Equation():
                return same_equation(a, b, self._work)
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
                    return regions.same_region(Reader(self._work).region(first), second, self._work)
                case Many(kind="ordered"), Matrix() if len(second.rows) == 1 or len(second.rows[0]) == 1:
                    cells = [Scalar(cell) for row in second.rows for cell in row]
                    return self._in_order(first.items, cells)
                case Ratio(), Scalar() if len(first.parts) == 2:
                    if any(same(part, _ZERO, self._work) is not False for part in first.parts):
                        return None
                    return self._scalars(Node("div", first.parts), second.node)
                case Congruence(), Scalar():
                    return families.same_class(first, second.node, self._work)
                case Equation(), Scalar():
                    return named_quantity(first, second.node, self._work)
                case Region(), Scalar() if not unknowns(second.node):
                    if first.name[:1] in INTEGER_NAMES:
                        return None  # `-1 < k < 1` is 0
                    return None if first.name and regions.touches(first, second.node, self._work) else False
                case Matrix(), Scalar() if not unknowns(second.node):
                    return None if len(first.rows) == len(first.rows[0]) == 1 else False
        return None

    def _scalars(self, a: Node, b: Node) -> bool | None:
        if self._forgiving and bool(marks(a)) != bool(marks(b)):
            verdict = same_but_for_mark(a, b, self._work)
        else:
            verdict = same(a, b, self._work)
        if verdict is True or not unknowns(a, b):
            return None if verdict is False and same_in_degrees(a, b, self._work) else verdict
        self._work.spend(_STEPS_OF_FAMILIES)
        general = constants.same_solutions(a, b, self._work, owned=self._owner[:1] in _FUNCTIONS)
        if general is not False or verdict is not False:
            return general if verdict is False or general else verdict
        if any(letter in self._owner[1:] for letter in unknowns(a, b)):
            return False  # `a_n = …` gives n
        return families.same_family(a, b, self._work, self._bound, self._owner)

    def _named(self, a: Answer, b: Answer) -> bool | None:
        if isinstance(a, Named) and isinstance(b, Named):
            if a.name == b.name:
                return self._owned(a.name, a.value, b.value)
            if self._is_relation(a) or self._is_relation(b):
                return same_equation(as_equation(a), as_equation(b), self._work)
            if {a.name, b.name} <= _UNKNOWNS_OF_A_SYSTEM:
                return False
            return False if self.equal(a.value, b.value) is False else None
        named, other = (a, b) if isinstance(a, Named) else (b, a)
        assert isinstance(named, Named)
        if isinstance(other, Equation):
            return same_equation(as_equation(named), other, self._work)
        return self._owned(named.name, named.value, other)

    def _owned(self, name: str, a: Answer, b: Answer) -> bool | None:
        before, self._owner = self._owner, name
        verdict = self.equal(a, b)
        self._owner = before
        return verdict

    @staticmethod
    def _is_relation(answer: Named) -> bool:
        """`y = 2x` relates unknowns; `x = 3` and `f(x) = 2x` do not."""
        return len(answer.name) == 1 and isinstance(answer.value, Scalar) and bool(unknowns(answer.value.node))

    def _in_order(self, a: Sequence[Answer], b: Sequence[Answer]) -> bool | None:
        if len(a) != len(b):
            return False
        return self._along(every(map(self.equal, a, b)), _nodes(a), _nodes(b))

    def _along(self, verdict: bool | None, a: Sequence[Node], b: Sequence[Node]) -> bool | None:
        """Of points or vectors: with a parameter in them, other coordinates may run along the same line."""
        if verdict or not a or not b or not unknowns(*a, *b):
            return verdict
        self._work.spend(_STEPS_OF_FAMILIES)
        return families.same_curve(a, b, self._work)

    def _as_sets(self, a: Sequence[Answer], b: Sequence[Answer]) -> bool | None:
        """Each has its equal in the other."""
        values = [[exact_value(item.node) if isinstance(item, Scalar) else None for item in side] for side in (a, b)]
        if not any(None in side for side in values):
            return set(values[0]) == set(values[1])
        table = [[self.equal(x, y) for y in b] for x in a]

        def found(verdicts: Sequence[bool | None]) -> bool | None:
            return True if True in verdicts else (None if None in verdicts else False)

        columns = [[row[place] for row in table] for place in range(len(b))]
        return every(found(line) for line in [*table, *columns])

    def _many(self, a: Many, b: Many) -> bool | None:
        verdict = self._several(a, b)
        if verdict is False and families.counted(_nodes(a.items) + _nodes(b.items), self._bound):
            return None  # `kπ` is `2kπ` or `(2k+1)π`
        return verdict

    def _several(self, a: Many, b: Many) -> bool | None:
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
        if many.kind == "ordered":
            if len(many.items) < 2 or unknowns(scalar.node):
                return None
            evaluate(scalar.node, Point({}, self._work))
            return False
        if not many.items or families.counted([*_nodes(many.items), scalar.node], self._bound):
            return None
        verdicts = [self.equal(item, scalar) for item in many.items]
        return False if False in verdicts else None

    def _records(self, a: Record, b: Record) -> bool | None:
        if set(a.names) != set(b.names):
            return None
        values = dict(zip(b.names, b.values, strict=True))
        there = [values[name] for name in a.names]
        return self._in_order(a.values, there)

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
        verdict = every(self._scalars(x, y) for x, y in pairs)
        vector = 1 in (len(a.rows), len(a.rows[0]))
        cells_a, cells_b = ([cell for row in part.rows for cell in row] for part in (a, b))
        return self._along(verdict, cells_a, cells_b) if vector else verdict

    def _ratios(self, a: Sequence[Node], b: Sequence[Node]) -> bool | None:
        if len(a) != len(b):
            return False
        noughts = [[same(part, _ZERO, self._work) for part in parts] for parts in (a, b)]
        if noughts[0] != noughts[1]:
            return False if None not in (*noughts[0], *noughts[1]) else None
        if True in noughts[0]:  # a score: no ratio has a nought
            return True if every(same(x, y, self._work) for x, y in zip(a, b, strict=True)) else None
        crossed = ((Node("mul", (x, b[0])), Node("mul", (y, a[0]))) for x, y in zip(a[1:], b[1:], strict=True))
        return every(same(x, y, self._work) for x, y in crossed)


def _nodes(answers: Sequence[Answer]) -> list[Node]:
    """The expressions of these values; none where one of them is no expression."""
    nodes = [answer.node for answer in answers if isinstance(answer, Scalar)]
    return nodes if len(nodes) == len(answers) else []
