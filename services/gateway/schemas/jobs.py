"""A job of synthetic text as its clients read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.gateway.schemas.common import EXAMPLE_BATCH, Page, Reply, with_example
from services.gateway.schemas.status import Tokens
from shared.contracts.text import TextReason


class AspectReply(Reply):
    term: str
    sentiment: str
    start: int
    end: int


class Score(Reply):
    """A score, and what it was worked out from."""

    score: float
    parts: dict[str, float]


ACCEPTANCE = "Of a variant: half the sum of `kept`, the share of aspects, and `similarity`; from 0.8 on it is accepted."


class Sample(Reply):
    """A text. `origin` is the id of the sample that it is a variant of."""

    id: str
    product: str
    prompt_version: str
    generated_at: datetime | None
    text: str
    tokens_estimated: int
    temperature: float | None
    metadata: dict[str, Any]
    quality: Score | None
    sentiment: str
    aspects: list[AspectReply]
    origin: str | None
    strategy: str | None
    acceptance: Score | None = Field(description=ACCEPTANCE)
    cost: float | None


class Rejected(Reply):
    """What was tried in vain: a sample, or a variant. Scores are null where it did not come that far."""

    text: str
    reason: str = Field(
        description=f"One of {', '.join(TextReason)}; `variant` for a try of before there were codes for it."
    )
    detail: str
    quality: Score | None
    strategy: str | None
    acceptance: Score | None = Field(description=ACCEPTANCE)


class Result(Reply):
    samples: list[Sample]
    total_samples: int
    total_tokens_estimated: int
    metadata: dict[str, Any]


JobStatus = Literal["pending", "running", "completed", "error", "cancelled"]
EXAMPLE_SAMPLE = {
    "id": f"{EXAMPLE_BATCH}-0", "product": "a steel water bottle", "prompt_version": "v1/write@1a2b3c4d5e6f",
    "generated_at": "2026-11-21T10:00:02Z", "text": "The lid never leaks, and the price is fair.",
    "tokens_estimated": 11, "temperature": 0.7, "metadata": {"model": "simulator/sim-writer"},
    "quality": {"score": 0.91, "parts": {"length": 1.0, "coherence": 0.9}}, "sentiment": "positive",
    "aspects": [{"term": "lid", "sentiment": "positive", "start": 4, "end": 7}], "origin": None, "strategy": None,
    "acceptance": None, "cost": 0.0004,
}  # fmt: skip
EXAMPLE_JOB: dict[str, Any] = {
    "job_id": EXAMPLE_BATCH, "status": "completed", "progress": 100, "created_at": "2026-11-21T10:00:00Z",
    "updated_at": "2026-11-21T10:00:04Z", "error_message": None,
    "result": {
        "samples": [EXAMPLE_SAMPLE], "total_samples": 1, "total_tokens_estimated": 11,
        "metadata": {"product": "a steel water bottle", "version": "v1"},
    },
    "cost": 0.0009, "tokens": {"input": 900, "output": 80, "total": 980},
    "rejected": [
        {
            "text": "Bad.", "reason": "low_quality", "detail": "0.41, at least 0.6 is wanted",
            "quality": {"score": 0.41, "parts": {"length": 0.1}}, "strategy": None,
            "acceptance": None,
        },
        {
            "text": "The lid leaks.", "reason": "below_threshold", "quality": None, "strategy": "CDA",
            "detail": "(kept 0.50 + similarity 0.74) / 2 = 0.62 < 0.8",
            "acceptance": {"score": 0.62, "parts": {"kept": 0.5, "similarity": 0.74}},
        },
    ],
    "stages": {"writer": 0, "embedder": 0, "parked": 0}, "warnings": [],
}  # fmt: skip


class Job(Reply):
    """A job, wherever one is answered. `result` is null until it has ended; `rejected` is what was tried in vain."""

    model_config = with_example(EXAMPLE_JOB)

    job_id: str
    status: JobStatus
    progress: int
    created_at: datetime | None
    updated_at: datetime | None
    error_message: str | None
    result: Result | None
    cost: float | None = Field(description="Dollars; null: the price of some call is unknown.")
    tokens: Tokens
    rejected: list[Rejected]
    stages: dict[str, int] = Field(description="Waiting or being worked on now.")
    warnings: list[str]


class JobPage(Page[Job]):
    model_config = with_example({"items": [EXAMPLE_JOB], "total": 1, "page": 1, "per_page": 50})


class Stopped(Reply):
    model_config = with_example({"job_id": EXAMPLE_BATCH, "status": "cancelled", "message": "The job was cancelled"})

    job_id: str
    status: Literal["cancelled", "already_finished", "cancel_failed"]
    message: str
