"""Lists, records and matrices put together from their parts."""

from __future__ import annotations

from shared.grading.answers import Answer, Many, Matrix, Named, Record, Scalar, around, split
from shared.grading.parser import parse
from shared.grading.syntax import Node, Unclear, number
from shared.grading.text import MATRIX_CLOSE, MATRIX_OPEN, ROW
from shared.grading.tokens import Token


def nested(many: Many) -> Answer:
    """`[[1, 2], [3, 4]]` as a matrix."""
    rows = [
        tuple(cell.node for cell in item.items if isinstance(cell, Scalar))
        for item in many.items
        if isinstance(item, Many) and item.brackets == "[]"
    ]
    if many.brackets != "[]" or len(rows) < len(many.items) or len({len(row) for row in rows}) != 1:
        return many
    return Matrix(tuple(rows)) if all(len(row) == len(rows[0]) > 0 for row in rows) else many


def matrix(tokens: list[Token]) -> Matrix:
    start = next(place for place, token in enumerate(tokens) if token.kind == MATRIX_OPEN)
    if tokens[-1].kind != MATRIX_CLOSE or not around(tokens[start:]):
        raise Unclear("more than a multiple of a matrix")
    before = tokens[:start]
    if before and before[-1].kind == "*":
        before = before[:-1]
    factor: Node | None = None
    if before:
        factor = number(-1) if [token.kind for token in before] == ["-"] else parse(before)
    rows = [split(row, "&") for row in split(tokens[start + 1 : -1], ROW) if row]
    if not rows or len({len(row) for row in rows}) != 1:
        raise Unclear("rows of different length")
    cells = [[parse(cell) for cell in row] for row in rows]
    return Matrix(tuple(tuple(Node("mul", (factor, cell)) if factor else cell for cell in row) for row in cells))


def record_of(group: list[Answer]) -> Record | None:
    """Values under different names, or the one record of the group; None for what is none."""
    if len(group) == 1:
        return group[0] if isinstance(group[0], Record) else None
    named = [answer for answer in group if isinstance(answer, Named)]
    names = tuple(answer.name for answer in named)
    if len(named) < len(group) or len(set(names)) < len(names):
        return None
    return Record(names, tuple(answer.value for answer in named))


def listed(answers: list[Answer], is_set: bool) -> Answer:
    """Several values of one unknown, or of none."""
    name = ""
    values: list[Answer] = []
    for answer in answers:
        if isinstance(answer, Named):
            if name and name != answer.name:
                raise Unclear("values of several unknowns")
            is_set |= bool(name)
            name, answer = answer.name, answer.value
        if isinstance(answer, Record):
            answer = Many("ordered", answer.values, "()")
        if isinstance(answer, Many) and answer.kind == "set" and answer.brackets == "":
            is_set = True
            values.extend(answer.items)
        else:
            values.append(answer)
    many = Many("set" if is_set else "list", tuple(values))
    return Named(name, many) if name else many
