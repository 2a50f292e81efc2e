"""Slots that begin with the items of an immutable set: variants of problems that were stored."""

from __future__ import annotations

from collections.abc import Sequence

from services.conductor.sources.buckets import allotted
from shared.contracts.batch import Batch
from shared.contracts.envelope import Slip
from shared.contracts.problem import Options, Origin, Problem
from shared.store.protocols import Store


async def begin(batch: Batch, slots: Sequence[int], store: Store) -> list[Slip]:
    """`batch.source` has the set's name and its `size`; the buckets are named after the strategies.

    The strategies take turns, and for each round the next item: what did not succeed is tried on another item before
    any item comes again.
    """
    strategies = allotted(batch, slots)
    numbers = {slot: slot // len(batch.quotas) % batch.source["size"] for slot in slots}
    items = await store.items.get(batch.source["set"], sorted(set(numbers.values())))
    return [_first_envelope(batch, slot, items[number], strategies[slot]) for slot, number in numbers.items()]


def _first_envelope(batch: Batch, slot: int, item: dict[str, str], strategy: str) -> Problem:
    named = {name: item[name] for name in ("subject", "topic", "level")}
    origin = {name: item[name] for name in ("id", "problem", "answer", "hints")} | {"strategy": strategy}
    return Problem(
        batch_id=batch.id,
        slot=slot,
        hop=0,
        route=batch.route,
        models=batch.models,
        options=Options.model_validate(batch.options),
        bucket=strategy,
        **named,
        origin=Origin.model_validate(origin),
    )
