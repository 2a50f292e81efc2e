"""Samples of text about one product; where the job wants several kinds, each slot is of the kind that lacks most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.contracts.batch import Batch
from shared.contracts.envelope import Slip
from shared.contracts.text import VARIED, Text, TextOptions
from shared.store.protocols import Store


async def begin(batch: Batch, slots: Sequence[int], store: Store) -> list[Slip]:
    buckets = allotted(batch, slots)
    return [first_envelope(batch, slot, buckets[slot]) for slot in slots]


def allotted(batch: Batch, slots: Sequence[int]) -> Mapping[int, str]:
    """Which bucket each slot is for: of those that are not full, the one with most missing beyond what is in flight.
    Slots that were published and that the batch has not counted yet take their turn first."""
    if not batch.quotas:
        return dict.fromkeys(slots, "")
    unfilled = {name: quota for name, quota in batch.quotas.items() if quota.accepted < quota.wanted} or batch.quotas
    missing = {name: quota.wanted - quota.accepted - quota.in_flight for name, quota in unfilled.items()}
    buckets: dict[int, str] = {}
    for slot in sorted({*range(batch.issued, max(slots, default=0)), *slots}):
        buckets[slot] = max(missing, key=lambda name: missing[name])
        missing[buckets[slot]] -= 1
    return buckets


def first_envelope(batch: Batch, slot: int, bucket: str) -> Text:
    # only those that get variants come to a stage a second time
    route = batch.route if bucket == VARIED else list(dict.fromkeys(batch.route))
    return Text(
        batch_id=batch.id,
        slot=slot,
        hop=0,
        route=route,
        models=batch.models,
        options=TextOptions.model_validate(batch.options),
        bucket=bucket,
        product=batch.source["product"],
    )
