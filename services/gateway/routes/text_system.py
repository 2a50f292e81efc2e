"""Synthetic text: what a request would come to, and what the system says of itself. No model is called."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Body

from services.gateway.errors import Problem
from services.gateway.jobs import models_of
from services.gateway.reading import StrictRoute
from services.gateway.routes.dependencies import Accepting, Connected, Living, replies
from services.gateway.routes.text import BODIES, check, known_versions
from services.gateway.schemas.common import dollars, timestamp
from services.gateway.schemas.text import STRATEGIES, TextRequest
from services.gateway.schemas.text_system import (
    ConfigReply,
    Limit,
    QualityStats,
    RateLimits,
    Strategies,
    StrategyReply,
    Validated,
    Validation,
)
from shared.contracts.text import TextStatus
from shared.llm import prices
from shared.quality import WEIGHTS

GUESS_TOKENS = {"writer": (700, 220), "reviewer": (800, 120), "embedding": (90, 0)}  #: of a call, in and out; a guess
GUESS_SECONDS = 4.0  # for a sample's three calls, one after the other; a guess

router = APIRouter(prefix="/api", tags=["Text"], route_class=StrictRoute)


@router.get("/augmentation/strategies", responses=replies(401, model=Strategies))
async def augmentation_strategies() -> Strategies:
    """What variants there are."""
    return Strategies(strategies=[StrategyReply(name=name, description=said) for name, said in STRATEGIES.items()])


@router.post("/validate", responses=replies(401, 413, 422, 503, model=Validated))
async def validate_text_request(
    body: Annotated[TextRequest, Body(openapi_examples=BODIES)], connected: Connected, acceptance: Accepting
) -> Validated:
    """What the request would cost and how long it would take; calls no model."""
    errors: list[str] = []
    warnings: list[str] = []
    try:
        check(body, connected)
    except Problem as problem:
        errors.append(problem.detail)
    models = models_of(body, acceptance.defaults)
    cost: int | None = 0
    for role, (into, out) in GUESS_TOKENS.items():
        each = prices.cost(models[role], into, out, time.time(), own=connected.settings.prices)
        if each is None:
            (warnings if body.max_cost_usd is None else errors).append(f"the price of {models[role]} is not known")
        cost = None if cost is None or each is None else cost + each * body.count
    if body.max_cost_usd is not None and cost is not None and (dollars(cost) or 0) > body.max_cost_usd:
        warnings.append(f"max_cost_usd: about ${dollars(cost):.4f} is needed")
    return Validated(
        timestamp=timestamp(time.time()),
        request=body.model_dump(mode="json", exclude_none=True),
        validation=Validation(
            valid=not errors,
            errors=errors,
            warnings=warnings,
            estimated_cost=dollars(cost),
            estimated_duration=GUESS_SECONDS * max(1, -(-body.count // connected.settings.workers)),
        ),
    )


@router.get("/config", responses=replies(401, 503, model=ConfigReply))
async def text_config(connected: Connected, acceptance: Accepting) -> ConfigReply:
    """What this system is set to."""
    defaults, known = acceptance.defaults, known_versions(connected.settings.templates_dir)
    return ConfigReply(
        versions=known,
        default_version="v1",
        max_count=connected.settings.max_texts,
        writer_model=str(defaults.writer),
        reviewer_model=str(defaults.reviewer or defaults.checker),
        embedding_model=str(defaults.embedding),
        strategies=list(STRATEGIES),
        results_kept_seconds=None,
    )


@router.get("/rate-limit-status", responses=replies(401, 503, model=RateLimits))
async def rate_limit_status(living: Living) -> RateLimits:
    """Which models calls wait for now, with the provider's words."""
    seen = await living.seen_briefly() or ()
    waits = {wait.model: wait for replica in seen for wait in replica.get("waiting", ())}
    return RateLimits(
        waiting=[Limit(model=wait.model, since=timestamp(wait.since), words=wait.words) for wait in waits.values()]
    )


@router.get("/quality-stats", responses=replies(401, 503, model=QualityStats))
async def quality_stats(connected: Connected) -> QualityStats:
    """How the samples of all jobs fared."""
    store, scores = connected.store, []
    found, _ = await store.batches.list(status=None, skip=0, limit=100_000, kinds=("text",))
    reasons: dict[str, int] = {}
    for batch in found:
        for reason, n in batch.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + n
    async for row in store.problems.stream(status=TextStatus.ACCEPTED, kinds=("text",)):
        if quality := row["envelope"].get("quality"):
            scores.append(quality["score"])
    accepted = sum(batch.counts.get(TextStatus.ACCEPTED, 0) for batch in found)
    rejected = sum(batch.counts.get(TextStatus.REJECTED, 0) for batch in found)
    judged = accepted + rejected
    return QualityStats(
        total_samples=sum(batch.seen for batch in found),
        accepted=accepted,
        rejected=rejected,
        acceptance_rate=round(accepted / judged, 4) if judged else None,
        mean_score=round(sum(scores) / len(scores), 4) if scores else None,
        reasons=reasons,
        weights=dict(WEIGHTS),
    )
