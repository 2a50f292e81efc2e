"""When a provider says we may come back: every header form met in the wild."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST = 3600.0  # s; whoever names more is asked again after an hour
UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `now` (Unix seconds), at most `LONGEST`; None where no header names a time.

    `headers` must look names up whatever their case. Order: `retry-after-ms`, `retry-after` (seconds or a
    date), then `x-ratelimit-reset-*` of those limits that have nothing remaining.
    """
    seconds = _number(headers.get("retry-after-ms"))
    if seconds is not None:
        return min(seconds / 1000, LONGEST)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is None and value:
        seconds = duration(value)
    if seconds is None and value:
        seconds = _date(value, now)
    if seconds is None:
        seconds = _reset(headers)
    return None if seconds is None else min(seconds, LONGEST)


def duration(text: str) -> float | None:
    """`6m0s`, `1h2m3.5s`, `20ms` or plain seconds, in seconds."""
    text = text.strip().lower()
    number = _number(text)
    if number is not None:
        return number
    parts = PART.findall(text)
    if not parts or "".join(amount + unit for amount, unit in parts) != text:
        return None
    return sum(float(amount) * UNITS[unit] for amount, unit in parts)


def _reset(headers: Mapping[str, str]) -> float | None:
    spent, unknown = [], []
    for what in ("requests", "tokens"):
        reset = duration(headers.get(f"x-ratelimit-reset-{what}") or "")
        if reset is None:
            continue
        remaining = _number(headers.get(f"x-ratelimit-remaining-{what}"))
        if remaining is None:
            unknown.append(reset)
        elif remaining == 0:
            spent.append(reset)
    return max(spent) if spent else min(unknown, default=None)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(text: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
