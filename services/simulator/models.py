"""The simulated models: how often they slip and what they would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

CREATED = 1_735_689_600  # Unix seconds that the model list shows; a constant, so that replies stay the same


@dataclass(frozen=True, slots=True)
class Model:
    """Prices are whole nano-dollars a token: $2.00 per million tokens = 2000."""

    name: str
    kind: Literal["chat", "embedding"]
    slip: float  #: probability that one step of a solution goes wrong
    input_price: int
    output_price: int
    flaws: Mapping[str, float] = field(default_factory=dict)
    """Shares of the texts that it writes with each flaw, at most one a text: short, off_topic, ungrammatical, repeated
    (an earlier text about the product again), wrong_spans, wrong_sentiment, wrong_aspects (not those asked for); and
    of the variants: lost_aspect, same_text."""

    def cost(self, input_tokens: int, output_tokens: int) -> int:
        """Nano-dollars."""
        return input_tokens * self.input_price + output_tokens * self.output_price


SLOPPY = {
    "short": 0.1,
    "off_topic": 0.1,
    "ungrammatical": 0.1,
    "repeated": 0.1,
    "wrong_spans": 0.05,
    "wrong_sentiment": 0.05,
    "wrong_aspects": 0.05,
    "lost_aspect": 0.1,
    "same_text": 0.05,
}

MODELS = {
    model.name: model
    for model in (
        Model("sim-strong", "chat", 0.002, 2_000, 8_000),
        Model("sim-medium", "chat", 0.03, 400, 1_600),
        Model("sim-weak", "chat", 0.09, 100, 400),
        Model("sim-writer", "chat", 0.01, 400, 1_600),
        Model("sim-writer-sloppy", "chat", 0.09, 100, 400, SLOPPY),
        *(
            Model(f"sim-writer-{flaw.replace('_', '-')}", "chat", 0.01, 100, 400, {flaw: 1.0})  # nothing but this flaw
            for flaw in SLOPPY
        ),
        Model("sim-embed", "embedding", 0.0, 20, 0),
    )
}


def tokens(characters: int) -> int:
    """Four characters a token, at least one: a rule that a test can repeat."""
    return max(1, -(-characters // 4))
