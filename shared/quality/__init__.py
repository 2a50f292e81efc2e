"""How good a text is: the parts that can be computed, the weights of all six, and how alike two texts are.

Pure: no input, no output, no clock, no dice. Coherence, relevance and grammar are judged elsewhere and come as numbers.
"""

from __future__ import annotations

from shared.quality.parts import length, lexical_diversity, uniqueness
from shared.quality.scoring import FLOOR, WEIGHTS, failing, passes, score
from shared.quality.signatures import jaccard, signature
from shared.quality.words import count

__all__ = [
    "FLOOR",
    "WEIGHTS",
    "count",
    "failing",
    "jaccard",
    "length",
    "lexical_diversity",
    "passes",
    "score",
    "signature",
    "uniqueness",
]
