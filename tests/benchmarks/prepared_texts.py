"""Prepared texts about a product: words out of a hat, so that no two are near-repeats of each other."""

from __future__ import annotations

import random
from typing import Any

TEXTS = 4096  # of one seed; a text comes again after so many, with another number in it
WORDS = 60
VOCABULARY = 800


def texts(number: str, seed: int = 1) -> list[dict[str, Any]]:
    """Replies as the writer wants them, each with `number` in it. All filters pass them: two of them have hardly three
    words in a row in common."""
    dice = random.Random(seed)
    vocabulary = ["".join(dice.choices("aeiou", k=1) + dice.choices("bdfglmnprst", k=6)) for _ in range(VOCABULARY)]
    return [_text(dice.choices(vocabulary, k=WORDS), number) for _ in range(TEXTS)]


def _text(words: list[str], number: str) -> dict[str, Any]:
    term = words[3]
    text = f"I counted its marks for k = {number} and {' '.join(words)}."
    marked = {"term": term, "sentiment": "positive", "start": text.index(term), "end": text.index(term) + len(term)}
    return {"text": text, "sentiment": "positive", "aspects": [marked]}
