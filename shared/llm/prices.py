"""What a call costs, in whole nano-dollars (10^-9 $). None is an unknown price, never free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from shared.contracts.envelope import ModelSpec
from shared.contracts.price import Price
from shared.llm.providers import PROVIDERS

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

SIMULATED_FLAWS = (
    "short", "off-topic", "ungrammatical", "repeated", "wrong-spans", "wrong-sentiment", "wrong-aspects", "lost-aspect",
    "same-text",
)  # fmt: skip

# $ per million tokens (input, output), before what genai-prices says
OVERRIDES = {
    "simulator": {
        "sim-strong": (Decimal("2.00"), Decimal("8.00")),
        "sim-medium": (Decimal("0.40"), Decimal("1.60")),
        "sim-weak": (Decimal("0.10"), Decimal("0.40")),
        "sim-writer": (Decimal("0.40"), Decimal("1.60")),
        "sim-writer-sloppy": (Decimal("0.10"), Decimal("0.40")),
        **{f"sim-writer-{flaw}": (Decimal("0.10"), Decimal("0.40")) for flaw in SIMULATED_FLAWS},
        "sim-embed": (Decimal("0.02"), Decimal(0)),
    }
}

NANO_PER_MILLION = 1000  # $ per million tokens -> nano-dollars a token


def known(spec: ModelSpec, own: Mapping[str, Price] = MappingProxyType({})) -> bool:
    return cost(spec, 0, 0, datetime.now(UTC).timestamp(), own=own) is not None


def cost(
    spec: ModelSpec,
    input_tokens: int,
    output_tokens: int,
    at: float,
    *,
    cached_tokens: int = 0,
    replied: str = "",
    own: Mapping[str, Price] = MappingProxyType({}),
) -> int | None:
    """`at`: Unix seconds of the request, as prices change with the date and for some with the hour.

    `cached_tokens` are a part of the input. `replied`: the model that answered, in the provider's words; the dearer of
    the two counts. `own`: the user's prices by `provider/model`, before all others.

    The first call for any model but the simulator's takes 0.3 s: it loads the price list, which is a part of the
    package `genai-prices` and is not updated over the network.
    """
    asked = _price(spec.provider, spec.model_name, input_tokens, at, own)
    answered = _price(spec.provider, replied, input_tokens, at, own) if replied not in ("", spec.model_name) else None
    costs = []
    for price in (asked, answered):
        if price is None or (price.output is None and output_tokens):
            continue
        cached = price.input if price.cached is None else price.cached
        dollars = (input_tokens - cached_tokens) * price.input + cached_tokens * cached
        dollars += output_tokens * (price.output or Decimal(0))
        costs.append(round(dollars * NANO_PER_MILLION))
    return max(costs, default=None)


@dataclass(frozen=True, slots=True)
class _Price:
    """$ per million tokens, as it holds for a request of a certain size at a certain time."""

    input: Decimal
    output: Decimal | None
    cached: Decimal | None = None


def _price(provider: str, name: str, input_tokens: int, at: float, own: Mapping[str, Price]) -> _Price | None:
    if given := own.get(f"{provider}/{name}"):
        return _Price(given.input, given.output, given.cached)
    if ours := OVERRIDES.get(provider, {}).get(name):
        return _Price(*ours)
    model = _model(provider, name)
    if model is None:
        return None
    listed = model.get_prices(datetime.fromtimestamp(at, UTC))
    price = _at_tier(listed.input_mtok, input_tokens)
    if price is None:
        return None
    output, cached = (_at_tier(tiers, input_tokens) for tiers in (listed.output_mtok, listed.cache_read_mtok))
    return _Price(price, output, cached)


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
