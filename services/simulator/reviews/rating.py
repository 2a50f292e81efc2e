"""A reviewer of texts: whether they hang together, are about the product, and are written in grammatical English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from services.simulator.reviews.grammar import english, faults, grammar, has_verb, sentences
from services.simulator.reviews.kinds import GENERIC, KINDS, kind_of
from services.simulator.reviews.subjects import key_of, stems, subjects
from services.simulator.reviews.thesaurus import NEGATIVE, POSITIVE

READ = 20_000  # characters of a text that are read
UNREAD = 0.7  # what it gives for what it cannot judge
MOOD = 0.02  # a reviewer gives the same text hardly the same marks twice

_STOP = frozenset(
    "the a an and or of for with in on at to by from my our your this that it its is pro new plus mini max".split()
)
# what ties a sentence to the one before
_TIES = frozenset(
    "it they them these those but so then also still however though otherwise instead even again both one".split()
)
_OWN = frozenset("i my me we our us mine you".split())
_LOOSE = _OWN | frozenset(
    "the a an and or of for with in on at to by from that this is are was were be been has have had not no very as all "
    "he she his her their its will would can could do did does when after before than more most if there which who"
    .split()
)
_TRADE = frozenset(
    "buy bought ordered order price paid delivery delivered arrived refund seller shop store recommend product worth "
    "money stars warranty return returned purchase purchased shipping customer quality packaging design brand using "
    "used use".split()
)


def rate(parts: Mapping[str, Sequence[str]], rng: Random) -> dict[str, Any]:
    """Marks from 0 to 1 for the last `<text>`, and what led to them."""
    product, text = (next(reversed(parts.get(name, ("",))), "").strip()[:READ] for name in ("product", "text"))
    relevant, about = relevance(product, text)
    coherent, hangs = coherence(product, text)
    grammatical, slips = grammar(text)
    language = f"Faults of language: {', '.join(slips)}." if slips else "The language is clean."
    marks = {"coherence": coherent, "relevance": relevant, "grammar": grammatical}
    return {"reasoning": f"{about} {hangs} {language}"} | {
        name: round(min(1.0, max(0.0, mark + rng.uniform(-MOOD, MOOD))), 2) for name, mark in marks.items()
    }


def relevance(product: str, text: str) -> tuple[float, str]:
    """By the product's own words and its kind's, against those of another kind."""
    found = Counter(stems(text))
    if not found:
        return 0.0, "There is nothing to read."
    if english(product) != english(text) and product.lower() not in text.lower():
        return UNREAD, "It is in another script than the product's name."
    name = set(stems(product)) - _STOP
    kind = kind_of(product)
    own = subjects()[key_of(kind)] - name
    named = sum(word in found for word in name) / len(name) if name else float(product in text)
    kindred = sum(word in found for word in own)
    common = sum(word in found for word in _TRADE | subjects()[key_of(GENERIC)])
    others = {
        other.noun: sum(word in found for word in subjects()[key_of(other)] - own - name - _TRADE)
        for other in KINDS
        if other is not kind
    }
    rival = max(others, key=lambda noun: others[noun])
    support = 1.3 * named + 0.35 * kindred + 0.1 * min(common, 4)
    spread = max(1.0, len(found) / 60)  # a long text has to say more about it
    mark = min(1.0, support / spread)
    strange = max(0, others[rival] - 1) * 0.35
    if strange > support:
        mark *= support / strange
        return mark, f"It speaks of another {rival} rather than of {product or 'the product'}."
    if mark < 0.4:
        return mark, f"It hardly speaks of {product or 'the product'}."
    return mark, f"It is about {product or 'the product'}: {kindred} of its words come from that field."


def coherence(product: str, text: str) -> tuple[float, str]:
    """By how many sentences are whole, in order, tied to their neighbours or to the matter, and not said before."""
    found = sentences(text)
    if not found:
        return 0.0, "It has no sentence."
    said = [tuple(stems(sentence)) for sentence in found]
    fresh = len(set(said)) / len(said)
    if fresh < 0.8:
        return fresh * fresh, "It says the same again and again."
    if not english(text):
        return fresh, "I follow it as far as I can read it."
    matter = set(stems(product)) - _STOP | subjects()[key_of(kind_of(product))] | _TRADE
    tied = sum(_tied(said, place, matter) for place in range(len(said))) / len(said)
    whole = sum(len(words) < 3 or has_verb(sentence) for words, sentence in zip(said, found, strict=True)) / len(said)
    disorder = faults(text)["words in disorder"] / len(said)
    mark = fresh * (0.1 + 0.9 * tied) * (0.3 + 0.7 * whole) * max(0.1, 1 - 0.7 * disorder)
    if disorder > 0.3:
        return mark, "Words stand where they make no sense."
    if mark < 0.6:
        return mark, "Its sentences do not hang together."
    return mark, "One sentence leads to the next."


def _tied(said: Sequence[tuple[str, ...]], place: int, matter: set[str]) -> float:
    words = set(said[place])
    near = {word for other in (*said[max(0, place - 1) : place], *said[place + 1 : place + 2]) for word in other}
    if len(said) == 1 or words & matter or (words & near) - _LOOSE:
        return 1.0
    if words & (POSITIVE | NEGATIVE) or words & _TIES:
        return 0.8
    return 0.4 if words & _OWN else 0.0
