"""How far a batch is: its counters as a user reads them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from services.gateway.schemas.common import EXAMPLE_BATCH, Reply, dollars, timestamp, with_example
from services.gateway.stages import Seen, missing, waits_of
from shared import lines
from shared.contracts.batch import Batch
from shared.contracts.statuses import BatchStatus, Status
from shared.subjects import PARKED


class Stats(Reply):
    """Problems by where they stand."""

    valid: int = 0
    solved: int = 0
    discarded: int = 0
    surplus: int = 0
    failed: int = 0
    cancelled: int = 0
    in_progress: int = 0


class Tokens(Reply):
    input: int
    output: int
    total: int

    @classmethod
    def of(cls, given: int, taken: int) -> Self:
        return cls(input=given, output=taken, total=given + taken)


class Waiting(Reply):
    """A model whose calls wait until its provider answers well again."""

    role: str | None
    model: str | None
    since: datetime | None
    words: str = Field(description="The provider's.")


class StatusReply(Reply):
    model_config = with_example(
        {
            "batch_id": EXAMPLE_BATCH,
            "status": "running",
            "total_needed": 100,
            "valid_generated": 40,
            "total_generated": 90,
            "progress_percentage": 40.0,
            "stats": {
                "valid": 40, "solved": 38, "discarded": 12, "surplus": 0, "failed": 0, "cancelled": 0,
                "in_progress": 64,
            },
            "reasons": {"reference_unconfirmed": 9, "duplicate": 3},
            "stages": {"engineer": 30, "checker": 22, "solver": 10, "embedder": 2, "parked": 0},
            "batch_cost": 0.0412,
            "cost_per_valid": 0.00103,
            "tokens": {"input": 81000, "output": 40210, "total": 121210},
            "rate_per_minute": 24.0,
            "eta_seconds": 150.0,
            "started_at": "2026-11-21T10:00:00Z",
            "finished_at": None,
            "error": None,
            "details": {},
            "waiting": [
                {
                    "role": "target", "model": "openai/gpt-4o-mini", "since": "2026-11-21T10:02:10Z",
                    "words": "openai/gpt-4o-mini: 503 the engine is overloaded",
                }
            ],
            "warnings": [],
        }
    )  # fmt: skip

    batch_id: str
    status: BatchStatus | Literal["deleting"]
    total_needed: int
    valid_generated: int
    total_generated: int = Field(description="Problems that reached an end, whichever.")
    progress_percentage: float
    stats: Stats
    reasons: dict[str, int] = Field(description="Why problems were discarded or failed.")
    stages: dict[str, int] = Field(description="Waiting or being worked on now.")
    batch_cost: float | None = Field(description="Dollars; null: the price of some call is unknown.")
    cost_per_valid: float | None
    tokens: Tokens
    rate_per_minute: float | None = Field(description="Valid problems, since the start.")
    eta_seconds: float | None
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None = Field(
        description="What stopped the batch, or kept it from its goal: mostly a provider's words."
    )
    details: dict[str, str] = Field(
        description="The words of the last problem with that reason, where a model or its provider is to blame."
    )
    waiting: list[Waiting] = Field(description="Models that do not answer now; their problems wait, and none is lost.")
    warnings: list[str] = Field(description="What else keeps it from going on.")

    @classmethod
    def of(cls, batch: Batch, now: float, seen: Seen | None = None) -> Self:
        return cls(**status_fields(batch, now, seen))


def _shown(batch: Batch) -> str:
    if batch.wish.state == "deleted":
        return "deleting"
    return BatchStatus.RUNNING if batch.ended and batch.awaits_round else batch.status


def status_fields(batch: Batch, now: float, seen: Seen | None) -> dict[str, Any]:
    """`now` is in Unix seconds; `seen` are the stages' replicas, None where nobody knows."""
    line = lines.of(batch.line)
    wanted, valid = batch.wish.num_problems, batch.counts.get(line.accepted, 0)
    cost = batch.total_cost
    rate = _rate(batch, valid, now)
    ended = batch.ended and not batch.awaits_round
    return {
        "batch_id": batch.id,
        "status": _shown(batch),
        "total_needed": wanted,
        "valid_generated": valid,
        "total_generated": batch.ended_problems,
        "progress_percentage": round(min(100.0, 100 * valid / wanted), 2),
        "stats": Stats(**batch.ends | {Status.IN_PROGRESS: batch.in_flight}),
        "reasons": batch.reasons,
        "stages": stages_of(batch),
        "batch_cost": dollars(cost),
        "cost_per_valid": None if cost is None or not valid else dollars(round(cost / valid)),
        "tokens": Tokens.of(batch.input_tokens, batch.output_tokens),
        "rate_per_minute": None if rate is None else round(60 * rate, 2),
        "eta_seconds": round(max(0, wanted - valid) / rate, 1) if rate and not ended else None,
        "started_at": timestamp(batch.started_at),
        "finished_at": timestamp(batch.finished_at) if ended else None,
        "error": batch.error or batch.shortfall,
        "details": batch.details,
        "waiting": [] if ended else _waiting(batch, seen or ()),
        "warnings": [] if ended or seen is None else missing(line, seen),
    }


def stages_of(batch: Batch) -> dict[str, int]:
    """How many pieces wait or are worked on, by the stages of its route, each once."""
    at_stages = {where: n for where, n in batch.counts.items() if where not in batch.ends}
    return dict.fromkeys((*batch.route, PARKED), 0) | at_stages


def _waiting(batch: Batch, seen: Seen) -> list[Waiting]:
    """By the heartbeats; where these say nothing, by the last problem that was parked for a provider."""
    waits = waits_of(batch, seen)
    if waits or not batch.waiting or not batch.counts.get(PARKED):
        return [Waiting(role=r, model=w.model, since=timestamp(w.since), words=w.words) for r, w in waits.items()]
    role = batch.waiting_role or None
    model = str(batch.models[role]) if role in batch.models else None
    return [Waiting(role=role, model=model, since=timestamp(batch.waiting_since), words=batch.waiting)]


def _rate(batch: Batch, valid: int, now: float) -> float | None:
    """Valid problems a second since the start; None before it."""
    if batch.started_at is None:
        return None
    elapsed = (batch.finished_at or now) - batch.started_at
    return valid / elapsed if elapsed > 0 else None
