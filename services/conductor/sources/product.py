"""Samples of text about one product; where the job wants several kinds, each slot is of the kind that lacks most."""

from __future__ import annotations

from collections.abc import Sequence

from services.conductor.sources.buckets import allotted
from shared.contracts.batch import Batch
from shared.contracts.envelope import Slip
from shared.contracts.text import VARIED, Text, TextOptions
from shared.store.protocols import Store


async def begin(batch: Batch, slots: Sequence[int], store: Store) -> list[Slip]:
    buckets = allotted(batch, slots)
    return [first_envelope(batch, slot, buckets[slot]) for slot in slots]


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
