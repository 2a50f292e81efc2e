"""A review as it is asked for and as it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from services.simulator.reviews import phrases
from services.simulator.reviews.phrases import Feeling

Mood = Feeling | Literal["mixed"]  #: of a whole review

SENTIMENTS: tuple[Mood, ...] = ("positive", "negative", "neutral", "mixed")
OPPOSITE: dict[Mood, Mood] = {"positive": "negative", "negative": "positive", "neutral": "negative", "mixed": "neutral"}
MAX_ASPECTS = 40  # asked for; all above are left out

_FIELD = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Wish:
    """`strength`: 1 to 5. `words`: how long the examples are, 0 without any. `several`: it speaks as `we`."""

    product: str
    sentiment: Mood
    strength: int
    tone: str
    aspects: tuple[str, ...]
    words: int
    several: bool
    variation: int

    @classmethod
    def read(cls, parts: Mapping[str, Sequence[str]], rng: Random) -> Wish:
        """From the marked parts of a prompt; what is not said is drawn."""
        sentiment = _first(parts, "sentiment").lower()
        asked = next((mood for mood in SENTIMENTS if mood == sentiment), None)
        intensity = re.search(r"[1-5]", _first(parts, "intensity"))
        examples = " ".join(parts.get("example", ()))[:20_000]
        spoken = _WORD.findall(examples.lower())
        drawn = rng.choice(SENTIMENTS), rng.randint(1, 5)
        variation = re.search(r"\d{1,9}", _first(parts, "variation"))
        return cls(
            product=_first(parts, "product") or "product",
            sentiment=asked or drawn[0],
            strength=int(intensity[0]) if intensity else drawn[1],
            tone=tone_of(_first(parts, "tone")),
            aspects=terms(_first(parts, "aspects")),
            words=len(spoken) // max(1, len(parts.get("example", ()))),
            several=spoken.count("we") > spoken.count("i"),
            variation=int(variation[0]) if variation else rng.randrange(1000),
        )


class Draft:
    """A text that grows by sentences, with the aspects at their places."""

    def __init__(self) -> None:
        self.text = ""
        self.aspects: list[dict[str, Any]] = []

    def say(self, sentence: str, end: str = ".") -> None:
        self._add(sentence[:1].upper() + sentence[1:] + end)

    def about(self, before: str, term: str, after: str, feeling: Feeling) -> None:
        """A sentence with an aspect in it, which is not touched."""
        before = before[:1].upper() + before[1:]
        start = len(self.text) + bool(self.text) + len(before)
        self._add(f"{before}{term}{after}.")
        self.aspects.append({"term": term, "sentiment": feeling, "start": start, "end": start + len(term)})

    def _add(self, sentence: str) -> None:
        self.text += (" " if self.text else "") + sentence


def fill(template: str, words: Mapping[str, str], rng: Random) -> str:
    """The template with its fields; what stands in a value is left as it is. `{n}` is drawn anew each time."""
    return _FIELD.sub(lambda field: str(rng.randint(4, 20)) if field[1] == "n" else words[field[1]], template)


def terms(text: str) -> tuple[str, ...]:
    """The aspects of a comma separated list, each once."""
    named = (term.strip() for term in text.split(","))
    return tuple(dict.fromkeys(term for term in named if term and term.lower() != "none"))[:MAX_ASPECTS]


def tone_of(text: str) -> str:
    words = set(_WORD.findall(text.lower()))
    return next((tone for tone, known in phrases.TONE_WORDS.items() if words & set(known.split())), "plain")


def stands(term: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(term)}(?!\w)", text, re.IGNORECASE) is not None


def _first(parts: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(parts.get(name, ())), "").strip()
