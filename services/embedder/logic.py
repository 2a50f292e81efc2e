"""Keeps out repeats: a problem too close to an accepted one of its scope is a duplicate."""

from __future__ import annotations

import base64
import math
from collections.abc import Awaitable, Callable

import numpy as np
import numpy.typing as npt

from shared.contracts.ask import Ask
from shared.contracts.envelope import Similar
from shared.contracts.outcome import Discarded, Outcome, Passed
from shared.contracts.problem import Problem, ProblemReason
from shared.errors import Permanent, Refused, Unreadable

Vector = npt.NDArray[np.float32]
Remember = Callable[[Problem, Vector], Awaitable[list[Similar]]]
"""Append a unit vector to the log unless it is too close to another; returns the closest, best first.

Raises OtherDimensions."""


class OtherDimensions(Exception):
    """The vector cannot be compared with those that were accepted before."""

    def __init__(self, given: int, accepted: int) -> None:
        super().__init__(f"a vector of {given} dimensions among those of {accepted}")
        self.given, self.accepted = given, accepted


async def embed(problem: Problem, *, ask: Ask, remember: Remember) -> Outcome:
    """Accept the problem, or discard it as a duplicate of one accepted before.

    Raises Permanent where the model gives vectors of other dimensions than it gave the batch before, twice: no
    further problem of the batch could be compared either.
    """
    if not problem.problem:
        return Discarded(problem, ProblemReason.MALFORMED, "there is no problem text to embed")
    try:
        try:
            return await _decide(problem, problem.problem, ask, remember)
        except OtherDimensions:  # a rival server behind one address may still have the model of before
            return await _decide(problem, problem.problem, ask, remember)
    except Refused as error:
        return Discarded(problem, ProblemReason.REFUSED, str(error))
    except Unreadable as error:
        return Discarded(problem, ProblemReason.MALFORMED, str(error))
    except OtherDimensions as error:
        words = f"{problem.models['embedding']} gives vectors of {error.given} dimensions, but gave this batch ones of "
        changed = Permanent(f"{words}{error.accepted} before: they cannot be compared")
        changed.role = "embedding"
        raise changed from error


async def _decide(problem: Problem, text: str, ask: Ask, remember: Remember) -> Outcome:
    reply = await ask.embed(text)
    raw = np.asarray(reply.parsed, dtype=np.float64)
    length = float(np.linalg.norm(raw)) if raw.size else 0.0
    if not math.isfinite(length) or length == 0.0:
        return Discarded(problem, ProblemReason.MALFORMED, "the embedding is empty, zero or not finite")
    vector = (raw / length).astype(np.float32)
    near = await remember(problem, vector)
    threshold = problem.options.similarity_threshold
    known = problem.but(similar=near, vector=base64.b64encode(vector.astype("<f4").tobytes()).decode())
    if near and near[0].similarity >= threshold:
        return Discarded(known, ProblemReason.DUPLICATE, f"cosine {near[0].similarity:.3f} with {near[0].id}")
    return Passed(known)
