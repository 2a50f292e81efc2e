"""How many calls may be out at once: grows slowly, falls by a fifth for each episode of 429s."""

from __future__ import annotations

CUT = 0.8
GROWTH = 1.05
EPISODE = 15.0  # s after an episode's first 429, and after what it told us to wait, in which others are no news
CLEAN = 10.0  # s without a 429 or a failure until it grows


class Limiter:
    """`now` is the caller's clock. The limit starts at its ceiling: our own workers are the first limit."""

    def __init__(self, ceiling: int) -> None:
        self._ceiling = float(max(1, ceiling))
        self._limit = self._ceiling
        self._episode_ends = float("-inf")
        self._changed = float("-inf")
        self._not_before = float("-inf")
        self.why = ""  #: what the last 429 said

    @property
    def limit(self) -> int:
        return int(self._limit)

    def pause(self, now: float) -> float:
        """Seconds until the provider wants to hear from us again."""
        return max(0.0, self._not_before - now)

    def hold(self, now: float, seconds: float, why: str) -> None:
        """The provider named a time: it holds for every call."""
        self._not_before = max(self._not_before, now + seconds)
        self.why = why

    def limited(self, now: float, retry_after: float | None) -> None:
        """A 429. Those of calls that went out together are one episode."""
        self._changed = now
        if now >= self._episode_ends:
            self._limit = max(1.0, self._limit * CUT)
            self._episode_ends = now + EPISODE + (retry_after or 0.0)

    def failed(self, now: float) -> None:
        """A 5xx or a timeout: no reason to do less, nor to do more."""
        self._changed = now

    def succeeded(self, now: float, in_flight: int) -> None:
        """Grows after a clean time in which the limit was what held us back."""
        if self._limit < self._ceiling and now >= self._changed + CLEAN and in_flight >= self.limit:
            self._limit = min(self._ceiling, max(self._limit + 1, self._limit * GROWTH))
            self._changed = now
