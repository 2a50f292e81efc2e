"""What a call is put on the bill with."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.envelope import ModelSpec
from shared.contracts.price import Price
from shared.llm import prices
from shared.llm.bill import Bill
from shared.llm.wire import Answer

AT = 1.78e9
GPT = ModelSpec(provider="openai", model_name="gpt-4o")
MINI = ModelSpec(provider="openai", model_name="gpt-4o-mini")
OWN = ModelSpec(provider="openai", model_name="of-the-house")


def bill(answer: Answer, spec: ModelSpec = GPT, sent: int = 0, **own: Price) -> Any:
    return Bill(own).reply(spec, answer, sent, AT, 0.5)


def test_cached_input_is_priced_as_such() -> None:
    whole = bill(Answer("x", "stop", 10_000, 100))
    cached = bill(Answer("x", "stop", 10_000, 100, cached_tokens=9_900))
    assert whole.cost == 26_000_000
    assert cached.cost == 13_625_000
    assert (cached.input_tokens, cached.cached_tokens, cached.estimated) == (10_000, 9_900, False)


def test_no_more_is_cached_than_was_counted() -> None:
    assert bill(Answer("x", "stop", 100, 1, cached_tokens=500)).cached_tokens == 100
    assert bill(Answer("x", "stop", 100, 1, cached_tokens=-5)).cached_tokens == 0


def test_the_dearer_of_the_requested_and_the_replied_model_counts() -> None:
    dear, cheap = bill(Answer("x", "stop", 1000, 100)).cost, bill(Answer("x", "stop", 1000, 100), MINI).cost
    assert cheap < dear
    assert bill(Answer("x", "stop", 1000, 100, model="gpt-4o-2024-08-06"), MINI).cost == dear
    assert bill(Answer("x", "stop", 1000, 100, model="gpt-4o-mini-2024-07-18")).cost == dear
    assert bill(Answer("x", "stop", 1000, 100, model="gpt-4o"), OWN).cost == dear, "an alias"
    assert bill(Answer("x", "stop", 1000, 100, model="\0nobody")).cost == dear


def test_a_price_that_the_provider_names_is_taken() -> None:
    assert bill(Answer("x", "stop", 1000, 100, cost=77)).cost == 77
    assert bill(Answer("x", "stop", 1000, 100, cost=77), OWN).cost == 77


def test_a_users_own_price_comes_first() -> None:
    own = {"openai/gpt-4o": Price(input=Decimal(1), output=Decimal(2), cached=Decimal("0.5"))}
    assert bill(Answer("x", "stop", 1000, 100, cached_tokens=400), **own).cost == 600_000 + 200_000 + 200_000
    free = {"openai/of-the-house": Price(input=Decimal(0), output=Decimal(0))}
    assert bill(Answer("x", "stop", 1000, 100), OWN, **free).cost == 0
    assert prices.known(OWN, free)
    assert not prices.known(OWN)


LONG = "one two three four five six " * 50


@pytest.mark.parametrize(
    ("answer", "sent", "read"),
    [
        (Answer(LONG, "stop", None, None), 4000, (1000, 350, True)),
        (Answer(LONG, "stop", 1000, 350), 4000, (1000, 350, False)),
        (Answer(LONG, "stop", 1, 350), 4000, (1000, 350, True)),
        (Answer(LONG, "stop", 1000, 1), 4000, (1000, 350, True)),
        (Answer(LONG, "stop", 1000, 0), 4000, (1000, 350, True)),
        (Answer("x", "stop", 1000, 9_000), 4000, (1000, 9_000, False)),  # thinking is not seen
        (Answer("ok" + "\n" * 9000, "length", 10, 30), 40, (10, 30, False)),  # a run of breaks is few tokens
        (Answer("", "stop", 10, 0), 40, (10, 0, False)),
    ],
)
def test_tokens_that_cannot_be_true_are_estimated_and_marked(
    answer: Answer, sent: int, read: tuple[int, int, bool]
) -> None:
    raw = bill(answer, sent=sent)
    assert (raw.input_tokens, raw.output_tokens, raw.estimated) == read


def test_what_a_filter_declined_before_the_model_costs_nothing() -> None:
    raw = bill(Answer("flagged", "refused", 0, 0, paid=False), OWN, sent=4000)
    assert (raw.input_tokens, raw.output_tokens, raw.estimated, raw.cost) == (0, 0, False, 0)


def test_a_reply_far_above_its_cap_cannot_be_true() -> None:
    capped = GPT.model_copy(update={"max_tokens": 100})
    assert bill(Answer("short", "stop", 10, 9_999), capped).output_tokens == 2
    assert bill(Answer("short", "stop", 10, 900), capped).output_tokens == 900


def test_what_cannot_be_priced_is_kept_without_a_price(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(prices, "cost", broken)
    assert bill(Answer("x", "stop", 10, 1)).cost is None
    assert Bill({}).lost(GPT, 400, AT, 1.0, usual=0, embeds=False).cost is None
    Bill({}).prepare(GPT)


@settings(deadline=None)
@given(
    text=st.text(max_size=50),
    tokens=st.tuples(*[st.none() | st.integers(0, 10**7)] * 2),
    cached=st.integers(),
    sent=st.integers(0, 10**6),
    model=st.text(max_size=20),
)
def test_no_bill_is_negative_or_absurd(
    text: str, tokens: tuple[int | None, int | None], cached: int, sent: int, model: str
) -> None:
    raw = bill(Answer(text, "stop", *tokens, cached_tokens=cached, model=model), sent=sent)
    assert 0 <= raw.cached_tokens <= raw.input_tokens <= 10**7
    assert 0 <= raw.output_tokens <= 10**7
    assert raw.cost is not None
    assert 0 <= raw.cost <= 10_000 * 10**9
