"""Which subject, topic and level a slot gets. A function of batch and slot, so that rivals publish the same."""

from __future__ import annotations

import random

from shared.contracts.batch import Batch, TopicSpec
from shared.contracts.envelope import Envelope
from shared.contracts.statuses import ROUTE

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


def first_envelope(batch: Batch, slot: int) -> Envelope:
    """The envelope with which a slot begins; its route starts with its first stage."""
    topic = topic_of(batch, slot)
    return Envelope(
        batch_id=batch.id,
        slot=slot,
        hop=0,
        route=list(ROUTE),
        models=batch.models,
        options=batch.options,
        subject=topic.subject,
        topic=topic.topic,
        level=level_of(batch, slot, topic),
        description=topic.description,
    )
