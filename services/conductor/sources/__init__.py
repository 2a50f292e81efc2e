"""How a slot begins: batch, slot and the fold's present state to a first envelope, frozen by its first publication.

A source is a function of what it is given and of nothing else, so that rivals differ at most by what they know; then
the first publication wins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from services.conductor.sources import items, product, topics
from shared import lines
from shared.contracts.batch import Batch
from shared.contracts.envelope import Slip
from shared.store.protocols import Store

Source = Callable[[Batch, Sequence[int], Store], Awaitable[list[Slip]]]
"""The first envelopes of these slots; each one's route begins with its first stage."""

SOURCES: dict[str, Source] = {"topics": topics.begin, "product": product.begin, "items": items.begin}


def of(batch: Batch) -> Source:
    """Raises KeyError for one that this version does not know."""
    return SOURCES[batch.source.get("name") or lines.of(batch.line).source]
