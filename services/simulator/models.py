"""The simulated models: how often they slip and what they would cost."""

from __future__ import annotations

from dataclasses import dataclass
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

    def cost(self, input_tokens: int, output_tokens: int) -> int:
        """Nano-dollars."""
        return input_tokens * self.input_price + output_tokens * self.output_price


MODELS = {
    model.name: model
    for model in (
        Model("sim-strong", "chat", 0.002, 2_000, 8_000),
        Model("sim-medium", "chat", 0.03, 400, 1_600),
        Model("sim-weak", "chat", 0.09, 100, 400),
        Model("sim-embed", "embedding", 0.0, 20, 0),
    )
}


def tokens(characters: int) -> int:
    """Four characters a token, at least one: a rule that a test can repeat."""
    return max(1, -(-characters // 4))
