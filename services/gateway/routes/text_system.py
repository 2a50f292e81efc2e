"""Synthetic text: what a request would come to, and what the system says of itself. No model is called."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi import Query as QueryParam

from services.gateway.acceptance import Acceptance, new_id
from services.gateway.connections import Connections
from services.gateway.errors import Problem, bad_field
from services.gateway.estimate import EARLIER, basis, estimate
from services.gateway.jobs import augment_of, job_of, options_of
from services.gateway.reading import StrictRoute
from services.gateway.routes.dependencies import Accepting, Connected, Living, replies
from services.gateway.routes.text import BODIES, CHECKS, ENHANCED_BODIES, known_versions
from services.gateway.schemas.common import dollars, timestamp
from services.gateway.schemas.text import STRATEGIES, AnyOptions, AnyRequest, AugmentOptions, Options, TextRequest
from services.gateway.schemas.text_system import (
    BasedOn,
    ConfigReply,
    Limit,
    QualityStats,
    RateLimits,
    Strategies,
    StrategyReply,
    Validated,
    Validation,
)
from shared.contracts.batch import Batch
from shared.contracts.text import TextOptions, TextStatus
from shared.quality import WEIGHTS
from shared.quality.verdict import beside

router = APIRouter(prefix="/api", tags=["Text"], route_class=StrictRoute)


@router.get("/augmentation/strategies", responses=replies(401, model=Strategies))
async def augmentation_strategies() -> Strategies:
    """What variants there are."""
    return Strategies(strategies=[StrategyReply(name=name, description=said) for name, said in STRATEGIES.items()])


@router.post("/validate", responses=replies(401, 413, 422, 503, model=Validated))
async def validate_text_request(
    body: Annotated[AnyRequest, Body(openapi_examples=BODIES | ENHANCED_BODIES)],
    query: Annotated[AnyOptions, QueryParam()],
    connected: Connected,
    acceptance: Accepting,
) -> Validated:
    """Whether a job could be started so, what it would cost and how long it would take; calls no model.

    Takes what the three routes that start a job take, the options of variants in the body as well.
    """
    errors: list[str] = []
    for check in CHECKS:
        with _noted(errors):
            check(body, connected.settings)
    augment: AugmentOptions | None = None
    job: Batch | None = None
    with _noted(errors):
        augment = augment_of(body, query)
        job = job_of(body, _options(body, query, augment), acceptance.defaults, new_id(None, ""), augment)
    return Validated(
        timestamp=timestamp(time.time()),
        request=_understood(body, query, augment),
        validation=Validation.refused(errors) if job is None else await _foreseen(job, errors, connected, acceptance),
    )


@contextmanager
def _noted(errors: list[str]) -> Iterator[None]:
    """A route answers with the first refusal; here each is added to the errors."""
    try:
        yield
    except Problem as problem:
        errors += [f"{field}: {message}" for field, message in problem.errors] or [problem.detail]


def _options(body: AnyRequest, query: AnyOptions, augment: AugmentOptions | None) -> TextOptions:
    """Raises a 422."""
    given = query.model_dump(exclude_none=True, include=set(Options.model_fields))
    if augment and given:
        raise bad_field(next(iter(given)), "the route for variants takes this in its body only")
    return options_of(body, Options(**given))


def _understood(body: AnyRequest, query: AnyOptions, augment: AugmentOptions | None) -> dict[str, Any]:
    """The request with the defaults of the route that it is meant for."""
    said = query.model_dump(mode="json", exclude_none=True) | (augment.model_dump(mode="json") if augment else {})
    plain = not said and body.model_fields_set <= TextRequest.model_fields.keys()
    return (
        body.model_dump(mode="json", exclude_none=True, include=set(TextRequest.model_fields) if plain else None) | said
    )


async def _foreseen(job: Batch, errors: list[str], connected: Connections, acceptance: Acceptance) -> Validation:
    warnings: list[str] = []
    with _noted(errors):
        warnings += (await acceptance.judge(job)).warnings
    store, settings = connected.store, connected.settings
    earlier, _ = await store.batches.list(status=None, skip=0, limit=EARLIER, kinds=("text",))
    rests_on = basis(job, earlier)
    found = estimate(job, rests_on, await store.calls.tokens(rests_on.ids), settings.workers)
    # it may have to load the price list
    cost, unknown = await asyncio.to_thread(found.cost, job, time.time(), settings.prices)
    warnings += [*found.warnings, *(f"the price of {model} is not known" for model in unknown)]
    needed, allowed = dollars(cost), dollars(job.wish.max_cost)
    if needed is not None and allowed is not None and needed > allowed:
        warnings.append(f"max_cost_usd: about ${beside(needed, allowed, 4)} is needed")
    return Validation(
        valid=not errors,
        errors=errors,
        warnings=warnings,
        estimated_cost=dollars(cost),
        estimated_duration=found.seconds,
        based_on=BasedOn(jobs=found.jobs, same_models=found.same_models),
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
        results_kept_seconds=connected.settings.text_ttl,
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
    store, kinds = connected.store, ("text",)
    tally = await store.batches.tally(kinds)
    mean = await store.problems.mean("quality.score", status=TextStatus.ACCEPTED, kinds=kinds)
    counts = tally["counts"]
    accepted, rejected = counts.get(TextStatus.ACCEPTED, 0), counts.get(TextStatus.REJECTED, 0)
    judged = accepted + rejected
    return QualityStats(
        total_samples=sum(counts.values()),
        accepted=accepted,
        rejected=rejected,
        acceptance_rate=round(accepted / judged, 4) if judged else None,
        mean_score=None if mean is None else round(mean, 4),
        reasons=tally["reasons"],
        weights=dict(WEIGHTS),
    )
