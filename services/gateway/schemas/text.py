"""Bodies and replies of the Text routes."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from services.gateway.errors import bad_field
from services.gateway.schemas.common import EXAMPLE_BATCH, Body, Page, Query, Reply, with_example
from services.gateway.schemas.generation import MAX_SIGNED, ModelField
from services.gateway.schemas.names import named, prose
from services.gateway.schemas.status import Tokens
from shared.contracts.text import Sentiment, Strategy

MAX_EXAMPLES, MAX_ASPECTS = 10, 20
STRATEGIES: dict[Strategy, str] = {
    "CDA": "Another context around the same aspect terms.",
    "ADA": "Other aspect terms in the same context.",
    "CADA": "Another context and other aspect terms.",
}
BUILT_IN_EXAMPLES = (
    "I have had it for three weeks now, and what I like most is how quiet it is. The lid feels a little cheap.",
    "Arrived a day late, but well packed. The battery lasts two days, the manual is of no use.",
)  #: what `few_shot: true` shows the model

Product = Annotated[str, StringConstraints(min_length=2, max_length=200), BeforeValidator(named)]
Tone = Annotated[str, StringConstraints(min_length=1, max_length=100), BeforeValidator(named)]
Example = Annotated[str, StringConstraints(min_length=1, max_length=4000), BeforeValidator(prose)]
# terms stand in the prompt with commas between them
Aspect = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern="^[^,]+$"), BeforeValidator(named)]

SMALL = {"product": "a steel water bottle", "count": 5}
ENHANCED = {
    "product": "a steel water bottle", "count": 3, "sentiment": "negative", "sentiment_intensity": 4,
    "tone": "dry", "few_shot": True, "min_quality_score": 0.7, "aspects": ["lid", "price"],
}  # fmt: skip


class TextRequest(Body):
    """What to write. Every field but `product` has a default."""

    model_config = Body.model_config | with_example(SMALL)

    product: Product
    count: int = Field(5, ge=1, description="Samples wanted; at most 50, unless the operator set another number.")
    version: str = Field("v1", description="Of the templates; unknown = 422 that names those that exist.")
    temperature: float = Field(0.7, ge=0, le=2)
    model: ModelField | None = Field(None, description="Writes the texts; default: the configured one.")
    reviewer_model: ModelField | None = Field(None, description="Rates them; default: the configured one.")
    embedding_model: ModelField | None = None
    max_cost_usd: float | None = Field(None, gt=0, le=1e9, description="A cap on the recorded cost.")
    max_attempts: int | None = Field(None, ge=1, le=10_000, description="Default: 20 for each sample wanted.")
    random_seed: int | None = Field(None, ge=0, le=MAX_SIGNED)

    @model_validator(mode="before")
    @classmethod
    def _of_another_system(cls, given: Any) -> Any:
        """Two older systems had this path: for a run of maths problems, and for a job of synthetic text."""
        if isinstance(given, dict) and "num_problems" in given:
            raise bad_field("num_problems", "maths problems are made by `POST /api/generation`, which takes this body")
        return given

    def digest(self, **more: Any) -> str:
        """Equal for requests that ask for the same with the same fields set."""
        said = self.model_dump(mode="json", exclude_unset=True) | more
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class Options(Query):
    """The options of an enhanced request as the original's clients send them: in the query."""

    sentiment_intensity: int | None = Field(None, ge=1, le=5)
    tone: Tone | None = None
    enable_few_shot: bool | None = None
    enable_quality_filter: bool | None = None
    min_quality_score: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)


class EnhancedRequest(TextRequest):
    """The same with a mood, a tone, examples and a filter."""

    model_config = Body.model_config | with_example(ENHANCED)

    sentiment: Sentiment | None = None
    sentiment_intensity: int | None = Field(None, ge=1, le=5)
    tone: Tone | None = None
    few_shot: bool | list[Example] = Field(False, description="Examples of what is wanted, or true for ours.")
    aspects: list[Aspect] = Field([], max_length=MAX_ASPECTS, description="Terms that each text has to speak of.")
    quality_filter: bool = True
    min_quality_score: float = Field(0.6, ge=0, le=1)

    @model_validator(mode="after")
    def _few(self) -> Self:
        if isinstance(self.few_shot, list) and not 1 <= len(self.few_shot) <= MAX_EXAMPLES:
            raise ValueError(f"few_shot: 1 to {MAX_EXAMPLES} examples are wanted")
        return self

    @property
    def examples(self) -> list[str]:
        if isinstance(self.few_shot, list):
            return self.few_shot
        return list(BUILT_IN_EXAMPLES) if self.few_shot else []


class AugmentOptions(Query):
    augmentation_strategies: list[Strategy] = Field(["CDA"], min_length=1, description="May be named several times.")
    augment_ratio: float = Field(
        0.5, gt=0, le=1, allow_inf_nan=False, description="Share of the samples that get a variant of each strategy."
    )


class AspectReply(Reply):
    term: str
    sentiment: str
    start: int
    end: int


class QualityReply(Reply):
    score: float
    parts: dict[str, float]


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
    quality: QualityReply | None
    sentiment: str
    aspects: list[AspectReply]
    origin: str | None
    strategy: str | None
    cost: float | None


class Rejected(Reply):
    text: str
    reason: str
    detail: str
    quality: QualityReply | None
    strategy: str | None


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
    "cost": 0.0004,
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
        }
    ],
    "warnings": [],
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
    warnings: list[str]


class JobPage(Page[Job]):
    model_config = with_example({"items": [EXAMPLE_JOB], "total": 1, "page": 1, "per_page": 50})


class Stopped(Reply):
    model_config = with_example({"job_id": EXAMPLE_BATCH, "status": "cancelled", "message": "The job was cancelled"})

    job_id: str
    status: Literal["cancelled", "already_finished", "cancel_failed"]
    message: str


class Validation(Reply):
    valid: bool
    errors: list[str]
    warnings: list[str]
    estimated_cost: float | None = Field(description="Dollars; null: a price is not known.")
    estimated_duration: float = Field(description="Seconds.")


class Validated(Reply):
    model_config = with_example(
        {
            "timestamp": "2026-11-21T10:00:00Z", "request": SMALL,
            "validation": {
                "valid": True, "errors": [], "warnings": [], "estimated_cost": 0.004, "estimated_duration": 12.0
            },
        }
    )  # fmt: skip

    timestamp: datetime | None
    request: dict[str, Any]
    validation: Validation


class StrategyReply(Reply):
    name: str
    description: str


class Strategies(Reply):
    model_config = with_example({"strategies": [{"name": "CDA", "description": STRATEGIES["CDA"]}]})

    strategies: list[StrategyReply]


class ConfigReply(Reply):
    model_config = with_example(
        {
            "versions": ["v1", "v2"], "default_version": "v1", "max_count": 50, "writer_model": "simulator/sim-writer",
            "reviewer_model": "simulator/sim-strong", "embedding_model": "simulator/sim-embed",
            "strategies": ["CDA", "ADA", "CADA"], "results_kept_seconds": None,
        }
    )  # fmt: skip

    versions: list[str]
    default_version: str
    max_count: int
    writer_model: str
    reviewer_model: str
    embedding_model: str
    strategies: list[str]
    results_kept_seconds: float | None = Field(description="null: for ever")


class Limit(Reply):
    model: str
    since: datetime | None
    words: str


class RateLimits(Reply):
    """There is no limit of our own: providers' are kept to as they are met. `waiting` has who waits for one now."""

    model_config = with_example(
        {"limits": None, "waiting": [{"model": "openai/x", "since": "2026-11-21T10:00:00Z", "words": "429 slow down"}]}
    )

    limits: None = Field(None, description="None is set here.")
    waiting: list[Limit]


class QualityStats(Reply):
    """Over all jobs: samples by where they ended, and the mean score of those that were accepted."""

    model_config = with_example(
        {
            "total_samples": 120, "accepted": 100, "rejected": 20, "acceptance_rate": 0.8333, "mean_score": 0.86,
            "reasons": {"low_quality": 12, "duplicate": 8}, "weights": {"coherence": 0.25},
        }
    )  # fmt: skip

    total_samples: int
    accepted: int
    rejected: int
    acceptance_rate: float | None
    mean_score: float | None
    reasons: dict[str, int]
    weights: dict[str, float]
