"""Where an aspect's term stands in a text. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from shared.contracts.text import Aspect, Sentiment

MAX_ASPECTS = 40  #: of one text
MAX_TERM_CHARS = 100  #: a longer one is no term

# a letter of a script that sets blanks between words; Thai, Lao, Burmese, Khmer, Chinese, Japanese don't, and Korean
# hangs its particles on the noun. A pattern of its own, as such a set takes longer to compile than all else here to run
_LETTER = re.compile(
    r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]"
)


class BadSpan(ValueError):
    """An aspect does not stand where it is said to, and cannot be moved; `str()` says which."""


class Claimed(Protocol):
    """An aspect as a model gives it; a place that it does not give is looked for."""

    @property
    def term(self) -> str: ...
    @property
    def sentiment(self) -> Sentiment: ...
    @property
    def start(self) -> int | None: ...
    @property
    def end(self) -> int | None: ...


def occurrences(term: str, text: str) -> list[tuple[int, int]]:
    """Where the term stands as words of their own; where it never does, where words begin with it (`screen` in
    `screens`). Capitals do not matter."""
    return whole(term, text) or _standing(term, text, _begins)


def stands(term: str, text: str) -> bool:
    return bool(occurrences(term, text))


def whole(term: str, text: str) -> list[tuple[int, int]]:
    """Where the term stands as words of its own."""
    return _standing(term, text, lambda text, start, end: _begins(text, start, end) and not _LETTER.match(text, end))


def without(terms: Iterable[str], text: str) -> str:
    """The text with a blank wherever one of these terms stands as words of its own, the longest first."""
    found = sorted({span for term in terms for span in whole(term, text)}, key=lambda span: (span[0], -span[1]))
    kept, last = [], 0
    for start, end in found:
        if start >= last:
            kept.append(text[last:start])
            last = end
    return " ".join([*kept, text[last:]])


def _standing(term: str, text: str, there: Callable[[str, int, int], bool]) -> list[tuple[int, int]]:
    """From left to right, none over another; of an empty term, none."""
    wanted = re.compile(re.escape(term.strip()), re.IGNORECASE)
    spans: list[tuple[int, int]] = []
    at = 0
    while (found := wanted.search(text, at)) and found.end() > found.start():
        if there(text, *found.span()):
            spans.append(found.span())
            at = found.end()
        else:
            at = found.start() + 1
    return spans


def _begins(text: str, start: int, _end: int) -> bool:
    return not (start and _LETTER.match(text, start - 1))


def checked(text: str, claimed: Iterable[Claimed]) -> list[Aspect]:
    """The aspects with spans that hold: `text[start:end]` is the term, in the text's own spelling. One in range but
    beside its term is moved to the nearest place where that stands. Raises BadSpan. What is said twice is kept once."""
    found: dict[tuple[int, int], Aspect] = {}
    for one in claimed:
        aspect = placed(text, one)
        found.setdefault((aspect.start, aspect.end), aspect)
    return [found[span] for span in sorted(found)]


def placed(text: str, one: Claimed) -> Aspect:
    """One aspect with a span that holds. Raises BadSpan."""
    start, end = _span(text, one)
    return Aspect(term=text[start:end], sentiment=one.sentiment, start=start, end=end)


def _span(text: str, one: Claimed) -> tuple[int, int]:
    term, start, end = one.term.strip(), one.start, one.end
    shown = repr(term[:MAX_TERM_CHARS])
    if not term:
        raise BadSpan("an aspect has no term")
    if len(term) > MAX_TERM_CHARS:
        raise BadSpan(f"the term {shown}… has {len(term)} characters, at most {MAX_TERM_CHARS} are taken")
    outside = (start is not None and not 0 <= start < len(text)) or (end is not None and not 0 < end <= len(text))
    if outside or (start is not None and end is not None and end <= start):
        raise BadSpan(f"{shown} is said to stand from {start} to {end} of {len(text)} characters")
    places = occurrences(term, text)
    if start is not None and end is not None and _is_there(term, text[start:end], (start, end), places):
        return start, end
    if not places:
        raise BadSpan(f"{shown} stands nowhere in the text")
    near = start if start is not None else end - len(term) if end is not None else 0
    return min(places, key=lambda place: abs(place[0] - near))


def _is_there(term: str, found: str, span: tuple[int, int], places: Sequence[tuple[int, int]]) -> bool:
    """In the middle of a word only where it stands nowhere else (`laufzeit` in `Akkulaufzeit`)."""
    return found.lower() == term.lower() and (span in places or not places)


def missing(asked: Sequence[str], text: str, aspects: Sequence[Aspect]) -> list[str]:
    """Which of the terms asked for no aspect marks: each has to stand in the text, and within a marked span or around
    one (`battery life` where `battery` was asked for)."""
    return [
        term
        for term in asked
        if not any(
            start < aspect.end and aspect.start < end for start, end in occurrences(term, text) for aspect in aspects
        )
    ]
