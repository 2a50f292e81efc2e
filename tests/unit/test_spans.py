"""Where an aspect stands: given, moved, found, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from services.writer.spans import MAX_TERM_CHARS, BadSpan, checked, missing, occurrences
from shared.contracts.text import Aspect, Sentiment

TEXT = "The battery is fine. The Battery cover isn't, and the screens fit: a benefit. Battery!"


@dataclass(frozen=True)
class Claim:
    term: str
    start: int | None = None
    end: int | None = None
    sentiment: Sentiment = "positive"


def spans(text: str, *claims: Claim) -> list[tuple[str, int, int]]:
    aspects = checked(text, claims)
    assert all(text[one.start : one.end] == one.term for one in aspects)
    return [(one.term, one.start, one.end) for one in aspects]


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (Claim("battery", 4, 11), ("battery", 4, 11)),
        (Claim("BATTERY", 4, 11), ("battery", 4, 11)),  # the text's spelling
        (Claim(" battery "), ("battery", 4, 11)),
        (Claim("battery", 5, 12), ("battery", 4, 11)),
        (Claim("battery", 20, 27), ("Battery", 25, 32)),  # the nearest
        (Claim("battery", 80, 81), ("Battery", 78, 85)),
        (Claim("battery", None, 85), ("Battery", 78, 85)),
        (Claim("battery", 70, None), ("Battery", 78, 85)),
        (Claim("battery cover"), ("Battery cover", 25, 38)),
        (Claim("screen"), ("screen", 54, 60)),  # a word begins with it
        (Claim("fit"), ("fit", 62, 65)),  # and not the middle of `benefit`
        (Claim("fit", 73, 76), ("fit", 62, 65)),
        (Claim("nefit", 71, 76), ("nefit", 71, 76)),  # said exactly, and there is no other
    ],
)
def test_a_span_is_taken_moved_or_found(claim: Claim, expected: tuple[str, int, int]) -> None:
    assert spans(TEXT, claim) == [expected]


@pytest.mark.parametrize(
    "claim",
    [
        Claim("battery", -1, 7),
        Claim("battery", 4, len(TEXT) + 1),
        Claim("battery", len(TEXT), None),
        Claim("battery", 10**12, 10**12 + 7),
        Claim("battery", 11, 4),
        Claim("battery", 4, 4),
        Claim("battery", None, 0),
        Claim("price"),
        Claim("price", 4, 11),
        Claim("efit"),
        Claim(""),
        Claim("  "),
        Claim("x" * (MAX_TERM_CHARS + 1)),
    ],
)
def test_what_no_reader_can_mend(claim: Claim) -> None:
    with pytest.raises(BadSpan):
        checked(TEXT, [Claim("battery"), claim])


def test_patterns_are_text() -> None:
    assert spans("Costs (.*) and C++ too", Claim("(.*)"), Claim("C++")) == [("(.*)", 6, 10), ("C++", 15, 18)]


@pytest.mark.parametrize(
    ("text", "term", "found"),
    [
        ("电池很好,屏幕也不错", "屏幕", [(5, 7)]),
        ("แบตเตอรี่ดีมาก", "แบตเตอรี่", [(0, 9)]),
        ("배터리가 좋아요", "배터리", [(0, 3)]),
        ("Die Akkus sind gut, die Akkulaufzeit auch", "akku", [(4, 8), (24, 28)]),
        ("L'écran et l'autonomie", "écran", [(2, 7)]),
    ],
)
def test_words_of_other_scripts(text: str, term: str, found: list[tuple[int, int]]) -> None:
    assert occurrences(term, text) == found


def test_each_place_once_in_the_order_of_the_text() -> None:
    claims = Claim("screens"), Claim("battery"), Claim("battery", 4, 11), Claim("battery", 25, 32)
    assert [start for _, start, _ in spans(TEXT, *claims)] == [4, 25, 54]


@pytest.mark.parametrize(
    ("asked", "lacking"),
    [
        (["battery"], []),
        (["BATTERY COVER"], []),
        (["cover"], []),  # within what is marked
        (["screens"], ["screens"]),  # it stands there, and nothing marks it
        (["price", "battery"], ["price"]),
        (["bat"], []),  # a word that is marked begins with it
        ([], []),
    ],
)
def test_asked_aspects_have_to_be_marked(asked: list[str], lacking: list[str]) -> None:
    marked = [Aspect(term="Battery cover", sentiment="negative", start=25, end=38)]
    assert missing(asked, TEXT, marked) == lacking
