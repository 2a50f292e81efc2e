"""Prices: ours, and theirs as we compute them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from shared.contracts.envelope import ModelSpec
from shared.llm import prices

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()


def spec(provider: str, name: str) -> ModelSpec:
    return ModelSpec(provider=provider, model_name=name)


@pytest.mark.parametrize(
    ("name", "nano"),
    [("sim-strong", 2_000_000 + 4_000_000), ("sim-medium", 400_000 + 800_000), ("sim-weak", 100_000 + 200_000)],
)
def test_the_simulators_prices_are_whole_nano_dollars_a_token(name: str, nano: int) -> None:
    assert prices.cost(spec("simulator", name), 1000, 500, NOW) == nano
    assert prices.known(spec("simulator", name))


def test_an_embedding_costs_its_input() -> None:
    assert prices.cost(spec("simulator", "sim-embed"), 1000, 0, NOW) == 20_000
    assert prices.cost(spec("openai", "text-embedding-3-small"), 1000, 0, NOW) == 20_000


@pytest.mark.parametrize("who", [("openai", "no-such-model"), ("simulator", "gpt-4o"), ("nobody", "gpt-4o")])
def test_an_unknown_price_is_none(who: tuple[str, str]) -> None:
    assert prices.cost(spec(*who), 1, 1, NOW) is None
    assert not prices.known(spec(*who))


def test_prices_are_those_of_genai_prices_for_all_of_openais_models_at_any_size_and_time() -> None:
    openai = next(provider for provider in get_snapshot().providers if provider.id == "openai")
    compared = 0
    for model in openai.models:
        for when in (datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, 20, tzinfo=UTC)):
            for inputs, outputs in ((1, 0), (12_345, 678), (900_000, 12_345)):
                ours = prices.cost(spec("openai", model.id), inputs, outputs, when.timestamp())
                if ours is None:
                    continue
                usage = Usage(input_tokens=inputs, output_tokens=outputs)
                theirs = calc_price(usage, model.id, provider_id="openai", genai_request_timestamp=when)
                assert ours == round(theirs.total_price * Decimal(10**9)), model.id
                compared += 1
    assert compared > 100


def test_importing_prices_loads_no_list_and_starts_no_updates() -> None:
    code = (
        "import sys, threading; from shared.llm import prices; assert 'genai_prices' not in sys.modules;"
        "from shared.contracts.envelope import ModelSpec;"
        "assert prices.known(ModelSpec(provider='openai', model_name='gpt-4o'));"
        "assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
