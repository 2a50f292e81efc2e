"""A reviewer of texts: whether they hang together, are about the product, and are written in grammatical English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from services.simulator.reviews.grammar import english, faults, grammar, has_verb, sentences
from services.simulator.reviews.kinds import GENERIC, KINDS
from services.simulator.reviews.subjects import kinds_of, stems, vocabulary, words
from services.simulator.reviews.thesaurus import NEGATIVE, POSITIVE

READ = 20_000  # characters of a text that are read
UNREAD = 0.7  # what it gives for what it cannot judge
PROOF = 0.35  # how far one word of its kind alone shows that a text is about a product
UNFELT = 0.3  # the share that is left to a text that tells of no experience and names no product
KNOWN = 0.35  # and how far that it speaks of something as known to the reader
DOUBT = 0.2  # by which words of another kind must outweigh its own
FELT = 0.15  # and how far one word that judges
FIRST = 5  # words, in which a pronoun cannot yet stand for anything named before
MOOD = 0.02  # a reviewer gives the same text hardly the same marks twice

_POINTING = re.compile(
    r"\b(?:it|its|them|they|these)\b(?!\s+(?:rain|snow|say|said))|\bone\s+(?:is|was|has)\b", re.IGNORECASE
)
_SUBJECTLESS = re.compile(
    r"[A-Z][a-z]{2,}(?<!s)s\s+(?:a|an|the|my|in|well|up|and|very|really|like|great|fine|\w+ (?:hot|cold))\b"
)
_STOP = words("the a an and or of for with in on at to by from my our your this that it its is pro new plus mini max")
# what ties a sentence to the one before
_TIES = words("it they them these those but so then also still however though otherwise instead even again both one")
_OWN = words("i my me we our us mine you")
_JUDGING = words(
    "annoy annoying scandal beautifully worth wish favourite handy useful sturdy roomy overpriced pricey "
    "cheap tasty bland superb sadly luckily unfortunately surprisingly honestly clumsy ugly smooth smoothly "
    "thin odd flimsy loud weak strong generous lovely decent spotless disappoint regret love hate perfect "
    "gorgeous awkward excellent grumble thank"
) | (POSITIVE | NEGATIVE) - words(
    "fell won let could well below above better best cold fast clear fine slow fail failed like liked won reasonable"
)
_LOOSE = _OWN | words(
    "the a an and or of for with in on at to by from that this is are was were be been has have had not no "
    "very as all he she his her their its will would can could do did does when after before than more most if "
    "there which who"
)
_TRADE = words(
    "buy bought ordered order price paid delivery delivered arrived refund seller shop store recommend product "
    "worth money stars warranty return returned purchase purchased shipping customer quality packaging design "
    "brand using used use"
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
    name = {word for word in stems(product) if not word.isdigit()} - _STOP
    if not english(text):
        low = text.lower()
        if (product and product.lower() in low) or any(word in low for word in name):
            return 1.0, f"I do not read its language, but it names {product}."
        return UNREAD, "I do not read its language."
    kinds = kinds_of(product)
    own = vocabulary(*kinds) - name
    named = sum(word in found for word in name) / len(name) if name else float(product != "" and product in text)
    kindred = sum(word in found for word in own)
    common = sum(word in found for word in _TRADE | vocabulary(GENERIC))
    felt = FELT * min(2, sum(word in found for word in _JUDGING))
    if not kinds:
        feedback = 0.2 * common + felt + (KNOWN if _known(text) else 0.0)
        return _unknown(product, named, feedback * (1.0 if _experienced(text, found) else UNFELT))
    proof = 1.3 * named + sum(weight(word) for word in own & set(found))
    support = proof + 0.1 * min(common, 4) + felt + (KNOWN if _known(text) else 0.0)
    mark = min(1.0, support / max(1.0, len(found) / 60))  # a long text has to say more about it
    if not named and not _experienced(text, found):
        mark *= UNFELT
    others = {
        kind.noun: sum(word in found for word in vocabulary(kind) - own - name - _TRADE)
        for kind in KINDS
        if kind not in kinds
    }
    rival = max(others, key=lambda noun: others[noun], default="")
    strange = max(0, others.get(rival, 0) - 1) * PROOF
    if strange > proof + DOUBT:
        return mark * (proof / strange) ** 2, f"It speaks of another {rival} rather than of {product}."
    if mark < 0.4:
        return mark, f"It hardly speaks of {product}."
    return mark, f"It is about {product}: {kindred} of its words come from that field."


def _known(text: str) -> bool:
    """Whether the first sentence has a pronoun or a missing subject that only the product can fill."""
    first = " ".join(next(iter(sentences(text)), "").split()[:FIRST])
    return _POINTING.search(first) is not None or (_SUBJECTLESS.match(first) is not None and english(text))


def _experienced(text: str, found: Mapping[str, int]) -> bool:
    """Whether somebody tells what they think of a thing or did with it, as nobody does in the news."""
    return _known(text) or any(word in found for word in _OWN | _JUDGING)


def weight(word: str) -> float:
    """What a word says for its kind: the less, the more kinds it belongs to."""
    return float(PROOF / sum(word in vocabulary(kind) for kind in KINDS) ** 0.5)


def _unknown(product: str, named: float, feedback: float) -> tuple[float, str]:
    """What the product is for, its name does not say: then any feedback may be about it."""
    mark = min(1.0, 1.3 * named + min(UNREAD, feedback))
    subject = product or "the product"
    return mark, f"It is about {subject}." if named else f"I do not know {subject}; it could be about it."


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
    matter = set(stems(product)) - _STOP | vocabulary(GENERIC, *kinds_of(product)) | _TRADE
    tied = sum(_tied(said, place, matter) for place in range(len(said))) / len(said)
    whole = sum(len(stem) < 3 or has_verb(sentence) for stem, sentence in zip(said, found, strict=True)) / len(said)
    disorder = faults(text)["words in disorder"] / len(said)
    mark = fresh * tied**1.4 * (0.2 + 0.8 * whole**1.4) * max(0.1, 1 - 0.7 * disorder)
    if disorder > 0.3:
        return mark, "Words stand where they make no sense."
    if mark < 0.6:
        return mark, "Its sentences do not hang together."
    return mark, "One sentence leads to the next."


def _tied(said: Sequence[tuple[str, ...]], place: int, matter: set[str]) -> float:
    said_here = set(said[place])
    near = {word for other in (*said[max(0, place - 1) : place], *said[place + 1 : place + 2]) for word in other}
    if len(said) == 1 or said_here & matter or (said_here & near) - _LOOSE:
        return 1.0
    if said_here & (_JUDGING | POSITIVE | NEGATIVE) or said_here & _TIES:
        return 0.8
    return 0.5 if said[place][0] == "the" else 0.4 if said_here & _OWN else 0.0  # a part of what is known
