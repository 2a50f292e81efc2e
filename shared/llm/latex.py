r"""The text that the body of a JSON string stands for, where it may hold LaTeX whose backslashes were not doubled.

A writer may escape rightly (`\\frac`, a row break `\\\\`), not at all (`\frac`, `\\`) or in part, so no single rule
for a string is right. Each run of backslashes is read by what follows it and by what the rest of the string, else the
rest of the reply, shows of its writer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.llm.latex_commands import COMMANDS

RUN = re.compile(r"(\\+)(u[0-9a-fA-F]{4}|[a-zA-Z]+|.)?", re.DOTALL)
HEX = re.compile(r"u[0-9a-fA-F]{4}")
DOUBLED_BREAK = "\\" * 4
ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

# in a line break and one of these the rest may well be a word: `\nu` is `ν`, or a new line and `u`
PERHAPS_A_LINE = {"nu", "ne", "ni", "nless", "nmid", "nparallel"}
PERHAPS_A_COLUMN = {"tr", "tt"}
WORD_END = re.compile(r"[a-zA-Z]{2}|.?[.,:;!?]", re.DOTALL)
DEFINES = re.compile(r"\s*:?=")
LENGTH = re.compile(r"\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|in|mu|bp)\s*\]")  # `\\[2pt]`, a row break and a skip
SYMBOLS = frozenset(",;:!>{}%$#_")  # `\,` and the like; no row begins with one
GROUPS = frozenset("{$_")
TIGHT = frozenset(",;:!")
WITH_ROWS = {"substack", "matrix", "pmatrix", "bmatrix", "cases"}  # with braces in place of `\\begin` and `\\end`
MAX_NESTED = 20  # environments within each other
FAR = 4000  # characters; an environment that is longer is taken to end there
BRACES = re.compile(r"\{(?:[^{}]++|\{(?:[^{}]++|\{[^{}]*+\})*+\})*+\}")
IN_PROSE = SYMBOLS | frozenset("()[]|")  # outside of rows these too are commands
APOSTROPHE = re.compile(r"'(?:(?:s|t|re|ll|ve|d|m)\b|[^a-zA-Z{]|$)")  # `\'s`, as in Python; `\'e` is an accent

# what a server has made of an unescaped command before we got it
MANGLED = re.compile(r"([\a\b\v\f\r]|\t(?=[a-z]{3}))([a-zA-Z]+)")
LETTERS = {"\a": "a", "\b": "b", "\v": "v", "\f": "f", "\r": "r", "\t": "t"}


@dataclass(frozen=True, slots=True)
class Writer:
    """What a text shows of whoever escaped it."""

    careless: bool = False  #: somewhere a backslash was not doubled
    careful: bool = False  #: somewhere one was


def writer_of(body: str) -> Writer:
    """By the backslashes that can be read in one way only."""
    careless = careful = False
    for match in RUN.finditer(body):
        run, name = len(match[1]), match[2] or ""
        if run % 2 == 0:
            careful = careful or run > 2 or name in COMMANDS
        elif not careless:
            careless = _no_escape(body, match.start(2), name)
        if careless and careful:
            break
    return Writer(careless, careful)


def unescaped(body: str, reply: Writer) -> str:
    r"""The text of a string's body. `reply` counts where the string itself shows nothing of its writer."""
    if "\\" in body:
        if _escaped_twice(body):
            body = body.replace("\\\\", "\\")
        own = writer_of(body)
        body = RUN.sub(_Reading(body, own if own.careless or own.careful else reply).mended, body)
    if not body.isprintable():
        body = MANGLED.sub(_restored, body)
        # halves of surrogate pairs, which nothing after us could encode, and whole ones written as two
        body = body.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return body


class _Reading:
    """One pass over a string's body, from left to right."""

    def __init__(self, body: str, writer: Writer) -> None:
        self._body = body
        self._writer = writer
        self._counted, self._formulas = 0, 0  # up to where, and how many, dollar signs and the like were counted
        self._rows: list[tuple[int, bool]] = []  # where each group of rows ends, and whether its breaks are doubled
        if "&" in body and "begin" not in body:
            self._rows.append((len(body) + 1, DOUBLED_BREAK in body))

    def mended(self, match: re.Match[str]) -> str:
        run, name = len(match[1]), match[2] or ""
        while self._rows and self._rows[-1][0] <= match.start():
            self._rows.pop()
        if run % 2 == 0:
            text = "\\" * self._literal(run, name, match.end(1)) + name
        elif (escape := self._escape(name, match)) is None:  # a command, or one after a row break
            text = "\\" * (1 if run == 1 else 3) + name
        else:
            before = self._literal(run - 1, escape[:1], match.end(1)) if run > 1 else 0
            text = "\\" * before + escape
        self._enter_rows(name, match.end())
        return text

    def _escape(self, name: str, match: re.Match[str]) -> str | None:
        """What `name` stands for after a single backslash of JSON's; None: it is the beginning of a command."""
        if name in ('"', "/") or (name == "'" and APOSTROPHE.match(self._body, match.end(1))):
            return name
        if HEX.fullmatch(name):
            return chr(int(name[1:], 16))
        if name[:1] not in ESCAPES or self._is_command(name, match):
            return None
        return ESCAPES[name[0]] + name[1:]

    def _is_command(self, name: str, match: re.Match[str]) -> bool:
        if name[0] in "bf":  # nobody sends a backspace or a form feed before a word
            return len(name) > 1 or self._writer.careless
        if name in PERHAPS_A_LINE:
            return not self._begins_a_line(name, match)
        if name in COMMANDS and name not in PERHAPS_A_COLUMN:
            return True
        return self._writer.careless and name[0] in "rt" and name[1:2].islower()

    def _begins_a_line(self, name: str, match: re.Match[str]) -> bool:
        """Whether `\\nu` is more likely a new line and the word `u`."""
        if self._writer.careful and not self._writer.careless:
            return True
        before = self._body[max(0, match.start() - 2) : match.start()]
        if self._rows or self._in_formula(match.start()):
            return False
        if DEFINES.match(self._body, match.end()):  # `Let\nu = 3`, but `2\nu = 3`
            return before[-1:].isalpha() or before[-1:] in (".", ",", ":", ";")
        return WORD_END.fullmatch(before) is not None

    def _in_formula(self, at: int) -> bool:
        for sign, weight in (("$", 1), ("\\(", 1), ("\\)", -1)):
            self._formulas += weight * self._body.count(sign, self._counted, at)
        self._counted = at
        return self._formulas % 2 == 1

    def _literal(self, run: int, name: str, at: int) -> int:
        """The number of backslashes that an even run of them before `name` stands for."""
        mixed = self._writer.careless
        if run == 2:
            return 1 if name in COMMANDS or self._is_symbol(name, at) else 2
        if run == 4 and (name in COMMANDS or (self._rows and mixed and name in TIGHT)):
            return 3  # a row break and a command, one of them doubled
        return run // 2

    def _is_symbol(self, name: str, at: int) -> bool:
        """Whether `\\\\` and `name`, which begins no known command, are one command, and no row break."""
        careless, careful = self._writer.careless, self._writer.careful
        if name in SYMBOLS:
            # of a writer who doubled nothing else, a row that begins with a group
            begins_a_row = self._rows and careless and not careful and name in GROUPS
            return not begins_a_row or (name == "{" and "\\}" in self._body[at:])
        if self._rows:
            if not self._rows[-1][1] or careless:  # row breaks here are not doubled, or not all of them
                return len(name) > 1 and self._body.startswith("{", at + len(name))
            return len(name) > 1 or name in ("|", "&") or (name == " " and not self._stands_free(at))
        if LENGTH.match(self._body, at):
            return False
        if name in IN_PROSE:
            return True
        if not name:  # the string ends; a lone backslash there is no LaTeX
            return not careless and not careful
        if careless and not careful:
            return len(name) > 1 and self._body.startswith("{", at + len(name))
        return True

    def _stands_free(self, at: int) -> bool:
        """A row break has a blank before it rather than a `\\ `, which makes one."""
        return self._body[at - 3 : at - 2].isspace()

    def _enter_rows(self, name: str, at: int) -> None:
        if len(self._rows) == MAX_NESTED:
            return
        if name == "begin":
            end = self._body.find("end{", at, at + FAR)
        elif name in WITH_ROWS and (braces := BRACES.match(self._body, at)):
            end = braces.end()
        else:
            return
        end = end if end >= 0 else at + FAR
        self._rows.append((end, self._body.find(DOUBLED_BREAK, at, end) >= 0))


def _no_escape(body: str, at: int, name: str) -> bool:
    """Whether a single backslash before `name` at `at` is one that its writer should have doubled."""
    if name in ('"', "/", "") or HEX.fullmatch(name) or (name == "'" and APOSTROPHE.match(body, at)):
        return False
    if name[0] in "bf":
        return len(name) > 1
    if name[0] in "nrt":
        return name in COMMANDS and name not in PERHAPS_A_LINE and name not in PERHAPS_A_COLUMN
    return True


def _escaped_twice(body: str) -> bool:
    """Whether all was escaped once more than needed: `\\\\\\\\frac` for `\\frac`, and nothing less."""
    runs = [(len(match[1]), match[2]) for match in RUN.finditer(body)]
    return all(run % 4 == 0 for run, _ in runs) and any(run == 4 and name in COMMANDS for run, name in runs)


def _restored(match: re.Match[str]) -> str:
    name = LETTERS[match[1]] + match[2]
    return "\\" + name if name in COMMANDS else match[0]
