"""A circuit breaker: after some failures in a row nobody calls for a while, then one call probes."""

from __future__ import annotations

THRESHOLD = 8  # failures in a row until it opens
FIRST_PAUSE = 2.0  # s; doubles with each failed probe
LONGEST_PAUSE = 60.0  # s
LONGEST_PAUSE_OF_ONE_THAT_ANSWERS = 8.0  # s; where the answers are no replies, a batch may be about to end by that


class Breaker:
    """`now` is the caller's clock. Closed, it lets all through; open, none; half-open, one at a time."""

    def __init__(self) -> None:
        self._failures = 0
        self._openings = 0
        self._open_until: float | None = None
        self.why = ""  #: what the last failure said

    @property
    def closed(self) -> bool:
        return self._open_until is None

    def pause(self, now: float) -> float:
        """Seconds until a call may go out."""
        return 0.0 if self._open_until is None else max(0.0, self._open_until - now)

    def succeeded(self) -> None:
        """The provider answered, with anything at all."""
        self._failures = self._openings = 0
        self._open_until = None

    def failed(self, now: float, why: str, *, probe: bool, longest: float = LONGEST_PAUSE) -> None:
        """While it is not closed only the probe counts: the others went out before it opened."""
        self.why = why
        self._failures += 1
        if probe or (self.closed and self._failures >= THRESHOLD):
            self._open_until = now + min(longest, FIRST_PAUSE * 2**self._openings)
            self._openings = min(self._openings + 1, 10)
