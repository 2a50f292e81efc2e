"""Synthetic text: jobs and their results."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Request, Response
from fastapi import Query as QueryParam

from services.gateway.acceptance import new_id
from services.gateway.connections import Connections
from services.gateway.errors import bad_field
from services.gateway.jobs import job, job_of, options_of
from services.gateway.reading import StrictRoute
from services.gateway.routes.dependencies import Accepting, BatchId, Connected, find_batch, replies
from services.gateway.routes.generation import IdempotencyKey, stop_calls
from services.gateway.samples import samples_of
from services.gateway.schemas.common import Paging, Query
from services.gateway.schemas.jobs import Job, JobPage, Sample, Stopped
from services.gateway.schemas.text import ENHANCED, SMALL, AugmentOptions, EnhancedRequest, Options, TextRequest
from shared.contracts.batch import Batch, Row
from shared.contracts.text import TextOptions, TextStatus
from shared.lines import TEXTS
from shared.settings import Settings
from shared.text_templates.templates import versions

CSV_COLUMNS = ("id", "product", "text", "sentiment", "aspects", "score", "origin", "strategy", "prompt_version")

router = APIRouter(prefix="/api", tags=["Text"], route_class=StrictRoute)
BODIES = {"small": {"summary": "Five samples", "value": SMALL}}
ENHANCED_BODIES = {"enhanced": {"summary": "With a mood, a tone and a filter", "value": ENHANCED}}
ROWS = 1000  # of samples that are held at once
ANSWERS = replies(401, 409, 413, 422, 503, model=Job)


class _Starting:
    """What the three routes that start a job have in common."""

    def __init__(
        self,
        request: Request,
        connected: Connected,
        acceptance: Accepting,
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        self._caller: str = request.state.caller
        self._connected, self._acceptance, self._key = connected, acceptance, idempotency_key

    async def job(self, body: TextRequest, options: TextOptions, augment: AugmentOptions | None = None) -> Job:
        for check in CHECKS:
            check(body, self._connected.settings)
        batch_id = new_id(self._key, self._caller, TEXTS, "text")
        wanted = job_of(body, options, self._acceptance.defaults, batch_id, augment)
        accepted = await self._acceptance.accept(wanted, keyed=self._key is not None)
        return await _shown(accepted, self._connected)


Starting = Annotated[_Starting, Depends()]


@router.post("/generate", responses=ANSWERS)
async def generate_text(body: Annotated[TextRequest, Body(openapi_examples=BODIES)], starting: Starting) -> Job:
    """Start a job: samples are rated, and only what cannot be read or repeats another is rejected."""
    return await starting.job(body, options_of(body))


@router.post("/generate-enhanced", responses=ANSWERS)
async def generate_enhanced_text(
    body: Annotated[EnhancedRequest, Body(openapi_examples=ENHANCED_BODIES)],
    query: Annotated[Options, QueryParam()],
    starting: Starting,
) -> Job:
    """Start a job with a mood, a tone, examples, and a filter by quality."""
    return await starting.job(body, options_of(body, query))


@router.post("/generate-augmented", responses=ANSWERS)
async def generate_augmented_text(
    body: Annotated[EnhancedRequest, Body(openapi_examples=ENHANCED_BODIES)],
    query: Annotated[AugmentOptions, QueryParam()],
    starting: Starting,
) -> Job:
    """Start a job whose samples, or a share of them, get variants as well (arXiv 2409.11218)."""
    return await starting.job(body, options_of(body), query)


def check_count(body: TextRequest, settings: Settings) -> None:
    """Raises a 422."""
    if body.count > (most := settings.max_texts):
        raise bad_field("count", f"at most {most} samples a job")


def check_version(body: TextRequest, settings: Settings) -> None:
    """Raises a 422."""
    known = known_versions(settings.templates_dir)
    if body.version not in known:
        raise bad_field("version", f"there are no templates of that name; there are {', '.join(known)}")


CHECKS = (check_count, check_version)
"""What only the operator's settings tell."""


@cache
def known_versions(folder: Path | None) -> list[str]:
    """As of the start of this process: that is when the writer reads them too."""
    return list(versions(folder))


async def _shown(batch: Batch, connected: Connections) -> Job:
    (shown,) = [each async for each in _each_shown([batch], connected)]
    return shown


async def _each_shown(batches: Iterable[Batch], connected: Connections) -> AsyncIterator[Job]:
    """Rows are read for several at once, but not for all: a page may have tens of thousands."""
    store = connected.store
    for some in _together(batches):
        rows: dict[str, list[Row]] = {batch.id: [] for batch in some}
        if begun := [batch.id for batch in some if batch.seen]:
            for row in await store.problems.of_batches(begun):
                rows[row["batch_id"]].append(row)
        good = [row["id"] for each in rows.values() for row in each if row["status"] == TextStatus.ACCEPTED]
        costs = await store.calls.sums(good) if good else {}
        for batch in some:
            yield job(batch, rows[batch.id], costs)


def _together(batches: Iterable[Batch]) -> Iterator[list[Batch]]:
    """Batches in order, as many at once as have about `ROWS` rows."""
    some: list[Batch] = []
    for batch in batches:
        if some and sum(each.seen for each in some) + batch.seen > ROWS:
            yield some
            some = []
        some.append(batch)
    if some:
        yield some


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
async def list_jobs(query: Annotated[Paging, QueryParam()], connected: Connected) -> Response:
    """Newest first."""
    found, total = await connected.store.batches.list(
        status=None, skip=query.offset, limit=query.count, kinds=("text",)
    )
    # written one by one: whole, they are megabytes that the framework would check and copy as well
    items = ",".join([each.model_dump_json() async for each in _each_shown(found, connected)])
    paged = f'{{"items":[{items}],"total":{total},"page":{query.page},"per_page":{query.per_page}}}'
    return Response(f"[{items}]" if query.bare else paged, media_type="application/json")


class ExportQuery(Query):
    format: Literal["jsonl", "csv"] = "jsonl"


@router.get(
    "/job/{job_id}/export",
    response_class=Response,
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
) -> Response:
    """The accepted samples as JSON Lines or CSV, in the order of `result.samples`."""
    batch = await find_batch(connected.store, job_id, TEXTS, "job")
    rows = [row async for row in connected.store.problems.stream(batch_id=job_id, status=TextStatus.ACCEPTED)]
    samples = samples_of(batch, rows, await connected.store.calls.sums([row["id"] for row in rows]))
    jsonl = query.format == "jsonl"
    content = "".join(f"{sample.model_dump_json()}\n" for sample in samples) if jsonl else _table(samples)
    media = "application/x-ndjson" if jsonl else "text/csv; charset=utf-8"
    name = f'attachment; filename="{job_id}.{query.format}"'
    return Response(content, media_type=media, headers={"Content-Disposition": name})


def _table(samples: Iterable[Sample]) -> str:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(CSV_COLUMNS)
    table.writerows(map(_cells, samples))
    return out.getvalue()


def _cells(sample: Sample) -> list[Any]:
    aspects = json.dumps([aspect.model_dump() for aspect in sample.aspects], ensure_ascii=False)
    score = sample.quality.score if sample.quality else ""
    told = (sample.origin or "", sample.strategy or "", sample.prompt_version)
    return [sample.id, sample.product, sample.text, sample.sentiment, aspects, score, *told]
