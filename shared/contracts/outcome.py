"""What a stage's logic makes of a problem. A failed attempt is no outcome: it is raised."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.envelope import Envelope
from shared.contracts.statuses import Reason


@dataclass(frozen=True, slots=True)
class Passed:
    """It goes on to the next stage of its route; after the last, it is valid."""

    problem: Envelope


@dataclass(frozen=True, slots=True)
class Solved:
    """The target found the answer: not a problem that stumps it."""

    problem: Envelope


@dataclass(frozen=True, slots=True)
class Discarded:
    """Not fit, for this reason."""

    problem: Envelope
    reason: Reason
    detail: str = ""


Outcome = Passed | Solved | Discarded
