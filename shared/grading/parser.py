"""Tokens to an expression, by recursive descent. Where mathematicians would read differently, it gives up."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from shared.grading.letters import is_applied
from shared.grading.subscripts import in_base, mixed, over, symbol
from shared.grading.syntax import Node, Unclear, number
from shared.grading.tokens import Cursor, Token

MAX_DEPTH = 24
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_BEGINS_ATOM = frozenset({"num", "sym", "func", "sqrt", "frac", "binom", "π", "∞", "(", "[", "{"})
_INVERSES = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_TWO = Node("num", value=Fraction(2))


def parse(tokens: Sequence[Token]) -> Node:
    """The expression that the tokens write, all of them. Raises Unclear."""
    parser = _Parser(tokens)
    node = parser.sum()
    if parser.peek() is not None:
        raise Unclear("something is left over")
    return node


class _Parser(Cursor):
    def __init__(self, tokens: Sequence[Token]) -> None:
        super().__init__(tokens)
        self._depth = 0
        self._bars = 0  #: absolute values that are open at this bracket level

    def sum(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unclear("too deep")
        node = self._signed()
        while self.peek() in ("+", "-"):
            sign = self.take().kind
            right = self._signed() if self.peek() in ("+", "-") else self._term()
            node = Node("add", (node, right if sign == "+" else Node("neg", (right,))))
        self._depth -= 1
        return node

    def _signed(self) -> Node:
        negative = False
        while self.peek() in ("+", "-"):
            negative ^= self.take().kind == "-"
        node = self._term()
        return Node("neg", (node,)) if negative else node

    def _term(self) -> Node:
        node = self._factor()
        while True:
            kind = self.peek()
            if kind == "*":
                self.take()
                node = Node("mul", (node, self._unary()))
            elif kind == "/":
                self.take()
                below = self._unary()
                node = Node("div", (node, below))
                if self._begins_factor() or is_applied(below):
                    raise Unclear("a slash before a product")
            elif self._begins_factor():
                node = self._beside(node)
            else:
                return node

    def _beside(self, left: Node) -> Node:
        """A product without a sign, or a mixed number."""
        whole = left.op == "num" and left.digits is None and left.value.denominator == 1
        if self.peek() == "num":
            if whole and self.peek(1) == "/" and self.peek(2) == "num" and self.peek(3) != "^":
                above, _, below = self.take(), self.take(), self.take()
                return mixed(left, above.value, below.value)
            raise Unclear("a number behind another factor")
        plain_fraction = self.peek() == "frac"
        right = self._factor()
        if whole and plain_fraction and right.op == "div":
            top, bottom = right.kids
            if top.op == bottom.op == "num":
                return mixed(left, top.value, bottom.value)
        return Node("mul", (left, right))

    def _begins_factor(self) -> bool:
        kind = self.peek()
        return kind in _BEGINS_ATOM or (kind == "|" and self._bars == 0)

    def _unary(self) -> Node:
        if self.peek() in ("+", "-"):
            negative = self.take().kind == "-"
            node = self._factor()
            return Node("neg", (node,)) if negative else node
        return self._factor()

    def _factor(self) -> Node:
        bare = self.peek() in ("sym", "π")  # in brackets of its own, a power is a factor of what follows
        node = self._postfix(self._atom())
        node = self._raised(node)
        if bare and node.op == "pow" and node.kids[0].op == "sym" and self.peek() == "(":
            node = self._raised(self._applied(node))
        return self._postfix(node)

    def _raised(self, node: Node) -> Node:
        if self.peek() != "^":
            return node
        self.take()
        return Node("pow", (node, self._exponent(node)))

    def _applied(self, head: Node) -> Node:
        """A letter, perhaps with a power, before a bracket: see letters.py."""
        self.take()
        argument = self._group(")")
        if head.name == "π" and argument.op == "pos":
            raise Unclear("a product, or the number of primes")
        return Node("apply", (head, argument))

    def _exponent(self, base: Node) -> Node:
        """What stands above: a group, a signed atom, or a power of its own (to the right)."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unclear("too deep")
        negative = False
        while self.peek() in ("+", "-"):
            negative ^= self.take().kind == "-"
        opening = self.peek()
        braced = opening in ("{", "(")
        node = self._atom(in_exponent=True)
        if opening == "{" and node.op == "pos":
            raise Unclear("a power, or a derivative")
        if self.peek() == "^":
            self.take()
            node = Node("pow", (node, self._exponent(node)))
        elif base.name == "e" and node.op == "num" and not braced and self._begins_factor() and self.sticks():
            raise Unclear("e to a product, perhaps")
        self._depth -= 1
        return Node("neg", (node,)) if negative else node

    def _postfix(self, node: Node) -> Node:
        while True:
            kind = self.peek()
            if kind == "!":
                self.take()
                if self.peek() == "!":
                    raise Unclear("a double factorial")
                node = Node("fact", (node,))
            elif kind == "°":
                self.take()
                node = Node("deg", (node,))
            elif kind == "%":
                self.take()
                node = Node("pct", (node,))
            else:
                return node

    def _atom(self, in_exponent: bool = False) -> Node:
        token = self.take()
        match token.kind:
            case "num":
                return self._number(token)
            case "sym" | "π":
                node = symbol(token, self)
                applied = self.peek() == "(" and not in_exponent
                return self._applied(node) if applied else node
            case "∞":
                return Node("inf")
            case "(" | "[" | "{":
                return self._group(_CLOSING[token.kind])
            case "|":
                return self._absolute()
            case "frac" | "binom":
                self.expect("{")
                top = self._group("}")
                self.expect("{")
                return over(top, self._group("}")) if token.kind == "frac" else Node("binom", (top, self._group("}")))
            case "sqrt":
                return self._root()
            case "func":
                return self._call(token.text)
        raise Unclear(f"a {token.kind} where a value should be")

    def _group(self, closing: str) -> Node:
        bars, self._bars = self._bars, 0
        node = self.sum()
        self.expect(closing)
        self._bars = bars
        # in brackets a number is no part of a mixed number, nor a literal whose digits count; and a power outside of
        # brackets is not only of the last factor in them
        return Node("pos", (node,)) if node.op in ("num", "apply") and closing != "}" else node

    def _absolute(self) -> Node:
        self._bars += 1
        node = self.sum()
        self.expect("|")
        self._bars -= 1
        return Node("call", (node,), name="abs")

    def _number(self, token: Token) -> Node:
        if self.peek() == "_":
            return in_base(token, self)
        return Node("num", value=token.value, digits=token.digits, places=token.places)

    def _root(self) -> Node:
        index: Node = _TWO
        if self.peek() == "[":
            self.take()
            index = self._group("]")
        bracketed = self.peek() in ("(", "{")
        radicand = self._group(_CLOSING[self.take().kind]) if bracketed else self._atom()
        return Node("pow", (radicand, Node("div", (number(1), index))), name="root")

    def _call(self, name: str) -> Node:
        base: Node | None = None
        power: Node | None = None
        if self.peek() == "_":
            self.take()
            if self.peek() == "num" and len(self.peek_text()) > 1:
                raise Unclear("where the base ends")
            base = self._atom()
            if name != "log":
                raise Unclear("a subscript at a function")
        if self.peek() == "^":
            self.take()
            power = self._exponent(number(0))
            if power in (number(-1), Node("neg", (number(1),))):
                if name not in _INVERSES:
                    raise Unclear("inverse or reciprocal")
                name, power = _INVERSES[name], None
        if self.peek() in ("(", "{"):
            argument = self._group(_CLOSING[self.take().kind])
            if self.peek() in ("(", "[", "{"):
                raise Unclear("where the argument ends")
        else:
            argument = self._bare_argument()
        node = Node("call", (argument,) if base is None else (argument, base), name=name)
        return node if power is None else Node("pow", (node, power))

    def _bare_argument(self) -> Node:
        """`2x` in `sin 2x cos x`: the product up to the next sign or function."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unclear("too deep")
        node = self._factor()
        while self._begins_factor() and self.peek() != "func":
            node = self._beside(node)
        if is_applied(node):
            raise Unclear("where the argument ends")
        if self.peek() == "/" and self.peek(1) != "func":
            raise Unclear("where the argument ends")
        self._depth -= 1
        return node
