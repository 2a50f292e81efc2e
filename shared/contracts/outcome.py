"""What a stage's logic makes of a piece of work. A failed attempt is no outcome: it is raised."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.envelope import Slip


@dataclass(frozen=True, slots=True)
class Passed:
    """It goes on to the next stage of its route; after the last, it is accepted."""

    slip: Slip


@dataclass(frozen=True, slots=True)
class Ended:
    """It came to an end of its line's own, as a problem that the target solved."""

    slip: Slip
    status: str


@dataclass(frozen=True, slots=True)
class Discarded:
    """Not fit, for this reason, which is one of its line's."""

    slip: Slip
    reason: str
    detail: str = ""


Outcome = Passed | Ended | Discarded
