"""Probation: words that no retry mends (a bad key, an unknown model, no quota) count only if they are said again.

Gateways and proxies say them now and then for a moment: a page of 403 from a firewall, a 401 while keys are rotated.
"""

from __future__ import annotations

PROBES = (1.0, 3.0, 9.0, 27.0)  # s from each refusal to the next probe; the last for all that follow
IN_A_ROW = 3
RECENTLY = 600.0  # s; a model that has answered well in this time is condemned only by
IN_A_LONGER_ROW = 5  # refusals
OVER = 60.0  # s from the first to the last of them


class Probation:
    """`now` is the caller's clock. While it is on, nothing new goes out but one probe at a time."""

    def __init__(self) -> None:
        self.on = False
        self._refusals = 0  #: in a row
        self._began = 0.0
        self._next = float("-inf")
        self._answered = float("-inf")
        self.why = ""  #: what the last refusal said

    def pause(self, now: float) -> float:
        """Seconds until the next probe may go out."""
        return max(0.0, self._next - now) if self.on else 0.0

    def answered(self, now: float) -> None:
        """A good reply clears it."""
        self._answered = now
        self.on, self._refusals = False, 0

    def refused(self, now: float, why: str, *, probe: bool) -> bool:
        """Is the model condemned? While it is on only the probe counts: the others went out before.

        Condemned, it stays on, and counts anew: the next batch probes again.
        """
        self.why = why
        if self.on and not probe:
            return False
        if not self._refusals:
            self._began = now
        self.on = True
        self._refusals += 1
        if self._enough(now):
            self._refusals = 0
            return True
        self._next = now + PROBES[min(self._refusals, len(PROBES)) - 1]
        return False

    def _enough(self, now: float) -> bool:
        if now - self._answered > RECENTLY:
            return self._refusals >= IN_A_ROW
        return self._refusals >= IN_A_LONGER_ROW and now - self._began >= OVER
