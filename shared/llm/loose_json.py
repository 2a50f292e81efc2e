"""JSON as models write it: anywhere in prose, with comments, trailing commas, Python's words and quotes.

What can be meant in one way only is taken. Numbers keep their spelling. One pass, so time is linear in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from shared.llm.latex import Writer, unescaped, writer_of

MAX_DEPTH = 100  #: of nested lists and objects
MAX_DIGITS = 4000  # of an integer; Python converts no more than 4300
MAX_STARTS = 10_000  # of lists and objects, whole or broken
STEPS = 8  # characters that are looked at for each of the text's, at most: some are met twice

GAP = re.compile(r"(?:[\s\ufeff\u200b-\u200d\u2060]++|//[^\n]*+|#[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z))*+")
STRING = re.compile(r""""((?:[^"\\]++|\\.)*+)"|'((?:[^'\\]++|\\.)*+)'|[“”„]((?:[^“”\\]++|\\.)*+)[“”]""", re.DOTALL)
NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9][0-9]*+)(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?(?![\w./])|[+-]?(?:NaN|Infinity)\b"
)
WORD = re.compile(r"[^\W\d][\w-]*+")
WORDS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
COLONS, COMMAS = (":", "："), (",", "，")
# an object, or a list of them; the braces and brackets of mathematics are mostly neither
OPENING = re.compile(r"""\{(?=[\s\ufeff\u200b]*+(?:["'“”„}#/]|[^\W\d][\w-]*+\s*[:：]))|\[(?=[\s\ufeff\u200b]*+[{\[])""")
QUOTES = tuple("\"'“”„")


class Spelled(float):
    """A number that a `float` or `int` would write otherwise; `str()` gives it as it was written."""

    spelling: str

    def __new__(cls, spelling: str) -> Spelled:
        number = super().__new__(cls, spelling)
        number.spelling = spelling
        return number

    def __str__(self) -> str:
        return self.spelling


@dataclass(frozen=True, slots=True)
class Value:
    """A list or an object that is whole, and where it stands."""

    value: Any
    start: int
    end: int


class Broken(ValueError):
    """No value begins here, or it breaks off."""

    def __init__(self, words: str, at: int, resume: int, *, keyed: bool) -> None:
        super().__init__(words)
        self.words = words
        self.at = at
        self.resume = resume  #: where what comes next may begin
        self.keyed = keyed  #: an object it was, and not just a brace


class Scan:
    """The outermost lists and objects of a text, in order. `broken`: the last object that was none, once done."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._writer = Writer()
        self._seen = 0  # up to where the text was looked at
        self._string = -1  # where the token before began, if it was a string
        self._keyed = False
        self.broken: Broken | None = None

    def values(self) -> Iterator[Value]:
        text, at, left = self._text, 0, STEPS * len(self._text)
        for _ in range(MAX_STARTS):
            if left <= 0 or not (opening := OPENING.search(text, at)):
                return
            start = self._seen = opening.start()
            self._keyed = False
            try:
                value, end = self._whole(start)
            except Broken as broken:
                if broken.keyed or self.broken is None:
                    self.broken = broken
                at = max(broken.resume, start + 1)
                left -= max(self._seen, broken.at) - start + 1
            else:
                if not self._is_part(start, end):
                    yield Value(value, start, end)
                at = end

    def _whole(self, start: int) -> tuple[Any, int]:
        with suppress(ValueError, RecursionError):
            value, end = DECODER.raw_decode(self._text, start)
            if PLAIN.fullmatch(self._text, start, end) and len(NESTS.findall(self._text, start, end)) < MAX_DEPTH:
                return value, end
        self._writer = Writer()
        value, end = self._value(start, 0)
        body = self._text[start:end]
        if "\\" in body and (writer := writer_of(body)) != self._writer:
            self._writer = writer  # known only now, and a string that shows nothing itself is read by it
            value, end = self._value(start, 0)
        return value, end

    def _is_part(self, start: int, end: int) -> bool:
        """Whether it stands, by its neighbours, within an object that was found broken: it is not what was meant."""
        if self.broken is None or not self.broken.keyed:
            return False
        before = self._text[max(0, start - 20) : start].rstrip()
        after = self._text[end : end + 20].lstrip()
        return before.endswith((*COLONS, *COMMAS, "[")) and after.startswith((*COMMAS, "]", "}"))

    def _value(self, at: int, depth: int) -> tuple[Any, int]:
        text = self._text
        first = text[at : at + 1]
        if first in QUOTES:
            return self._quoted(at)
        self._string = -1
        if first in ("{", "["):
            if depth == MAX_DEPTH:
                raise self._broken(f"nested more than {MAX_DEPTH} deep", at)
            return (self._object if first == "{" else self._list)(at + 1, depth + 1)
        if number := NUMBER.match(text, at):
            return _number(number[0]), number.end()
        if (word := WORD.match(text, at)) and word[0] in WORDS:
            return WORDS[word[0]], word.end()
        raise self._broken("a value is missing", at)

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        """The last counts of several values under one key."""
        text, found = self._text, {}
        at = self._gap(at)
        while not text.startswith("}", at):
            if text[at : at + 1] in QUOTES:
                key, at = self._quoted(at)
            elif word := WORD.match(text, at):
                key, at = word[0], word.end()
            else:
                raise self._broken("a name in quotes is missing", at)
            at = self._gap(at)
            if not text.startswith(COLONS, at):
                raise self._broken("a colon is missing", at)
            self._keyed = True
            found[key], at = self._value(self._gap(at + 1), depth)
            at = self._next(at, "}")
        self._string = -1
        return found, at + 1

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        text, found = self._text, []
        at = self._gap(at)
        while not text.startswith("]", at):
            item, at = self._value(at, depth)
            found.append(item)
            at = self._next(at, "]")
        self._string = -1
        return found, at + 1

    def _next(self, at: int, closing: str) -> int:
        """Where the next item or `closing` stands."""
        at = self._gap(at)
        if self._text.startswith(COMMAS, at):
            self._string = -1
            return self._gap(at + 1)
        if not self._text.startswith(closing, at):
            raise self._broken(f"a comma or {closing} is missing", at)
        return at

    def _quoted(self, at: int) -> tuple[str, int]:
        self._string = at
        string = STRING.match(self._text, at)
        if string is None:
            self._seen = len(self._text)
            raise self._broken("a string has no end", at)
        return unescaped(string[string.lastindex or 0], self._writer), string.end()

    def _gap(self, at: int) -> int:
        """Past blanks and comments."""
        gap = GAP.match(self._text, at)
        end = gap.end() if gap else at
        self._seen = max(self._seen, end)
        return end

    def _broken(self, words: str, at: int) -> Broken:
        # a string may have begun at what was no quote, so what stands in it is looked at again
        resume = self._string + 1 if self._string >= 0 else at
        return Broken(words, at, resume, keyed=self._keyed)


def _number(spelling: str) -> int | float:
    """Never rounded away: what Python would write otherwise, or not hold, keeps its spelling."""
    if spelling.lstrip("-").isdigit() and len(spelling) <= MAX_DIGITS and spelling != "-0":
        return int(spelling)
    number = Spelled(spelling)
    return float(number) if repr(float(number)) == spelling else number


# most replies are plain JSON, which C reads faster: no LaTeX but what is surely escaped, nothing nested deep
DECODER = json.JSONDecoder(strict=False, parse_float=_number, parse_int=_number, parse_constant=Spelled)
PLAIN = re.compile(
    r"""(?: [^\\&\a\b\v\f\r\t\ud800-\udfff]++ | \\" | \\n(?![a-zLRV])
        | \\\\(?!begin|(?:small)?matrix|[pb]matrix|cases|substack)[^\\"\[] )*+""",
    re.VERBOSE,
)
NESTS = re.compile(r"""\[|\{\s*+["}]""")
