"""Queries and replies of the Batches routes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from services.gateway.schemas.common import (
    EXAMPLE_BATCH,
    Page,
    Paging,
    Query,
    Reply,
    dollars,
    example_of,
    timestamp,
    with_example,
)
from services.gateway.schemas.status import StatusReply, status_fields
from services.gateway.schemas.taxonomy import TopicDetail, unflatten
from services.gateway.stages import Seen
from shared.contracts.batch import Batch
from shared.contracts.envelope import ModelSpec
from shared.contracts.problem import Options
from shared.contracts.statuses import BatchStatus


def _model(name: str) -> dict[str, object]:
    return {"provider": "simulator", "model_name": name, "temperature": None, "max_tokens": None}


EXAMPLE = example_of(StatusReply) | {
    "id": EXAMPLE_BATCH,
    "kind": "generation",
    "origin_batch_id": None,
    "name": "Algebra, second try",
    "created_at": "2026-11-21T09:59:59Z",
    "engineer_model": _model("sim-strong"),
    "checker_model": _model("sim-strong"),
    "target_model": _model("sim-weak"),
    "embedding_model": _model("sim-embed"),
    "judge_model": _model("sim-strong"),
    "similarity_threshold": 0.82,
    "max_attempts": 10000,
    "max_in_flight": 256,
    "max_cost_usd": None,
    "random_seed": 7,
}


class BatchReply(StatusReply):
    """A batch: what was asked for, and how far it is."""

    model_config = with_example(EXAMPLE)

    id: str
    kind: str = Field(description="`generation`, or `augmentation`: variants of another batch's problems.")
    origin_batch_id: str | None = Field(description="Whose problems are varied.")
    name: str | None
    created_at: datetime | None
    engineer_model: ModelSpec
    checker_model: ModelSpec
    target_model: ModelSpec
    embedding_model: ModelSpec
    judge_model: ModelSpec
    similarity_threshold: float
    max_attempts: int
    max_in_flight: int
    max_cost_usd: float | None
    random_seed: int

    @classmethod
    def of(cls, batch: Batch, now: float, seen: Seen | None = None) -> Self:
        return cls(**_fields(batch, now, seen))


class BatchDetail(BatchReply):
    """The same with its taxonomy."""

    model_config = with_example(
        EXAMPLE | {"taxonomy": {"Algebra": {"Quadratic equations": {"level": "", "description": ""}}}}
    )

    taxonomy: dict[str, dict[str, TopicDetail]]

    @classmethod
    def of(cls, batch: Batch, now: float, seen: Seen | None = None) -> Self:
        return cls(**_fields(batch, now, seen), taxonomy=unflatten(batch.topics))


def _fields(batch: Batch, now: float, seen: Seen | None) -> dict[str, object]:
    wish, models = batch.wish, batch.models
    return status_fields(batch, now, seen) | {
        "id": batch.id,
        "kind": batch.kind,
        "origin_batch_id": batch.source.get("batch_id"),
        "name": batch.name,
        "created_at": timestamp(batch.created_at),
        "engineer_model": models["engineer"],
        "checker_model": models["checker"],
        "target_model": batch.current_models["target"],
        "embedding_model": models["embedding"],
        "judge_model": models["judge"],
        "similarity_threshold": Options.model_validate(batch.options).similarity_threshold,
        "max_attempts": wish.max_attempts,
        "max_in_flight": wish.max_in_flight,
        "max_cost_usd": dollars(wish.max_cost),
        "random_seed": batch.random_seed,
    }


class BatchesQuery(Paging):
    status: BatchStatus | None = None


class BatchPage(Page[BatchReply]):
    model_config = with_example({"items": [EXAMPLE], "total": 1, "page": 1, "per_page": 50})


class Deleting(Reply):
    model_config = with_example({"batch_id": EXAMPLE_BATCH, "status": "deleting", "message": "It is being deleted"})

    batch_id: str
    status: Literal["deleting"] = "deleting"
    message: str = "It is being deleted"


class CountQuery(Query):
    batch_id: str | None = None


class Count(Reply):
    """The same number under its name here and under the older one: of all, or of one batch."""

    model_config = with_example(
        {"count": 154, "batch_id": EXAMPLE_BATCH, "problems_count": 154, "batch_name": "Algebra, second try"}
    )

    count: int
    total_problems_count: int | None = Field(None, description="Only where no batch is named.")
    batch_id: str | None = Field(None, description="This and the next two only where a batch is named.")
    problems_count: int | None = None
    batch_name: str | None = None
