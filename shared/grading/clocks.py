"""Times of day. `12:00` is no ratio, though it is written like one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_PATTERN = re.compile(r"(\d{1,2})(?::([0-5]\d))?(?::([0-5]\d))?(?:\s*([ap])\.?\s?m\.?)?", re.IGNORECASE)
_HALF_DAY = 12 * 3600


@dataclass(frozen=True, slots=True)
class Clock:
    """`seconds` since midnight, as far as the hours tell; `half`: `a`, `p`, or empty where none is written."""

    seconds: int
    half: str
    parts: tuple[int, ...]

    def times(self) -> set[int]:
        """The times of day that may be meant."""
        if self.half or not 3600 <= self.seconds < 3600 + _HALF_DAY:
            return {self.seconds}
        return {self.seconds, (self.seconds + _HALF_DAY) % (2 * _HALF_DAY)}


def read(text: str) -> Clock | None:
    """None for what is no time of day."""
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[:3])
    half = (found.group(4) or "").lower()
    if found.group(2) is None and not half:
        return None
    parts = tuple(int(part) for part in found.groups()[:3] if part is not None)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half == "p" else 0)
    return Clock(hours * 3600 + minutes * 60 + seconds, half, parts) if hours < 24 else None


def same_time(a: Clock, b: Clock) -> bool | None:
    """None where they may be ratios, or the half of the day is not written."""
    if a.half and b.half:
        return a.seconds == b.seconds
    common = a.times() & b.times()
    if a.parts == b.parts and a.half == b.half:
        return True
    if (a.half or b.half) and common:
        return True if all(len(clock.times()) == 1 for clock in (a, b)) else None
    if a.half or b.half:
        return False
    return None if common or _one_ratio(a.parts, b.parts) else False


def _one_ratio(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    if len(a) != len(b) or not (all(a) and all(b)):
        return False
    return len({Fraction(x, y) for x, y in zip(a, b, strict=True)}) == 1
