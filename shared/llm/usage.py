"""What a provider says that a call took. Servers leave it out, send noughts, texts, or numbers that cannot be true."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

MOST_TOKENS = 10_000_000  # in and out; no context is larger
MOST_DOLLARS = 1000  # that one call can cost
NANO = 10**9
MOST_LOOKS = 16  # places in a text that may be its usage
USAGE = re.compile(r'(?<!\\)"usage"\s*:\s*(?=\{)')


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, None where no number can be believed. `cost` in nano-dollars, where the provider names it."""

    input: int | None = None
    output: int | None = None
    cached: int = 0
    cost: int | None = None


NONE = Usage()


def usage(sent: Any) -> Usage:
    """Read a reply's `usage`, in OpenAI's words or those that other servers of its wire format use."""
    if not isinstance(sent, dict):
        return NONE
    inputs = _first(sent, "prompt_tokens", "input_tokens")
    outputs = _first(sent, "completion_tokens", "output_tokens")
    total = _count(sent.get("total_tokens"))
    if total and inputs is None and outputs is not None:
        inputs = max(0, total - outputs)
    elif total and inputs is not None:
        if total < inputs:
            inputs = outputs = None  # nobody knows which of them is wrong
        else:
            outputs = max(outputs or 0, total - inputs)
    if not inputs and not outputs:  # a server that does not count
        return Usage(cost=_cost(sent))
    return Usage(inputs, outputs, min(_cached(sent), inputs or 0), _cost(sent))


def usage_within(text: str) -> Usage:
    """The last usage that stands in a text that is no JSON as a whole: one that broke off, or a stream."""
    for place in list(USAGE.finditer(text))[: -MOST_LOOKS - 1 : -1]:
        try:
            found = usage(json.JSONDecoder().raw_decode(text, place.end())[0])
        except (ValueError, RecursionError):
            continue
        if found != NONE:
            return found
    return NONE


def _first(sent: dict[str, Any], *names: str) -> int | None:
    return next((n for name in names if (n := _count(sent.get(name))) is not None), None)


def _count(number: Any) -> int | None:
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MOST_TOKENS:
        return number
    return None


def _cached(sent: dict[str, Any]) -> int:
    for name in ("prompt_tokens_details", "input_tokens_details"):
        details = sent.get(name)
        if isinstance(details, dict) and (n := _count(details.get("cached_tokens"))) is not None:
            return n
    return _first(sent, "prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens") or 0


def _cost(sent: dict[str, Any]) -> int | None:
    """OpenRouter's own word. Nought is none: servers say so that know no prices."""
    cost = _dollars(sent.get("cost"))
    if sent.get("is_byok") is True and isinstance(details := sent.get("cost_details"), dict):
        cost += _dollars(details.get("upstream_inference_cost"))
    return round(cost * NANO) or None


def _dollars(amount: Any) -> float:
    if isinstance(amount, int | float) and not isinstance(amount, bool) and 0 < amount <= MOST_DOLLARS:
        return float(amount) if math.isfinite(amount) else 0.0
    return 0.0
