"""Why something is not good enough, in words."""

from __future__ import annotations

from collections.abc import Mapping

from shared.quality.scoring import FLOOR, failing, score


def shortfall(parts: Mapping[str, float], minimum: float) -> str:
    """Empty where the text is good enough: its score reaches the minimum and no part is failing."""
    if low := failing(parts):
        return f"{low[0]} {beside(parts[low[0]], FLOOR)}, and {FLOOR} or less fails whatever the rest"
    reached = score(parts)
    return "" if reached >= minimum else f"score {beside(reached, minimum, 3)}, {minimum} is wanted"


def beside(value: float, limit: float, places: int = 2) -> str:
    """The value with that many decimals, or as many more as it takes not to look equal to the limit, or beyond it."""
    for decimals in range(places, 17):
        shown = f"{value:.{decimals}f}"
        if (float(shown) < limit, float(shown) > limit) == (value < limit, value > limit):
            return shown
    return repr(value)
