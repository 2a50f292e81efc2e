"""What the Text routes say of a request, and of the system itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from services.gateway.schemas.common import Reply, with_example
from services.gateway.schemas.text import SMALL, STRATEGIES


class BasedOn(Reply):
    """Earlier jobs whose tokens and seconds the estimate has; without any it rests on an assumption, and a warning says
    on which."""

    jobs: int
    same_models: bool = Field(description="False: there were none of the same models, so they are of any.")


class Validation(Reply):
    valid: bool
    errors: list[str]
    warnings: list[str]
    estimated_cost: float | None = Field(description="Dollars, at today's prices; null: one is not known.")
    estimated_duration: float = Field(description="Seconds.")
    based_on: BasedOn

    @classmethod
    def refused(cls, errors: list[str]) -> Self:
        """Of a request that says two things at once, so that there is nothing to estimate."""
        nothing = BasedOn(jobs=0, same_models=False)
        return cls(
            valid=False, errors=errors, warnings=[], estimated_cost=None, estimated_duration=0.0, based_on=nothing
        )


class Validated(Reply):
    model_config = with_example(
        {
            "timestamp": "2026-11-21T10:00:00Z", "request": SMALL,
            "validation": {
                "valid": True, "errors": [], "warnings": [], "estimated_cost": 0.004, "estimated_duration": 12.0,
                "based_on": {"jobs": 7, "same_models": True},
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
