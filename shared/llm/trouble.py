"""What a lane tells the user while its calls wait: since when, and in the provider's words."""

from __future__ import annotations

from dataclasses import dataclass

PASSING = 3.0  # s; a model that has answered before and fails for less is not worth a word
STALE = 30.0  # s after the last failure, where nobody calls any more: whoever waits is back by then


@dataclass(slots=True)
class Trouble:
    """A run of failures, from the first to the next good reply."""

    since: float  #: Unix seconds of the first
    last: float  #: of the last
    words: str

    def worth_telling(self, at: float, *, held: bool, idle: bool, answered: bool) -> bool:
        """`held`: nothing may go out now. `idle`: nothing is out. `answered`: the model has answered before."""
        if held:
            return True
        if idle and at - self.last > STALE:
            return False
        return not answered or at - self.since >= PASSING
