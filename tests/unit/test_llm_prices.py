"""Prices: ours, and theirs as we compute them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot
from pydantic import ValidationError

from shared.contracts.envelope import ModelSpec
from shared.llm import prices
from shared.settings import Settings

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
            for inputs, outputs, cached in ((1, 0, 0), (12_345, 678, 12_000), (900_000, 12_345, 0), (900_000, 5, 9)):
                ours = prices.cost(spec("openai", model.id), inputs, outputs, when.timestamp(), cached_tokens=cached)
                if ours is None:
                    continue
                usage = Usage(input_tokens=inputs, output_tokens=outputs, cache_read_tokens=cached)
                theirs = calc_price(usage, model.id, provider_id="openai", genai_request_timestamp=when)
                assert ours == round(theirs.total_price * Decimal(10**9)), model.id
                compared += 1
    assert compared > 100


def test_a_users_own_prices_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUMPER_PRICES", '{"openai/gpt-4o": {"input": 1, "output": 2.5}}')
    own = Settings(_env_file=None).prices
    assert prices.cost(spec("openai", "gpt-4o"), 1000, 100, NOW, cached_tokens=500, own=own) == 1_250_000


@pytest.mark.parametrize(
    "price",
    [{"input": 1}, {"input": -1, "output": 1}, {"input": "NaN", "output": 1}, {"input": 1, "output": 1, "x": 1}],
)
def test_a_price_that_is_none_is_refused(price: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUMPER_PRICES", json.dumps({"openai/gpt-4o": price}))
    with pytest.raises(ValidationError):
        Settings(_env_file=None)


def test_importing_prices_loads_no_list_and_starts_no_updates() -> None:
    code = (
        "import sys, threading; from shared.llm import prices; assert 'genai_prices' not in sys.modules;"
        "from shared.contracts.envelope import ModelSpec;"
        "assert prices.known(ModelSpec(provider='openai', model_name='gpt-4o'));"
        "assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
