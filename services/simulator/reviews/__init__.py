"""Product reviews: written, with a flaw where a model has any, varied, and rated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from services.simulator.reviews import flaws
from services.simulator.reviews import vary as varying
from services.simulator.reviews.rating import rate
from services.simulator.reviews.review import Wish

__all__ = ["compose", "rate", "vary"]

Parts = Mapping[str, Sequence[str]]


def compose(parts: Parts, rng: Random, rates: Mapping[str, float]) -> dict[str, Any]:
    """A review as the marked parts of the prompt ask for it; `rates` of the model's flaws."""
    flaw = flaws.drawn(rates, flaws.COMPOSED, rng)
    if flaw == "repeated":
        parts = {name: values for name, values in parts.items() if name != "variation"}
        rng = Random(f"{sorted(parts.items())} {rng.randrange(flaws.EARLIER)}")
    return flaws.compose(Wish.read(parts, rng), rng, flaw)


def vary(parts: Parts, rng: Random, rates: Mapping[str, float]) -> dict[str, Any]:
    """A variant of `<text>` by `<strategy>` around or in place of `<aspects>`."""
    return varying.vary(parts, rng, flaws.drawn(rates, flaws.VARIED, rng))
