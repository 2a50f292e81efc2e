"""What both lines' logic does about an embedding that cannot be had or compared."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

import numpy as np

from services.embedder.entries import NoVector, OtherDimensions, Vector, unit
from shared.contracts.ask import Ask
from shared.contracts.envelope import Slip
from shared.contracts.outcome import Discarded, Outcome
from shared.contracts.statuses import Reason
from shared.errors import Permanent, Refused, Unreadable


async def embedded(slip: Slip, text: str, ask: Ask, decide: Callable[[Vector], Awaitable[Outcome]]) -> Outcome:
    """What `decide` makes of the text's vector.

    Raises Permanent where the model gives vectors of other dimensions than it gave before, twice: nothing further of
    the batch could be compared either.
    """
    try:
        try:
            if slip.round and slip.vector:  # it was embedded before the round
                return await decide(np.frombuffer(base64.b64decode(slip.vector), dtype="<f4"))
        except OtherDimensions:
            pass
        try:
            return await decide(unit((await ask.embed(text)).parsed))
        except OtherDimensions:  # a rival server behind one address may still have the model of before
            return await decide(unit((await ask.embed(text)).parsed))
    except Refused as error:
        return Discarded(slip, Reason.REFUSED, str(error))
    except (Unreadable, NoVector) as error:
        return Discarded(slip, Reason.MALFORMED, str(error))
    except OtherDimensions as error:
        words = f"{slip.models['embedding']} gives vectors of {error.given} dimensions, but gave this batch ones of "
        changed = Permanent(f"{words}{error.accepted} before: they cannot be compared")
        changed.role = "embedding"
        raise changed from error


def encoded(vector: Vector) -> str:
    """As an envelope carries it."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
