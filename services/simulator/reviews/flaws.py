"""Reviews with a flaw, for filters to find."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from services.simulator.reviews.compose import Author
from services.simulator.reviews.kinds import KINDS, kind_of
from services.simulator.reviews.review import OPPOSITE, Draft, Wish

COMPOSED = ("short", "off_topic", "ungrammatical", "repeated", "wrong_spans", "wrong_sentiment", "wrong_aspects")
VARIED = ("lost_aspect", "same_text")
EARLIER = 2  # texts for one prompt, its variation aside, that `repeated` chooses from

_SHORT = ("Fine.", "It was okay.", "Nothing to add.", "As expected, thanks.", "No complaints here.", "Not for me.")
_ELSEWHERE = (
    "the forecast for the coming days", "a chess club's annual dinner", "the history of the old lighthouse",
    "migrating storks", "a delayed express train", "the mayor's speech on tunnels", "volcanoes of the southern sea",
)  # fmt: skip
_ASIDES = (
    "{n} of the {m} people who came wanted to hear more",
    "The meeting went on for {n} minutes and ended at {m} past nine",
    "Rain fell on {n} days and the river rose by {m} centimetres",
    "An archive in the capital keeps {n} letters and {m} maps about it",
    "Professor Lindqvist has spent {n} years and {m} nights on the question",
    "Admission is {n} crowns, and children below {m} get in free",
)


def drawn(flaws: Mapping[str, float], names: tuple[str, ...], rng: Random) -> str:
    """One flaw of those named, each at its rate, or none. Always one draw."""
    luck = rng.random()
    for name in names:
        luck -= flaws.get(name, 0.0)
        if luck < 0:
            return name
    return ""


def compose(wish: Wish, rng: Random, flaw: str) -> dict[str, Any]:
    """A text with the flaw; `repeated` is a matter of the dice, which the caller sees to."""
    if flaw == "off_topic":
        return _reply(_elsewhere(rng), wish.sentiment)
    if flaw == "short":
        return _reply(_short(rng), wish.sentiment)
    if flaw == "wrong_sentiment":
        wish = replace(wish, sentiment=OPPOSITE[wish.sentiment])
    if flaw == "wrong_aspects":
        wish = _other_aspects(wish, rng)
    draft = Author(wish, rng).write()
    if flaw == "ungrammatical":
        draft = broken(draft, rng)
    elif flaw == "wrong_spans":
        _misplace(draft, rng)
    return _reply(draft, wish.sentiment)


def _reply(draft: Draft, sentiment: str) -> dict[str, Any]:
    return {"text": draft.text, "sentiment": sentiment, "aspects": draft.aspects}


def _short(rng: Random) -> Draft:
    draft = Draft()
    draft.text = rng.choice(_SHORT)
    return draft


def _elsewhere(rng: Random) -> Draft:
    draft = Draft()
    draft.say(f"yesterday's paper had a long piece about {rng.choice(_ELSEWHERE)}")
    for aside in rng.sample(_ASIDES, 4):
        draft.say(aside.format(n=rng.randint(11, 58), m=rng.randint(3, 40)))
    return draft


def _other_aspects(wish: Wish, rng: Random) -> Wish:
    """Two aspects of another kind in place of those asked for."""
    asked = {term.lower() for term in wish.aspects}
    kind = rng.choice([kind for kind in KINDS if kind is not kind_of(wish.product)])
    others = [term for term in kind.aspects if not any(term in name or name in term for name in asked)]
    return replace(wish, aspects=tuple(rng.sample(others, 2)))


def broken(draft: Draft, rng: Random) -> Draft:
    """The same text with its articles and small verbs gone or doubled, neighbours swapped and capitals lost; the
    aspects stay whole and at their places."""
    result, end = Draft(), 0
    for aspect in draft.aspects:
        result.text += _garbled(draft.text[end : aspect["start"]], rng)
        start = len(result.text)
        result.text += aspect["term"]
        result.aspects.append(aspect | {"start": start, "end": len(result.text)})
        end = aspect["end"]
    result.text += _garbled(draft.text[end:], rng)
    return result


def _garbled(text: str, rng: Random) -> str:
    words = re.findall(r"\S+|\s+", text)
    for place, word in enumerate(words):
        bare = word.strip(".,!").lower()
        luck = rng.random()
        if bare in ("the", "a", "an", "this") and luck < 0.6:
            words[place] = rng.choice(("a an", "the the", "of"))
        elif bare in ("was", "were", "would", "have", "has") and luck < 0.8:
            words[place] = rng.choice(("were is", "been are", "be was"))
        elif bare and luck < 0.12:
            words[place] = f"{bare} {bare}"
        elif luck > 0.8 and place + 2 < len(words) and not word.isspace():
            words[place], words[place + 2] = words[place + 2].lower(), word.lower()
    return "".join(words)


def _misplace(draft: Draft, rng: Random) -> None:
    """One span that no reader can mend: past the end, backwards, or of a term that stands nowhere."""
    if not draft.aspects:  # a product named after all that there is to say
        return
    aspect = rng.choice(draft.aspects)
    fault = rng.randrange(3)
    if fault == 0:
        past = len(draft.text) + rng.randint(1, 50)
        aspect |= {"start": past, "end": past + len(aspect["term"])}
    elif fault == 1:
        aspect |= {"start": aspect["end"], "end": aspect["start"]}
    else:
        aspect |= {"term": f"{aspect['term']} of the Zanzibar edition"}
