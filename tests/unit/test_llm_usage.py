"""What a provider says that a call took, and what can be believed of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.llm.usage import MOST_DOLLARS, MOST_TOKENS, NANO, NONE, Usage, usage, usage_within

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "cached_tokens",
          "prompt_tokens_details", "cost", "is_byok", "cost_details")  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 3}, Usage(7, 3)),
        ({"input_tokens": 7, "output_tokens": 3}, Usage(7, 3)),
        ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}, Usage(7, 3)),
        # thinking that stands in the total only
        ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 50}, Usage(7, 43)),
        ({"prompt_tokens": 7, "total_tokens": 50}, Usage(7, 43)),
        ({"prompt_tokens": 7, "total_tokens": 7}, Usage(7, 0)),
        ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 0}, Usage(7, 3)),
        ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 5}, NONE),
        ({"prompt_tokens": 7}, Usage(7, None)),
        ({"completion_tokens": 3, "total_tokens": 10}, Usage(7, 3)),
        ({"completion_tokens": 3, "total_tokens": 2}, Usage(0, 3)),
        ({"total_tokens": 10}, NONE),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, NONE),
        ({"prompt_tokens": 0, "completion_tokens": 3}, Usage(0, 3)),
        ({"prompt_tokens": -7, "completion_tokens": 3}, Usage(None, 3)),
        ({"prompt_tokens": 7.0, "completion_tokens": 3}, Usage(None, 3)),
        ({"prompt_tokens": "7", "completion_tokens": 3}, Usage(None, 3)),
        ({"prompt_tokens": True, "completion_tokens": 3}, Usage(None, 3)),
        ({"prompt_tokens": 2**53 + 1, "completion_tokens": 2**63}, NONE),
        ({"prompt_tokens": 7, "completion_tokens": 10**30}, Usage(7, None)),
        ({"prompt_tokens": None, "completion_tokens": None}, NONE),
        *((nothing, NONE) for nothing in (None, {}, [], [1], "many", 5, True)),
    ],
)
def test_tokens(sent: Any, read: Usage) -> None:
    assert usage(sent) == read


@pytest.mark.parametrize(
    "where",
    [
        {"prompt_tokens_details": {"cached_tokens": 90}},
        {"input_tokens_details": {"cached_tokens": 90}},
        {"prompt_cache_hit_tokens": 90, "prompt_cache_miss_tokens": 10},
        {"cached_tokens": 90},
        {"prompt_tokens_details": None, "cached_tokens": 90},
    ],
)
def test_cached_input_wherever_it_stands(where: dict[str, Any]) -> None:
    assert usage({"prompt_tokens": 100, "completion_tokens": 1, **where}).cached == 90


@pytest.mark.parametrize("cached", [-1, "90", 90.0, None, 2**60])
def test_cached_input_that_cannot_be_true_is_none(cached: Any) -> None:
    details = {"prompt_tokens_details": {"cached_tokens": cached}}
    assert usage({"prompt_tokens": 100, "completion_tokens": 1, **details}).cached == 0


def test_no_more_is_cached_than_was_sent() -> None:
    assert usage({"prompt_tokens": 100, "completion_tokens": 1, "cached_tokens": 900}).cached == 100


@pytest.mark.parametrize(
    ("more", "nano"),
    [
        ({"cost": 0.0123}, 12_300_000),
        ({"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, 21_000_000),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, 20_000_000),
        ({"cost": 0.001, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.02}}, 1_000_000),
        *(
            ({"cost": cost}, None)
            for cost in (0, -1, "0.01", True, None, float("nan"), float("inf"), 10**400, 10**6, {"total_cost": 1})
        ),
    ],
)
def test_the_price_that_a_router_names(more: dict[str, Any], nano: int | None) -> None:
    assert usage({"prompt_tokens": 7, "completion_tokens": 3, **more}).cost == nano


@pytest.mark.parametrize(
    "text",
    [
        'data: {"choices": []}\n\ndata: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}\n\n'
        "data: [DONE]\n\n",
        '{"usage": {"prompt_tokens": 7, "completion_tokens": 3}, "choices": [{"message": {"content": "and th',
        '{"usage": {"prompt_tokens": 7, "completion_tokens": 3}, "x": {"usage": {"prompt_to',
    ],
)
def test_a_usage_is_found_in_what_is_no_json_as_a_whole(text: str) -> None:
    assert usage_within(text) == Usage(7, 3)


@pytest.mark.parametrize("text", ["", "usage", '"usage": {', '"usage": null', '\\"usage\\": {"prompt_tokens": 7}'])
def test_where_there_is_none_none_is_found(text: str) -> None:
    assert usage_within(text) == NONE


@settings(deadline=None)
@given(st.one_of(JSON, st.dictionaries(st.sampled_from(FIELDS), JSON | st.integers(), max_size=8)))
def test_whatever_is_sent_is_read_within_bounds(sent: Any) -> None:
    for read in (usage(sent), usage_within(f'{{"usage": {json.dumps(sent)}, ')):
        assert read.input is None or 0 <= read.input <= MOST_TOKENS
        assert read.output is None or 0 <= read.output <= MOST_TOKENS
        assert 0 <= read.cached <= (read.input or 0)
        assert read.cost is None or 0 < read.cost <= 2 * MOST_DOLLARS * NANO
