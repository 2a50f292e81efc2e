"""Writes a review out of many independent parts: when, where, who, which aspects, compared with what, the verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import TypeVar

from services.simulator.reviews import phrases
from services.simulator.reviews.kinds import Kind, is_plural, kind_of
from services.simulator.reviews.phrases import Feeling, Scale
from services.simulator.reviews.review import Draft, Wish, fill, stands

T = TypeVar("T")

_DETERMINED = re.compile(r"(?:the|an?|my|our|its|their|this|your)\s", re.IGNORECASE)
_LATIN = re.compile(r"[a-z0-9]", re.IGNORECASE)


class Author:
    """One author of one review."""

    def __init__(self, wish: Wish, rng: Random) -> None:
        self._wish, self._rng = wish, rng
        self._kind: Kind = kind_of(wish.product)
        self._words = {
            "I": "we" if wish.several else "I",
            "my": "our" if wish.several else "my",
            "me": "us" if wish.several else "me",
            "noun": self._kind.noun,
        }

    def write(self) -> Draft:
        draft, rng, wish = Draft(), self._rng, self._wish
        start, before_verdict = (self._fill(rng.choice(group)) for group in phrases.TONES[wish.tone])
        draft.say(start + self._opening())
        feelings = self._feelings()
        extras = [self._persona(), self._fill(rng.choice(phrases.REMARKS)), self._comparison()]
        if 0 < wish.words < 40:
            extras = []
        elif wish.words <= 90:
            del extras[rng.randrange(len(extras))]
        rng.shuffle(extras)
        leads = _some(rng, phrases.LEADS, len(feelings))
        for (term, feeling), lead in zip(feelings, leads, strict=False):
            self._aspect(draft, term, feeling, lead)
            if extras and rng.random() < 0.5:
                draft.say(extras.pop())
        for extra in extras:
            draft.say(extra)
        draft.say(before_verdict + self._verdict(), "!" if wish.tone == "enthusiastic" else ".")
        return draft

    def _fill(self, template: str, **more: str) -> str:
        return fill(template, self._words | more, self._rng)

    def _opening(self) -> str:
        wish, rng = self._wish, self._rng
        when = phrases.WHEN[(wish.variation + rng.randrange(2)) % len(phrases.WHEN)]
        article = "the " if _LATIN.match(wish.product) and not _DETERMINED.match(wish.product) else ""
        deed = f"{{I}} {rng.choice(self._kind.verbs)} {article}{{product}}"
        where = rng.choice(phrases.WHERE)
        orders = (f"{when}, {deed} {where}", f"{deed} {when}, {where}", f"{where}, {deed} {when}")
        return self._fill(rng.choice(orders), product=wish.product)

    def _persona(self) -> str:
        habit = self._fill(self._rng.choice(phrases.HABITS))
        if self._wish.several:
            return habit
        place = self._wish.variation * 7 + self._rng.randrange(3)
        return f"as {phrases.PERSONAS[place % len(phrases.PERSONAS)]}, {habit}"

    def _feelings(self) -> list[tuple[str, Feeling]]:
        """Each aspect with what is felt about it: those asked for, and some of the kind's own."""
        wish, rng = self._wish, self._rng
        asked = list(wish.aspects)
        free = [
            term for term in self._kind.aspects
            if not any(stands(term, other) or stands(other, term) for other in (wish.product, *asked))
        ]  # fmt: skip
        own = max(0, 2 - len(asked)) + rng.randint(0, 1 if asked or 0 < wish.words < 40 else 2)
        chosen = asked + rng.sample(free, min(own, len(free)))
        rng.shuffle(chosen)
        both: list[Feeling] = ["positive", "negative"]
        feelings = rng.sample(both, 2) if wish.sentiment == "mixed" else [wish.sentiment]
        return [(term, feelings[place % len(feelings)]) for place, term in enumerate(chosen)]

    def _aspect(self, draft: Draft, term: str, feeling: Feeling, lead: str) -> None:
        rng, many = self._rng, is_plural(term)
        determined = _DETERMINED.match(term) is not None
        before = self._fill(lead) if determined or rng.random() < 0.6 else ""
        after = rng.choice(phrases.CONTEXTS if rng.random() < 0.6 else phrases.COUNTED) if rng.random() < 0.7 else ""
        predicate = rng.choice(self._step(phrases.PREDICATES, feeling))
        verb = self._fill(f" {predicate}{after}", was="were" if many else "was")
        draft.about(before + ("" if determined else "the "), term, verb, feeling)

    def _comparison(self) -> str:
        scale = phrases.COMPARISONS
        if self._wish.sentiment == "mixed":
            remark = self._rng.choice(scale["neutral"][0])
        else:
            remark = self._rng.choice(self._step(scale, self._wish.sentiment))
        return self._fill(f"next to {self._rng.choice(phrases.RIVALS)}, {remark}")

    def _verdict(self) -> str:
        if self._wish.sentiment == "mixed":
            said = self._rng.choice(phrases.MIXED_VERDICTS)
        else:
            said = self._rng.choice(self._step(phrases.VERDICTS, self._wish.sentiment))
        return self._fill(said, who=self._rng.choice(phrases.WHO))

    def _step(self, scale: Scale, feeling: Feeling) -> tuple[str, ...]:
        """Intensities 1, 3 and 5 are the three steps; those between take from either side."""
        place = (self._wish.strength - 1) / 2
        return scale[feeling][int(place + (0.5 if place % 1 and self._rng.random() < 0.5 else 0))]


def _some(rng: Random, items: Sequence[T], count: int) -> list[T]:
    """So many in random order, each as rarely twice as can be."""
    found: list[T] = []
    while len(found) < count:
        found += rng.sample(items, len(items))
    return found[:count]
