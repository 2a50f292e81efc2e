"""What a call costs, in whole nano-dollars (10^-9 $). None is an unknown price, never free."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared.contracts.envelope import ModelSpec
from shared.llm.providers import PROVIDERS

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

# $ per million tokens (input, output), before what genai-prices says
OVERRIDES = {
    "simulator": {
        "sim-strong": (Decimal("2.00"), Decimal("8.00")),
        "sim-medium": (Decimal("0.40"), Decimal("1.60")),
        "sim-weak": (Decimal("0.10"), Decimal("0.40")),
        "sim-embed": (Decimal("0.02"), Decimal(0)),
    }
}

NANO_PER_MILLION = 1000  # $ per million tokens -> nano-dollars a token


def known(spec: ModelSpec) -> bool:
    return cost(spec, 0, 0, datetime.now(UTC).timestamp()) is not None


def cost(spec: ModelSpec, input_tokens: int, output_tokens: int, at: float) -> int | None:
    """`at`: Unix seconds of the request, as prices change with the date and for some with the hour.

    The first call for any model but the simulator's takes 0.3 s: it loads the price list, which is a part of the
    package `genai-prices` and is not updated over the network.
    """
    prices = OVERRIDES.get(spec.provider, {}).get(spec.model_name)
    if prices is None:
        model = _model(spec.provider, spec.model_name)
        if model is None:
            return None
        listed = model.get_prices(datetime.fromtimestamp(at, UTC))
        input_price = _at_tier(listed.input_mtok, input_tokens)
        output_price = _at_tier(listed.output_mtok, input_tokens)
        if input_price is None or (output_price is None and output_tokens):
            return None
        prices = input_price, output_price or Decimal(0)
    return round((input_tokens * prices[0] + output_tokens * prices[1]) * NANO_PER_MILLION)


@lru_cache(maxsize=256)
def _model(provider: str, model_name: str) -> ModelInfo | None:
    listed_as = PROVIDERS[provider].prices if provider in PROVIDERS else None
    if listed_as is None:
        return None
    from genai_prices.data_snapshot import get_snapshot

    try:
        return get_snapshot().find_provider_model(model_name, None, listed_as, None)[1]
    except LookupError:
        return None


def _at_tier(price: Any, input_tokens: int) -> Decimal | None:
    """The price of a token; above a tier's start its price holds for all of them."""
    for tier in reversed(getattr(price, "tiers", ())):
        if input_tokens > tier.start:
            price = tier.price
            break
    else:
        price = getattr(price, "base", price)
    return None if price is None else Decimal(price)
