"""The words of a text in any script. Python's `\\w` knows no combining marks, so scripts that write vowels with them
need a pattern of their own; scripts that put no spaces between words are read by the character."""

from __future__ import annotations

import re
import unicodedata

# Latin, Cyrillic, Hebrew, Arabic and the Indic scripts' marks; the variation of emoji is no part of a word
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8"
    "\u0900-\u0963\u0966-\u0dff"
)
_IDEOGRAPHS = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e80-\u0eff\u0f40-\u0fbc\u1000-\u109f\u1780-\u17d3"  # Thai to Khmer

_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}]")
_LETTER = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(
    f"[{_IDEOGRAPHS}]|[{_UNSPACED}]"
    rf"|(?:(?![{_IDEOGRAPHS}{_UNSPACED}])[\w{_MARKS}])+(?:['’](?:(?![{_IDEOGRAPHS}{_UNSPACED}])[\w{_MARKS}])+)?"
)
IDEOGRAPHS_A_WORD = 2  # rules of thumb, to count words where nothing parts them
LETTERS_A_WORD = 4
READ = 100_000  # characters; what follows has no part in anything, so that a text of any size costs little
_NORMALISED = 64  # characters; the time to order a run of marks grows with the square of its length


def words(text: str) -> list[str]:
    """In small letters and one spelling of each character; single characters where a script has no spaces between
    words. Of a text without any word, its signs."""
    found = [_plain(word) for word in _WORD.findall(text[:READ])]
    return found or [sign for sign in text[:READ] if not sign.isspace()]


def count(text: str) -> float:
    """How many words, by a rule of thumb where nothing parts them."""
    total = 0.0
    for word in _WORD.findall(text[:READ]):
        if _IDEOGRAPH.match(word):
            total += 1 / IDEOGRAPHS_A_WORD
        elif _LETTER.match(word):
            total += 1 / LETTERS_A_WORD
        else:
            total += 1
    return total


def unspaced(word: str) -> bool:
    """Whether it is a single character of a script without spaces between words."""
    return len(word) == 1 and (_IDEOGRAPH.match(word) or _LETTER.match(word)) is not None


def _plain(word: str) -> str:
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKC", word.replace("’", "'")).casefold() if len(word) <= _NORMALISED else word
