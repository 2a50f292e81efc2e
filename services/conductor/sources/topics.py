"""Which subject, topic and level a slot gets. A function of batch and slot, so that rivals publish the same."""

from __future__ import annotations

import random
from collections.abc import Sequence

from shared.contracts.batch import Batch, TopicSpec
from shared.contracts.envelope import Slip
from shared.contracts.problem import Options, Problem
from shared.store.protocols import Store

LEVELS = {"High School": 0.30, "Undergraduate": 0.40, "Graduate": 0.25, "Research": 0.05}  # the usual mix


def topic_of(batch: Batch, slot: int) -> TopicSpec:
    """Topics take turns, in an order shuffled anew for each round, so that none is covered less than another."""
    round_, turn = divmod(slot, len(batch.topics))
    order = list(range(len(batch.topics)))
    random.Random(f"{batch.random_seed}:{batch.id}:{round_}").shuffle(order)
    return batch.topics[order[turn]]


def level_of(batch: Batch, slot: int, topic: TopicSpec) -> str:
    if topic.level:
        return topic.level
    draw = random.Random(f"{batch.random_seed}:{batch.id}:{slot}:level")
    return draw.choices(list(LEVELS), weights=list(LEVELS.values()))[0]


async def begin(batch: Batch, slots: Sequence[int], store: Store) -> list[Slip]:
    return [first_envelope(batch, slot) for slot in slots]


def first_envelope(batch: Batch, slot: int) -> Problem:
    topic = topic_of(batch, slot)
    return Problem(
        batch_id=batch.id,
        slot=slot,
        hop=0,
        route=batch.route,
        models=batch.models,
        options=Options.model_validate(batch.options),
        subject=topic.subject,
        topic=topic.topic,
        level=level_of(batch, slot, topic),
        description=topic.description,
    )
