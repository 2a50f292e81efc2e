"""What stands below a numeral, a letter or a fraction's bar."""

from __future__ import annotations

import string
from fractions import Fraction

from shared.grading.syntax import Node, Unclear, number
from shared.grading.tokens import Cursor, Token

_CAPITALS = frozenset(string.ascii_uppercase)


def in_base(token: Token, at: Cursor) -> Node:
    """`101_2`: the numeral, its subscript still to come."""
    at.take()
    braced = at.peek() == "{"
    if braced:
        at.take()
    base = at.take()
    if braced:
        at.expect("}")
    if base.kind != "num" or base.value not in range(2, 37) or not token.text.isdecimal():
        raise Unclear("a subscript that is no base")
    try:
        return number(int(token.text, int(base.value)))
    except ValueError:
        raise Unclear("a digit that the base does not have") from None


def symbol(token: Token, at: Cursor) -> Node:
    """A letter, its token taken. Capitals side by side are one name: `AB` is a segment as often as a product."""
    if token.kind == "π":
        return Node("sym", name="π")
    name = subscripted(token.text, at)
    while name[0] in _CAPITALS and at.peek() == "sym" and at.peek_text()[0] in _CAPITALS:
        name += subscripted(at.take().text, at)
    return Node("sym", name=name)


def subscripted(name: str, at: Cursor) -> str:
    """A letter's name with the primes and the subscript that follow it."""
    while at.peek() == "'":
        at.take()
        name += "'"
    if at.peek() == "_":
        at.take()
        if at.peek() == "{":
            at.take()
            while at.peek() not in ("}", None):
                part = at.take()
                name += "_" + (part.text or part.kind)
            at.expect("}")
        else:
            part = at.take()
            name += "_" + (part.text or part.kind)
    return name


def over(top: Node, bottom: Node) -> Node:
    """A fraction. Raises Unclear on `dy/dx`, in which no d is a factor."""
    if _begins_with_d(top) and _begins_with_d(bottom) and bottom.op != "sym":
        raise Unclear("a derivative, perhaps")
    return Node("div", (top, bottom))


def _begins_with_d(node: Node) -> bool:
    while node.op in ("mul", "pow"):
        node = node.kids[0]
    return node.op == "sym" and node.name == "d"


def mixed(whole: Node, top: Fraction, bottom: Fraction) -> Node:
    if not 0 < top < bottom or top.denominator != 1 or bottom.denominator != 1:
        raise Unclear("a mixed number or a product")
    return number(whole.value + top / bottom)
