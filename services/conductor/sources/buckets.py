"""Which bucket a slot is for, where a batch wants so many of each of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.contracts.batch import Batch


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
