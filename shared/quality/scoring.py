"""One score out of the six parts, and what no other part can make good."""

from __future__ import annotations

import math
from collections.abc import Mapping

WEIGHTS: dict[str, float] = {
    "length": 0.15,
    "coherence": 0.25,
    "relevance": 0.25,
    "grammar": 0.15,
    "lexical_diversity": 0.10,
    "uniqueness": 0.10,
}
PLACES = 4  # decimals of a score; what is shown is what is decided on

# A text with a single flaw has at least .75 by the weights: nothing but the floor stops one that is faultless and about
# something else. Uniqueness has none: how alike is too alike is a setting of its own.
FLOOR = 0.25
FLOORED = ("relevance", "coherence", "grammar", "length", "lexical_diversity")


def score(parts: Mapping[str, float]) -> float:
    """The weighted sum, rounded, so that a sum of exactly .6 is .6. ValueError that names the part: one of the six is
    missing, unknown, not a number or outside 0..1."""
    for name in (*WEIGHTS, *parts):
        if name not in parts or name not in WEIGHTS:
            raise ValueError(f"{name}: {'missing' if name in WEIGHTS else 'no part of the score'}")
        if not 0 <= parts[name] <= 1:  # NaN is neither
            raise ValueError(f"{name}: {parts[name]} is not from 0 to 1")
    return round(math.fsum(weight * parts[name] for name, weight in WEIGHTS.items()), PLACES)


def failing(parts: Mapping[str, float]) -> tuple[str, ...]:
    """The parts so low that they reject a text whatever the rest, the weightiest first. What is not there does not
    fail."""
    return tuple(name for name in FLOORED if name in parts and round(parts[name], PLACES) <= FLOOR)


def passes(parts: Mapping[str, float], minimum: float) -> bool:
    """Whether the score reaches the minimum and no part is failing."""
    return score(parts) >= minimum and not failing(parts)
