"""The parts of quality that need no model, each 0 to 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from shared.quality.signatures import hashes, overlaps
from shared.quality.words import count, unspaced, words

FEWEST = 10  # words; between these two a text has full marks
MOST = 500
WINDOW = 50  # words


def length(text: str) -> float:
    """1 from 10 to 500 words; from there straight down to 0 at half the fewest and at twice the most."""
    found = count(text)
    if found < FEWEST:
        return max(0.0, (2 * found - FEWEST) / FEWEST)
    return min(1.0, max(0.0, (2 * MOST - found) / MOST))


def lexical_diversity(text: str) -> float:
    """The moving-average type-token ratio (Covington & McFall 2010, *Cutting the Gordian Knot: The Moving-Average
    Type-Token Ratio*): the share of different words, averaged over all windows of 50 words, so that it does not fall
    with the length as the plain ratio does. Of fewer words, the plain ratio; of none, 0. Where a script has no spaces
    between words, pairs of characters stand for them."""
    found = _terms(text)
    if len(found) <= WINDOW:
        return len(set(found)) / len(found) if found else 0.0
    window = Counter(found[:WINDOW])
    total = len(window)
    for gone, come in zip(found, found[WINDOW:], strict=False):
        window[gone] -= 1
        if not window[gone]:
            del window[gone]
        window[come] += 1
        total += len(window)
    return total / (len(found) - WINDOW + 1) / WINDOW


def uniqueness(signature: bytes, others: Sequence[bytes]) -> float:
    """1 less the highest estimated Jaccard similarity with the others; 1 where there are none."""
    return 1.0 - float(overlaps(hashes([signature])[0], hashes(others)).max(initial=0.0))


def _terms(text: str) -> list[str]:
    found = words(text)
    terms = []
    for place, word in enumerate(found):
        if not unspaced(word):
            terms.append(word)
        elif place + 1 < len(found) and unspaced(found[place + 1]):
            terms.append(word + found[place + 1])
        elif place == 0 or not unspaced(found[place - 1]):
            terms.append(word)
    return terms
