"""What a fact says, as far as it can be read and kept. Facts come from anybody who can publish."""

from __future__ import annotations

import json
import math
from typing import Any

from shared import subjects

SURROGATES = (b"\\ud", b"\\uD")
MAX_TOKENS = 10**9  #: of one call; nobody's context is as long, and sums of such numbers still fit everywhere
MAX_COST = 10**13  #: nano-dollars of one call


def _whole(text: str) -> int:
    number = int(text) if len(text) < 20 else subjects.MAX_NUMBER * (-1 if text.startswith("-") else 1)
    return max(-subjects.MAX_NUMBER, min(number, subjects.MAX_NUMBER))


def _real(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else math.copysign(subjects.MAX_NUMBER, number)


# numbers that no store can hold become the nearest that all can, and what is no number becomes null
_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=lambda _: None)


def read_object(data: bytes) -> dict[str, Any] | None:
    """The JSON object in `data`, fit to be stored; None where there is none."""
    try:
        value = _DECODER.decode(data.decode("utf-8", "replace"))
        if any(mark in data for mark in SURROGATES):  # half a pair of them can be stored by nobody
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_call(data: bytes) -> dict[str, Any] | None:
    """A `calls` fact with numbers that can be added up; None where there is none.

    A call was paid for whatever its numbers say: tokens that cannot be are brought within bounds and marked as
    estimated, and a cost that cannot be is an unknown one.
    """
    call = read_object(data)
    if call is None or not isinstance(call.get("id"), str):
        return None
    for name in ("input_tokens", "output_tokens", "cached_tokens"):
        if name in call and (counted := _counted(call[name])) != call[name]:
            call |= {name: counted, "estimated": True}
    if not isinstance(cost := call.get("cost"), int) or isinstance(cost, bool) or not 0 <= cost <= MAX_COST:
        call["cost"] = None
    return call


def ending(envelope: dict[str, Any]) -> dict[str, Any]:
    """Why an envelope ended or was parked; {} where it does not say."""
    found = envelope.get("reason")
    return found if isinstance(found, dict) else {}


def text(found: dict[str, Any], name: str) -> str:
    """A text among the fields of an object; "" for all else."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _counted(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return max(0, min(int(value), MAX_TOKENS))
