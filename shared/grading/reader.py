"""Tokens to an answer: lists, equations, intervals, matrices, and in the end expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from shared.grading import regions
from shared.grading.answers import (
    ORDER_SIGNS,
    PAIRS,
    Answer,
    Congruence,
    Equation,
    Many,
    Named,
    Ratio,
    Record,
    Region,
    Scalar,
    around,
    kinds_of,
    name_of,
    names_of,
    split,
)
from shared.grading.evaluate import Point, evaluate
from shared.grading.parser import parse
from shared.grading.points import unknowns
from shared.grading.scalars import same
from shared.grading.shapes import listed, matrix, nested, record_of
from shared.grading.syntax import Node, Unclear, Work
from shared.grading.text import MATRIX_OPEN, SET_CLOSE, SET_OPEN
from shared.grading.tokens import Token

MAX_LEVELS = 6
MAX_ITEMS = 64


class Reader:
    """Reads the answers of one comparison, within its bound on work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._level = 0

    def read(self, tokens: Sequence[Token]) -> Answer:
        """Raises Unclear on what cannot be read with certainty."""
        self._level += 1
        if self._level > MAX_LEVELS:
            raise Unclear("too deep")
        self._work.spend(len(tokens))
        groups = [
            [part for part in split(group, (",", "and")) if part] for group in split(tokens, ("or", ";")) if group
        ]
        groups = [_all_unequal(group) for group in groups if group]
        if sum(map(len, groups)) > MAX_ITEMS:
            raise Unclear("too many values")
        if len(groups) == 1 and len(groups[0]) == 1:
            answer = self._single(groups[0][0])
        elif groups:
            answer = self._joined([[self._single(part) for part in group] for group in groups], kinds_of(tokens))
        else:
            raise Unclear("nothing")
        self._level -= 1
        return answer

    def _joined(self, groups: list[list[Answer]], joints: set[str]) -> Answer:
        flat = [answer for group in groups for answer in group]
        if found := [answer for answer in flat if isinstance(answer, Region)]:
            if len(found) == len(flat) and "or" not in joints and all(map(regions.only_excludes, found)):
                return regions.intersection(found)
            if len(found) < len(flat) or "," in joints or ("or" in joints and "and" in joints):
                raise Unclear("intervals, and or or")
            return regions.union(found) if "or" in joints else regions.intersection(found)
        records = [record_of(group) for group in groups]
        if all(records):
            found_records = [record for record in records if record]
            return found_records[0] if len(groups) == 1 else Many("set", tuple(found_records))
        return listed(flat, len(groups) > 1)

    def _single(self, tokens: list[Token]) -> Answer:
        if not tokens:
            raise Unclear("nothing")
        kinds = kinds_of(tokens)
        if "mod" in kinds:
            return self._congruence(tokens)
        if kinds & ORDER_SIGNS:
            return self._inequalities(tokens)
        if "=" in kinds:
            return self._equation(split(tokens, "="))
        if "∈" in kinds:
            parts = split(tokens, "∈")
            if len(parts) != 2 or not name_of(parts[0]):
                raise Unclear("who is in what")
            return self.read(parts[1])
        if kinds & {"∪", "∩", "∖"}:
            return self._set_operation(tokens, kinds)
        if ":" in kinds:
            return Ratio(tuple(parse(part) for part in split(tokens, ":")))
        if any(token.kind in "±∓" for token in tokens):
            return self._both_signs(tokens)
        if [token.kind for token in tokens] in (["∅"], [SET_OPEN, SET_CLOSE]):
            return Many("set", ())
        if MATRIX_OPEN in {token.kind for token in tokens}:
            return matrix(tokens)
        return self._bracketed(tokens) or Scalar(parse(tokens))

    def _congruence(self, tokens: list[Token]) -> Answer:
        parts = split(tokens, ("mod",))
        if len(parts) != 2:
            raise Unclear("more than one modulus")
        modulus = split(parts[1], "=")
        if len(modulus) == 2 and "=" not in kinds_of(parts[0]) and "≡" not in kinds_of(parts[0]):
            value = parse(modulus[1])  # 17 mod 5 = 2
            remainder = self._congruence([*parts[0], Token("mod"), *modulus[0]])
            if isinstance(remainder, Congruence) and evaluate(value, Point({}, self._work)) == remainder.residue:
                return Scalar(value)
            raise Unclear("no remainder")
        residue = split(parts[0], ("≡", "="))[-1]
        at = Point({}, self._work)
        left, right = evaluate(parse(residue), at), evaluate(parse(parts[1]), at)
        if not isinstance(left, Fraction) or not isinstance(right, Fraction):
            raise Unclear("no whole numbers")
        if left.denominator != 1 or right.denominator != 1 or right < 2:
            raise Unclear("no whole numbers")
        return Congruence(left.numerator % right.numerator, right.numerator)

    def _inequalities(self, tokens: list[Token]) -> Region:
        signs = [token.kind for token in tokens if token.kind in ORDER_SIGNS]
        if signs == ["≠"] and "±" in kinds_of(tokens):
            variants = [
                [replace(token, kind=sign) if token.kind == "±" else token for token in tokens] for sign in "+-"
            ]
            return regions.intersection([self._inequalities(variant) for variant in variants])
        sides = [parse(part) for part in split(tokens, ORDER_SIGNS)]
        if len(sides) != len(signs) + 1 or len(signs) > 2:
            raise Unclear("not a chain of comparisons")
        links = zip(sides, signs, sides[1:], strict=False)
        return regions.intersection([regions.inequality(a, sign, b, self._work) for a, sign, b in links])

    def _equation(self, sides: list[list[Token]]) -> Answer:
        first, last = sides[0], sides[-1]
        known = len(sides) == 2 and not any(token.kind == "sym" for side in sides for token in side)
        if known and [token.text for token in first] == [token.text for token in last]:
            raise Unclear("a statement that is always true")
        if len(sides) > 2 or known:
            values = [parse(side) for side in (sides[1:] if name_of(first) else sides)]
            if unknowns(*values) or not all(same(values[0], value, self._work) for value in values[1:]):
                raise Unclear("a chain of equations")
            return Named(name_of(first), Scalar(values[-1])) if name_of(first) else Scalar(values[-1])
        if not name_of(first) and name_of(last):
            first, last = last, first
        if name := name_of(first):
            value = self._single(last)
            if isinstance(value, Scalar) and name in unknowns(value.node):
                return Equation(Node("sym", name=name), value.node)
            if isinstance(value, Named | Record | Equation):
                raise Unclear("a name of a name")
            return Named(name, value)
        if (names := names_of(first)) and isinstance(value := self._single(last), Many):
            if len(names) != len(value.items) or value.kind != "ordered":
                raise Unclear("names and values do not match")
            return Record(names, value.items)
        return Equation(parse(first), parse(last))

    def _set_operation(self, tokens: list[Token], kinds: set[str]) -> Answer:
        operations = kinds & {"∪", "∩", "∖"}
        if len(operations) > 1:
            raise Unclear("mixed set operations")
        parts = [self._single(part) for part in split(tokens, operations)]
        finite = [part for part in parts if isinstance(part, Many) and part.kind == "set"]
        if len(finite) == len(parts) and operations == {"∪"}:
            return Many("set", tuple(item for part in finite for item in part.items))
        if operations == {"∖"}:
            if len(parts) != 2 or len(finite) != 1 or parts[1] is not finite[0]:
                raise Unclear("what is taken away")
            values = [item.node for item in finite[0].items if isinstance(item, Scalar)]
            if len(values) < len(finite[0].items) or unknowns(*values):
                raise Unclear("what is taken away")
            return regions.without(self.region(parts[0]), values)
        spans = [self.region(part) for part in parts]
        return regions.union(spans) if operations == {"∪"} else regions.intersection(spans)

    def region(self, answer: Answer) -> Region:
        """A pair in brackets as an interval. Raises Unclear for what is no region."""
        if isinstance(answer, Region):
            return answer
        if isinstance(answer, Many) and answer.kind == "set":
            values = [item.node for item in answer.items if isinstance(item, Scalar)]
            if not values or len(values) < len(answer.items) or unknowns(*values):
                raise Unclear("a set of no numbers")
            return regions.points(values, self._work)
        if isinstance(answer, Many) and len(answer.brackets) == 2 and len(answer.items) == 2:
            low, high = answer.items
            if isinstance(low, Scalar) and isinstance(high, Scalar):
                return regions.interval(answer.brackets[0], low.node, high.node, answer.brackets[1], self._work)
        raise Unclear("no interval")

    def _both_signs(self, tokens: list[Token]) -> Answer:
        if [token.kind for token in tokens].count("±") != 1:
            raise Unclear("signs that may go together or not")
        variants = []
        for signs in ({"±": "+", "∓": "-"}, {"±": "-", "∓": "+"}):
            changed = [replace(token, kind=signs.get(token.kind, token.kind)) for token in tokens]
            variants.append(self._single(changed))
        return Many("set", tuple(variants))

    def _bracketed(self, tokens: list[Token]) -> Answer | None:
        """A set, a tuple, an interval, or one thing in brackets; None where none are around the whole."""
        opening, closing = tokens[0].kind, tokens[-1].kind
        if opening not in ("(", "[", SET_OPEN) or not around(tokens):
            return None
        if (opening == SET_OPEN) != (closing == SET_CLOSE) or closing == "}":
            raise Unclear("brackets that do not match")
        inner = tokens[1:-1]
        if opening == SET_OPEN:
            if len(inner) > 2 and inner[0].kind == "sym":
                condition = split(inner, (":", "|"))
                if len(condition) == 2 and (name_of(condition[0]) or "∈" in kinds_of(condition[0])):
                    return self.read(condition[1])
            answer = self.read(inner)
            answer = answer.value if isinstance(answer, Named) else answer
            if isinstance(answer, Many) and answer.kind != "ordered" and answer.brackets == "":
                return Many("set", answer.items)
            return Many("set", (answer,))
        parts = split(inner, (",", ";"))
        if len(parts) == 1:
            return None if closing == PAIRS[opening] and _is_plain(inner) else self.read(inner)
        items = [self._single(part) for part in parts if part]
        many = Many("ordered", tuple(items), opening + closing)
        endless = any(token.kind == "∞" for token in inner)
        if closing != PAIRS[opening] or endless:
            return self.region(many)
        return nested(many)


def _all_unequal(group: list[list[Token]]) -> list[list[Token]]:
    """`x ≠ 0, 1` as `x ≠ 0, x ≠ 1`."""
    first = group[0]
    signs = [place for place, token in enumerate(first) if token.kind == "≠"]
    if len(signs) != 1 or len(group) < 2 or any(kinds_of(part) & (ORDER_SIGNS | {"="}) for part in group[1:]):
        return group
    head = first[: signs[0] + 1]
    return [first, *([*head, *part] for part in group[1:])]


def _is_plain(tokens: list[Token]) -> bool:
    return not kinds_of(tokens) & (ORDER_SIGNS | {"=", "mod", "or", "and", "∪", "∩", ":", "∈", "±"})
