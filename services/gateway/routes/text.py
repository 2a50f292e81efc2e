"""Synthetic text: jobs, their results, and what can be asked of them."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Request
from fastapi import Query as QueryParam
from fastapi.responses import StreamingResponse

from services.gateway.acceptance import Acceptance, new_id
from services.gateway.connections import Connections
from services.gateway.errors import Problem, bad_field
from services.gateway.jobs import job, job_of, models_of, options_of, samples_of
from services.gateway.reading import StrictRoute
from services.gateway.routes.dependencies import Accepting, BatchId, Connected, Living, find_batch, replies
from services.gateway.routes.generation import IdempotencyKey, stop_calls
from services.gateway.schemas.common import Paging, Query, dollars, timestamp
from services.gateway.schemas.text import (
    ENHANCED,
    SMALL,
    STRATEGIES,
    AugmentOptions,
    ConfigReply,
    EnhancedRequest,
    Job,
    JobPage,
    Limit,
    Options,
    QualityStats,
    RateLimits,
    Sample,
    Stopped,
    Strategies,
    StrategyReply,
    TextRequest,
    Validated,
    Validation,
)
from shared.contracts.batch import Batch, Row
from shared.contracts.text import TextOptions, TextStatus
from shared.lines import TEXTS
from shared.llm import prices
from shared.quality import WEIGHTS
from shared.text_templates.templates import versions

GUESS_TOKENS = {"writer": (700, 220), "reviewer": (800, 120), "embedding": (90, 0)}  #: input and output of a call
GUESS_SECONDS = 4.0  # a sample's three calls, one after the other
CSV_COLUMNS = ("id", "product", "text", "sentiment", "aspects", "score", "origin", "strategy", "prompt_version")

router = APIRouter(prefix="/api", tags=["Text"], route_class=StrictRoute)
BODIES = {"small": {"summary": "Five samples", "value": SMALL}}
ENHANCED_BODIES = {"enhanced": {"summary": "With a mood, a tone and a filter", "value": ENHANCED}}
ANSWERS = replies(401, 409, 413, 422, 503, model=Job)


@router.post("/generate", responses=ANSWERS)
async def generate_text(
    body: Annotated[TextRequest, Body(openapi_examples=BODIES)],
    request: Request,
    connected: Connected,
    acceptance: Accepting,
    idempotency_key: IdempotencyKey = None,
) -> Job:
    """Start a job: samples are rated, and only what cannot be read or repeats another is rejected."""
    return await _start(body, options_of(body), None, request, connected, acceptance, idempotency_key)


@router.post("/generate-enhanced", responses=ANSWERS)
async def generate_enhanced_text(
    body: Annotated[EnhancedRequest, Body(openapi_examples=ENHANCED_BODIES)],
    query: Annotated[Options, QueryParam()],
    request: Request,
    connected: Connected,
    acceptance: Accepting,
    idempotency_key: IdempotencyKey = None,
) -> Job:
    """Start a job with a mood, a tone, examples, and a filter by quality."""
    return await _start(body, options_of(body, query), None, request, connected, acceptance, idempotency_key)


@router.post("/generate-augmented", responses=ANSWERS)
async def generate_augmented_text(
    body: Annotated[EnhancedRequest, Body(openapi_examples=ENHANCED_BODIES)],
    query: Annotated[AugmentOptions, QueryParam()],
    request: Request,
    connected: Connected,
    acceptance: Accepting,
    idempotency_key: IdempotencyKey = None,
) -> Job:
    """Start a job whose samples, or a share of them, get variants as well (arXiv 2409.11218)."""
    return await _start(body, options_of(body), query, request, connected, acceptance, idempotency_key)


async def _start(
    body: TextRequest,
    options: TextOptions,
    augment: AugmentOptions | None,
    request: Request,
    connected: Connections,
    acceptance: Acceptance,
    key: str | None,
) -> Job:
    check(body, connected)
    wanted = job_of(body, options, acceptance.defaults, new_id(key, request.state.caller, TEXTS, "text"), augment)
    return await _shown(await acceptance.accept(wanted, keyed=key is not None), connected)


def check(body: TextRequest, connected: Connections) -> None:
    """Raises a 422 for what only the operator's settings tell."""
    if body.count > (most := connected.settings.max_texts):
        raise bad_field("count", f"at most {most} samples a job")
    known = known_versions(connected.settings.templates_dir)
    if body.version not in known:
        raise bad_field("version", f"there are no templates of that name; there are {', '.join(known)}")


@cache
def known_versions(folder: Path | None) -> list[str]:
    """As of the start of this process: that is when the writer reads them too."""
    return list(versions(folder))


async def _shown(batch: Batch, connected: Connections) -> Job:
    rows = [row async for row in connected.store.problems.stream(batch_id=batch.id)] if batch.seen else []
    return job(batch, rows, await connected.store.calls.sums([row["id"] for row in rows]) if rows else {})


@router.get("/augmentation/strategies", responses=replies(401, model=Strategies))
async def augmentation_strategies() -> Strategies:
    """What variants there are."""
    return Strategies(strategies=[StrategyReply(name=name, description=said) for name, said in STRATEGIES.items()])


@router.get("/result/{job_id}", responses=replies(401, 404, 503, model=Job))
async def text_result(job_id: BatchId, connected: Connected) -> Job:
    """The job as it is now."""
    return await _shown(await find_batch(connected.store, job_id, TEXTS, "job"), connected)


@router.delete("/job/{job_id}", responses=replies(401, 404, 503, model=Stopped))
async def cancel_text_job(job_id: BatchId, connected: Connected) -> Stopped:
    """Let no further model call begin. What was accepted stays."""
    batch = await find_batch(connected.store, job_id, TEXTS, "job")
    if batch.ended:
        return Stopped(job_id=job_id, status="already_finished", message=f"The job is {batch.status} already")
    if batch.wish.state != "cancelled" and await connected.store.batches.wish(job_id, state="cancelled") is None:
        return Stopped(job_id=job_id, status="cancel_failed", message="The job is being deleted")
    await stop_calls(connected, job_id)
    return Stopped(job_id=job_id, status="cancelled", message="The job was cancelled")


@router.get("/jobs", responses=replies(401, 422, 503, model=JobPage | list[Job]))
async def list_jobs(query: Annotated[Paging, QueryParam()], connected: Connected) -> JobPage | list[Job]:
    """Newest first."""
    found, total = await connected.store.batches.list(
        status=None, skip=query.offset, limit=query.count, kinds=("text",)
    )
    items = [await _shown(batch, connected) for batch in found]
    return items if query.bare else JobPage(items=items, total=total, page=query.page, per_page=query.per_page)


class ExportQuery(Query):
    format: Literal["jsonl", "csv"] = "jsonl"


@router.get(
    "/job/{job_id}/export",
    response_class=StreamingResponse,
    responses=replies(401, 404, 422, 503)
    | {
        200: {
            "description": "A line for each accepted sample and variant",
            "content": {
                "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"id": "…", "text": "…"}\n'},
                "text/csv": {"schema": {"type": "string"}, "example": "id,product,text\r\n"},
            },
        }
    },
)
async def export_text_job(
    job_id: BatchId, query: Annotated[ExportQuery, QueryParam()], connected: Connected
) -> StreamingResponse:
    """The accepted samples as JSON Lines or CSV, streamed."""
    batch = await find_batch(connected.store, job_id, TEXTS, "job")
    rows = connected.store.problems.stream(batch_id=job_id, status=TextStatus.ACCEPTED)
    media = "application/x-ndjson" if query.format == "jsonl" else "text/csv; charset=utf-8"
    name = f'attachment; filename="{job_id}.{query.format}"'
    lines = _lines(batch, rows, connected, query.format)
    return StreamingResponse(lines, media_type=media, headers={"Content-Disposition": name})


async def _lines(batch: Batch, rows: AsyncIterator[Row], connected: Connections, form: str) -> AsyncIterator[str]:
    if form == "csv":
        yield _csv(CSV_COLUMNS)
    async for row in rows:
        for sample in samples_of(batch, row, await connected.store.calls.sums([row["id"]])):
            yield f"{sample.model_dump_json()}\n" if form == "jsonl" else _csv(_cells(sample))


def _cells(sample: Sample) -> list[Any]:
    aspects = json.dumps([aspect.model_dump() for aspect in sample.aspects], ensure_ascii=False)
    score = sample.quality.score if sample.quality else ""
    told = (sample.origin or "", sample.strategy or "", sample.prompt_version)
    return [sample.id, sample.product, sample.text, sample.sentiment, aspects, score, *told]


def _csv(cells: Any) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


@router.post("/validate", responses=replies(401, 413, 422, 503, model=Validated))
async def validate_text_request(
    body: Annotated[TextRequest, Body(openapi_examples=BODIES)], connected: Connected, acceptance: Accepting
) -> Validated:
    """What the request would cost and how long it would take; calls no model."""
    errors, warnings = [], []
    try:
        check(body, connected)
    except Problem as problem:
        errors.append(problem.detail)
    models = models_of(body, acceptance.defaults)
    cost: int | None = 0
    for role, (into, out) in GUESS_TOKENS.items():
        each = prices.cost(models[role], into, out, time.time(), own=connected.settings.prices)
        if each is None:
            warnings.append(f"the price of {models[role]} is not known")
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
