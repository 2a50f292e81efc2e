"""Bodies and replies of the Generation routes."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from services.gateway.schemas.common import (
    EXAMPLE_BATCH,
    Body,
    Reply,
    dollars,
    timestamp,
    with_example,
)
from services.gateway.schemas.taxonomy import Name, Taxonomy
from shared.contracts.batch import END_STATUSES, Batch
from shared.contracts.envelope import ModelSpec
from shared.contracts.statuses import ROUTE, BatchStatus
from shared.llm import providers

MAX_SIGNED = 2**63 - 1


class Model(ModelSpec):
    """One model of one of the known providers."""

    model_config = Body.model_config | {"frozen": True}

    @field_validator("provider")
    @classmethod
    def _known(cls, provider: str) -> str:
        if provider not in (known := providers.names()):
            known_names = ", ".join(known)
            raise PydanticCustomError("provider", "unknown provider; known are {names}", {"names": known_names})
        return provider


def _split(value: Any) -> Any:
    """`provider/name` as an object; a name may hold slashes itself."""
    if not isinstance(value, str):
        return value
    provider, slash, name = value.partition("/")
    if not slash:
        raise PydanticCustomError("model", "must be {{provider, model_name}} or the text `provider/model_name`")
    return {"provider": provider, "model_name": name}


ModelField = Annotated[Model, BeforeValidator(_split, json_schema_input_type=Model | str)]


def _only(*neutral: Any) -> AfterValidator:
    """For a field that is not built yet: refused, never ignored, unless it asks for nothing."""

    def check(value: Any) -> Any:
        if value not in neutral:
            shown = json.dumps(neutral[-1])
            raise PydanticCustomError("not_available", "not available yet; leave it at {shown}", {"shown": shown})
        return value

    return AfterValidator(check)


class Seed(Body):
    question: Annotated[str, StringConstraints(min_length=1, max_length=32_000)]
    answer: str | None = None
    source: str | None = None


SMALL = {"num_problems": 5, "taxonomy": {"Algebra": ["Quadratic equations", "Systems of linear equations"]}}
FULL = {
    "name": "Calculus that stumps a small model",
    "num_problems": 100,
    "engineer_model": {"provider": "openai", "model_name": "gpt-4.1", "temperature": 0.9},
    "checker_model": "openai/o4-mini",
    "target_model": "openai/gpt-4.1-nano",
    "embedding_model": "openai/text-embedding-3-small",
    "taxonomy": {
        "Calculus": {
            "Integration by parts": {"level": "Undergraduate", "description": "Definite integrals only."},
            "Related rates": {},
        }
    },
    "similarity_threshold": 0.82,
    "max_attempts": 2000,
    "max_in_flight": 64,
    "max_cost_usd": 2.5,
    "random_seed": 7,
}


class GenerationRequest(Body):
    """What to generate. Every field but `num_problems` has a default."""

    model_config = Body.model_config | with_example(SMALL)

    num_problems: int = Field(ge=1, le=100_000, description="Valid problems wanted.")
    name: Name | None = None
    engineer_model: ModelField | None = None
    checker_model: ModelField | None = None
    target_model: ModelField | None = None
    embedding_model: ModelField | None = None
    judge_model: ModelField | None = Field(None, description="Compares answers; default: the checker model.")
    taxonomy: Taxonomy | None = Field(
        None, description="`{subject: [topics]}` or `{subject: {topic: {level?, description?}}}`."
    )
    similarity_threshold: float = Field(0.82, gt=0, le=1, description="Cosine; from it on, a repeat.")
    max_attempts: int | None = Field(None, ge=1, le=10_000_000, description="Default: 100 x num_problems.")
    max_in_flight: int = Field(256, ge=1, le=2000)
    max_cost_usd: float | None = Field(
        None, gt=0, le=1e9, description="A cap on the recorded cost; needs models whose price is known."
    )
    random_seed: int | None = Field(None, ge=0, le=MAX_SIGNED, description="Draws topics; default: random.")

    use_search: Annotated[bool, _only(False)] = False
    confirmations: Annotated[int, _only(1)] = 1
    attempts: Annotated[int, _only(1)] = 1
    max_pass_rate: Annotated[float, _only(0.0)] = 0.0
    confirmation_share: Annotated[float, _only(1.0)] = 1.0
    confirmation_models: Annotated[list[ModelField] | None, _only([], None)] = None
    seeds: Annotated[list[Seed] | None, _only([], None)] = None
    level_weights: Annotated[dict[str, float] | None, _only({}, None)] = None
    strategy: Annotated[Literal["balanced", "yield"], _only("balanced")] = "balanced"
    hint_ladder: Annotated[bool, _only(False)] = False
    novelty_scope: Annotated[str, StringConstraints(pattern=r"^(batch|all|dataset:.{1,200})$"), _only("batch")] = (
        "batch"
    )

    def digest(self) -> str:
        """Equal for bodies that ask for the same with the same fields set."""
        said = json.dumps(self.model_dump(mode="json", exclude_unset=True), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


class Started(Reply):
    model_config = with_example(
        {"batch_id": EXAMPLE_BATCH, "status": "started", "message": "Generating 5 valid problems"}
    )

    batch_id: str
    status: Literal["started"] = "started"
    message: str


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
    error: str | None = Field(description="A provider's words, where they stopped the batch.")

    @classmethod
    def of(cls, batch: Batch, now: float) -> Self:
        return cls(**status_fields(batch, now))


def status_fields(batch: Batch, now: float) -> dict[str, Any]:
    """`now` is in Unix seconds."""
    wanted, valid = batch.wish.num_problems, batch.valid
    cost = batch.total_cost
    rate = _rate(batch, now)
    ends = {status: batch.counts.get(status, 0) for status in END_STATUSES}
    waiting = {where: n for where, n in batch.counts.items() if where not in END_STATUSES}
    return {
        "batch_id": batch.id,
        "status": "deleting" if batch.wish.state == "deleted" else batch.status,
        "total_needed": wanted,
        "valid_generated": valid,
        "total_generated": batch.ended_problems,
        "progress_percentage": round(min(100.0, 100 * valid / wanted), 2),
        "stats": Stats(**ends, in_progress=batch.in_flight),
        "reasons": batch.reasons,
        "stages": dict.fromkeys((*ROUTE, "parked"), 0) | waiting,
        "batch_cost": dollars(cost),
        "cost_per_valid": None if cost is None or not valid else dollars(round(cost / valid)),
        "tokens": Tokens.of(batch.input_tokens, batch.output_tokens),
        "rate_per_minute": None if rate is None else round(60 * rate, 2),
        "eta_seconds": round(max(0, wanted - valid) / rate, 1) if rate and not batch.ended else None,
        "started_at": timestamp(batch.started_at),
        "finished_at": timestamp(batch.finished_at),
        "error": batch.error,
    }


def _rate(batch: Batch, now: float) -> float | None:
    """Valid problems a second since the start; None before it."""
    if batch.started_at is None:
        return None
    elapsed = (batch.finished_at or now) - batch.started_at
    return batch.valid / elapsed if elapsed > 0 else None
