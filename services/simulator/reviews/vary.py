"""Variants of a text: another context around the same aspects (CDA), other aspects in the same context (ADA), both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import Any

from services.simulator.reviews import phrases
from services.simulator.reviews.kinds import replacement
from services.simulator.reviews.review import stands, terms
from services.simulator.reviews.thesaurus import NEGATIVE, POSITIVE, SYNONYMS

REWRITTEN = 20_000  # characters that are rewritten; what follows stays
CHANGED = 0.7  # share of the phrases that could be put otherwise
_SENTENCE_END = re.compile(r"[.!?\n]")
_AROUND = ("to put it another way, ", "in other words, ", "to be clear, ", "as said, ", "simply put, ")


def vary(parts: Mapping[str, Sequence[str]], rng: Random, flaw: str) -> dict[str, Any]:
    """`lost_aspect` leaves one aspect out, `same_text` changes nothing."""
    text = next(iter(parts.get("text", ())), "").strip()
    strategy = next(iter(parts.get("strategy", ())), "").strip().upper()
    asked = [term for term in terms(next(iter(parts.get("aspects", ())), "")) if stands(term, text)]
    feelings = {term: feeling_about(term, text) for term in asked}
    names = {term: term for term in asked}
    varied = text
    if flaw != "same_text":
        if strategy != "ADA":
            varied = reworded(varied, asked, rng)
        if strategy in ("ADA", "CADA"):
            varied, names = _renamed(varied, asked, rng)
        if flaw == "lost_aspect" and asked:
            varied = _swap(varied, {names[rng.choice(asked)]: "rest"})
    aspects = []
    for original, term in names.items():
        if found := _whole((term,)).search(varied):
            aspects.append(
                {"original": original, "term": found[0], "sentiment": feelings[original], "start": found.start(),
                 "end": found.end()}
            )  # fmt: skip
    changed = ", ".join(f"{old} -> {new}" for old, new in names.items() if old != new)
    return {
        "changes": changed or ("nothing" if varied == text else "the words around the aspects"),
        "text": varied,
        "sentiment": _overall(list(feelings.values()) or [_feeling(text)]),
        "aspects": aspects,
    }


def reworded(text: str, keep: Sequence[str], rng: Random) -> str:
    """Other phrases of the same sense, and the aspects as they stand; an opening of its own where nothing is known."""
    head, tail = text[:REWRITTEN], text[REWRITTEN:]
    safe = [found.span() for found in _whole(keep).finditer(head)] if keep else []
    table, pattern = _phrasebook()
    place = 0

    def other(found: re.Match[str]) -> str:
        nonlocal place
        while place < len(safe) and safe[place][1] <= found.start():
            place += 1
        kept = place < len(safe) and safe[place][0] < found.end()
        if kept or rng.random() >= CHANGED:
            return found[0]
        chosen = rng.choice(table[found[0].lower()])
        return chosen[:1].upper() + chosen[1:] if found[0][:1].isupper() else chosen

    changed = pattern.sub(other, head) + tail
    if changed == text:
        opening = rng.choice(_AROUND)
        changed = opening[:1].upper() + opening[1:] + text
    return changed


def _renamed(text: str, asked: Sequence[str], rng: Random) -> tuple[str, dict[str, str]]:
    """Each aspect's place taken by another of its kind, wherever it stands."""
    names: dict[str, str] = {}
    for term in asked:
        names[term] = replacement(term, " ".join((text, *names.values())), rng)
    return (_swap(text, names) if names else text), names


def _swap(text: str, names: Mapping[str, str]) -> str:
    low = {old.lower(): new for old, new in names.items()}

    def new(found: re.Match[str]) -> str:
        name = low[found[0].lower()]
        return name[:1].upper() + name[1:] if found[0][:1].isupper() else name

    return _whole(tuple(names)).sub(new, text)


def feeling_about(term: str, text: str) -> str:
    """What the first sentence that names the term says."""
    found = _whole((term,)).search(text)
    if found is None:
        return "neutral"
    ends = [end.end() for end in _SENTENCE_END.finditer(text, max(0, found.start() - 1000), found.start())]
    start = ends[-1] if ends else max(0, found.start() - 1000)
    after = _SENTENCE_END.search(text, found.end(), found.end() + 1000)
    return _feeling(text[start : after.start() if after else found.end() + 1000])


def _feeling(text: str) -> str:
    words = re.findall(r"[a-z]+", text[:REWRITTEN].lower())
    score = 0
    for place, word in enumerate(words):
        value = (word in POSITIVE) - (word in NEGATIVE)
        denied = not {"not", "never", "no", "hardly", "cannot"}.isdisjoint(words[max(0, place - 3) : place])
        score += -value if denied else value
    return "positive" if score > 0 else "negative" if score < 0 else "neutral"


def _overall(feelings: Sequence[str]) -> str:
    found = set(feelings)
    if {"positive", "negative"} <= found:
        return "mixed"
    return next((feeling for feeling in ("positive", "negative") if feeling in found), "neutral")


def _whole(names: Sequence[str]) -> re.Pattern[str]:
    longest = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{longest})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=1)
def _phrasebook() -> tuple[dict[str, tuple[str, ...]], re.Pattern[str]]:
    """Each phrase in small letters with what may stand in its place; and the pattern that finds them."""
    table: dict[str, tuple[str, ...]] = {}
    for group in _groups():
        for phrase in group:
            if others := tuple(other for other in group if other != phrase):
                table.setdefault(phrase.lower(), others)
    return table, _whole(tuple(table))


def _filled(phrase: str, words: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda field: words[field[1]], phrase).strip(" ,")


def _groups() -> Iterable[tuple[str, ...]]:
    """The phrases that need no number, for both numbers and persons of what they leave open."""
    yield from SYNONYMS
    plain = [phrases.PERSONAS, phrases.HABITS, phrases.WHERE, phrases.LEADS, phrases.CONTEXTS, phrases.RIVALS]
    scales = [
        steps for scale in (phrases.PREDICATES, phrases.COMPARISONS) for kinds in scale.values() for steps in kinds
    ]
    for group in (*plain, *scales):
        for person in ({"I": "I", "my": "my", "me": "me"}, {"I": "we", "my": "our", "me": "us"}):
            for verb in ("was", "were"):
                words = person | {"was": verb}
                yield tuple(_filled(phrase, words) for phrase in group)
