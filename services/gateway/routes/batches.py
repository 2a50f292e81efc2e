"""Batches: list, one, delete, count of problems."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from fastapi import Query as QueryParam

from services.gateway.acceptance import new_id
from services.gateway.augmentation import variants_of
from services.gateway.errors import Problem
from services.gateway.reading import StrictRoute
from services.gateway.routes.dependencies import SHOWN, Accepting, BatchId, Connected, Living, find_batch, replies
from services.gateway.routes.generation import IdempotencyKey, stop_calls
from services.gateway.schemas.augmentation import EXAMPLE_VARIANTS, AugmentRequest
from services.gateway.schemas.batches import (
    BatchDetail,
    BatchesQuery,
    BatchPage,
    BatchReply,
    Count,
    CountQuery,
    Deleting,
)
from services.gateway.schemas.generation import Started

VARIANTS = {"both": {"summary": "Both kinds of variants of half of them", "value": EXAMPLE_VARIANTS}}

router = APIRouter(prefix="/api/batches", tags=["Batches"], route_class=StrictRoute)


@router.get("", responses=replies(401, 422, 503, model=BatchPage | list[BatchReply]))
async def list_batches(
    query: Annotated[BatchesQuery, QueryParam()], connected: Connected, living: Living
) -> BatchPage | list[BatchReply]:
    """Newest first, without their taxonomies."""
    found, total = await connected.store.batches.list(
        status=query.status, skip=query.offset, limit=query.count, kinds=SHOWN
    )
    now, seen = time.time(), await living.seen_briefly()
    items = [BatchReply.of(batch, now, seen) for batch in found]
    return items if query.bare else BatchPage(items=items, total=total, page=query.page, per_page=query.per_page)


@router.get("/problems/count", response_model_exclude_unset=True, responses=replies(401, 404, 422, 503, model=Count))
async def count_problems(query: Annotated[CountQuery, QueryParam()], connected: Connected) -> Count:
    """Stored problems, overall or of one batch, wherever they stand."""
    if query.batch_id is None:
        total = await connected.store.problems.count(kinds=SHOWN)
        return Count(count=total, total_problems_count=total)
    batch = await find_batch(connected.store, query.batch_id)
    count = await connected.store.problems.count(batch.id)
    return Count(count=count, batch_id=batch.id, problems_count=count, batch_name=batch.name)


@router.get("/{batch_id}", responses=replies(401, 404, 503, model=BatchDetail))
async def get_batch(batch_id: BatchId, connected: Connected, living: Living) -> BatchDetail:
    """One batch with its statistics and taxonomy."""
    batch = await find_batch(connected.store, batch_id)
    return BatchDetail.of(batch, time.time(), await living.seen_briefly())


@router.post(
    "/{batch_id}/augment",
    status_code=202,
    responses=replies(401, 404, 409, 413, 422, 503, ok=202, model=Started, text="Accepted"),
)
async def augment_batch(
    batch_id: BatchId,
    body: Annotated[AugmentRequest, Body(openapi_examples=VARIANTS)],
    request: Request,
    response: Response,
    connected: Connected,
    acceptance: Accepting,
    idempotency_key: IdempotencyKey = None,
) -> Started:
    """Start a batch of variants of this batch's valid problems, as they are now. `Location` is its status."""
    origin = await find_batch(connected.store, batch_id)
    if origin.wish.state == "deleted":
        raise Problem(409, f"batch {batch_id} is being deleted")
    new = new_id(idempotency_key, request.state.caller, origin.line, "augmentation")
    wanted = await variants_of(origin, body, new, connected.store)
    batch = await acceptance.accept(wanted, keyed=idempotency_key is not None)
    response.headers["Location"] = f"/api/generation/status/{batch.id}"
    number = batch.wish.num_problems
    message = f"Making {number} variant{'s' if number > 1 else ''} of {batch.source['size']} valid problems"
    return Started(batch_id=batch.id, message=message, warnings=batch.warnings)


@router.delete(
    "/{batch_id}",
    status_code=202,
    responses=replies(401, 404, 503, ok=202, model=Deleting, text="Being deleted; 404 once it is gone"),
)
async def delete_batch(batch_id: BatchId, connected: Connected) -> Deleting:
    """Delete a batch with its problems, calls, vectors and ledger subjects; one that runs is cancelled first."""
    batch = await find_batch(connected.store, batch_id)
    if batch.wish.state != "deleted":
        await connected.store.batches.wish(batch_id, state="deleted")
    await stop_calls(connected, batch_id)
    return Deleting(batch_id=batch_id)
