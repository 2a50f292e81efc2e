"""Documents as the store meets them."""

from __future__ import annotations

import base64
import struct
from typing import Any

from shared import lines
from shared.contracts.batch import Batch, CallRow, Row, TopicSpec, Wish
from shared.contracts.envelope import ModelSpec
from shared.contracts.problem import Problem

SIM = ModelSpec(provider="simulator", model_name="sim-strong")
MODELS = dict.fromkeys(lines.of("problems").all_roles, SIM)


def vector(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def batch(batch_id: str = "b1", **fields: Any) -> Batch:
    document: dict[str, Any] = {
        "created_at": 1_700_000_000.25,
        "wish": Wish(num_problems=10, max_attempts=1000),
        "models": MODELS,
        "topics": [TopicSpec(subject="Algebra", topic="Groups")],
    }
    return Batch(id=batch_id, **document | fields)


def row(
    slot: int = 0, batch_id: str = "b1", *, hop: int = 1, place: tuple[int, int] | None = None, **fields: Any
) -> Row:
    """Fields that an envelope has go into the envelope, the others beside it."""
    inside = {name: fields.pop(name) for name in list(fields) if name in {"problem", "answer", "hints", "vector"}}
    envelope = Problem(
        batch_id=batch_id, slot=slot, hop=hop, route=["checker"], models=MODELS, subject="Algebra", topic="Groups"
    )
    epoch, seq = place or (1, 100 * hop + slot)
    return {
        "id": f"{batch_id}-{slot}",
        "batch_id": batch_id,
        "slot": slot,
        "hop": hop,
        "place": [epoch, seq],
        "trail": [[epoch, seq, "checker"]],
        "subject_of_fact": f"problems.checker.{batch_id}.{slot}.{hop}",
        "stage": "checker",
        "status": "in_progress",
        "rank": None,
        "envelope": envelope.model_dump(mode="json") | inside,
        "created_at": 1_700_000_000.5,
        "updated_at": 1_700_000_001.5,
        "subject": "Algebra",
        "topic": "Groups",
        "level": "",
        "reason": None,
        **fields,
    }


def call(n: int = 0, slot: int = 0, batch_id: str = "b1", **fields: Any) -> CallRow:
    return {
        "id": f"engineer.{batch_id}.{slot}.1.{n}",
        "problem_id": f"{batch_id}-{slot}",
        "place": [1, n],
        "stage": "engineer",
        "batch_id": batch_id,
        "slot": slot,
        "since": 1,
        "n": n,
        "role": "engineer",
        "model": SIM.model_dump(),
        "reply": '{"problem": "x"}',
        "input_tokens": 30,
        "output_tokens": 12,
        "cost": 1_000,
        "at": 1_700_000_000.0 + n,
        **fields,
    }
