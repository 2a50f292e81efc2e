"""Keeps out repeats: a problem too close to an accepted one of its scope is a duplicate."""

from __future__ import annotations

import base64
import math
from collections.abc import Awaitable, Callable

import numpy as np
import numpy.typing as npt

from shared.contracts.ask import Ask
from shared.contracts.envelope import Envelope, Similar
from shared.contracts.outcome import Discarded, Outcome, Passed
from shared.contracts.statuses import Reason
from shared.errors import Refused

Vector = npt.NDArray[np.float32]
Remember = Callable[[Envelope, Vector], Awaitable[list[Similar]]]
"""Append a unit vector to the log unless it is too close to another; returns the closest, best first."""


async def embed(problem: Envelope, *, ask: Ask, remember: Remember) -> Outcome:
    """Accept the problem, or discard it as a duplicate of one accepted before."""
    if not problem.problem:
        return Discarded(problem, Reason.MALFORMED, "there is no problem text to embed")
    try:
        reply = await ask.embed(problem.problem)
    except Refused as error:
        return Discarded(problem, Reason.REFUSED, str(error))
    raw = np.asarray(reply.parsed, dtype=np.float32)
    length = float(np.linalg.norm(raw)) if raw.size else 0.0
    if not math.isfinite(length) or length == 0.0:
        return Discarded(problem, Reason.MALFORMED, "the embedding is empty, zero or not finite")
    vector = raw / np.float32(length)
    near = await remember(problem, vector)
    threshold = problem.options.similarity_threshold
    known = problem.but(similar=near, vector=base64.b64encode(vector.astype("<f4").tobytes()).decode())
    if near and near[0].similarity >= threshold:
        return Discarded(known, Reason.DUPLICATE, f"cosine {near[0].similarity:.3f} with {near[0].id}")
    return Passed(known)
