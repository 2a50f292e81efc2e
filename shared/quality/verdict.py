"""Why a text is not good enough, in words."""

from __future__ import annotations

from collections.abc import Mapping

from shared.quality.scoring import FLOOR, failing, score


def shortfall(parts: Mapping[str, float], minimum: float) -> str:
    """Empty where the text is good enough: its score reaches the minimum and no part is failing."""
    if low := failing(parts):
        return f"{low[0]} {parts[low[0]]:.2f}, and {FLOOR} or less fails whatever the rest"
    reached = score(parts)
    return "" if reached >= minimum else f"score {reached:.3f}, {minimum:g} is wanted"
