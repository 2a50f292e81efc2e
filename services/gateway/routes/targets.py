"""Another target for a batch: for what comes, or for all that it holds; and who solved what."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Body
from fastapi import Query as QueryParam

from services.gateway.acceptance import plain
from services.gateway.errors import Problem
from services.gateway.reading import StrictRoute
from services.gateway.routes.dependencies import Accepting, BatchId, Connected, Living, find_batch, replies
from services.gateway.schemas.batches import BatchReply
from services.gateway.schemas.common import Paging
from services.gateway.schemas.targets import (
    EXAMPLE_TARGET,
    Matrix,
    MatrixItem,
    Retargeted,
    TargetQuery,
    TargetRequest,
    sums,
)
from shared.contracts.batch import Batch
from shared.contracts.envelope import ModelSpec

BODIES = {
    "model": {"summary": "The model", "value": EXAMPLE_TARGET},
    "named": {"summary": "The same under its older name", "value": {"target_model": EXAMPLE_TARGET}},
}
ANSWERS = replies(401, 404, 409, 422, 503, model=Retargeted)

router = APIRouter(prefix="/api/batches", tags=["Batches"], route_class=StrictRoute)


@router.patch("/{batch_id}/target-model", responses=ANSWERS)
@router.put("/{batch_id}/target-model", responses=ANSWERS, include_in_schema=False)
async def set_target_model(
    batch_id: BatchId,
    body: Annotated[TargetRequest, Body(openapi_examples=BODIES)],
    query: Annotated[TargetQuery, QueryParam()],
    connected: Connected,
    acceptance: Accepting,
    living: Living,
) -> Retargeted:
    """Problems not yet begun get this target. With `?retarget=true` those that had reached the old one are tried by it
    as well: nothing is written or checked again, and status, counters and cost follow."""
    batch = await find_batch(connected.store, batch_id)
    target = plain(body.target_model)
    await acceptance.check_target(batch, target)
    changes: dict[str, object] = {"target": target}
    if query.retarget:
        _check_retargetable(batch)
        changes["round"] = batch.wish.round + 1
    changed = await connected.store.batches.wish(batch_id, **changes)
    if changed is None:
        raise Problem(409, f"batch {batch_id} is being deleted")
    shown = BatchReply.of(changed, time.time(), await living.seen_briefly())
    return Retargeted(**shown.model_dump(), message=_message(target, again=query.retarget), new_target_model=target)


@router.get("/{batch_id}/matrix", responses=replies(401, 404, 422, 503, model=Matrix))
async def get_matrix(batch_id: BatchId, query: Annotated[Paging, QueryParam()], connected: Connected) -> Matrix:
    """Which target solved which problem."""
    batch = await find_batch(connected.store, batch_id)
    tried = [
        row async for row in connected.store.problems.stream(batch_id=batch.id) if row["envelope"].get("target_answers")
    ]
    shown = tried[query.offset : query.offset + query.count]
    return Matrix(
        batch_id=batch.id,
        models=sums(tried),
        items=[MatrixItem.of(row) for row in shown],
        total=len(tried),
        page=query.page,
        per_page=query.per_page,
    )


def _check_retargetable(batch: Batch) -> None:
    if batch.wish.state in ("cancelled", "deleted"):
        raise Problem(409, f"batch {batch.id} was cancelled: its problems are not tried again")
    if batch.wish.max_cost is not None and batch.cost >= batch.wish.max_cost:
        raise Problem(409, f"batch {batch.id} has used up its max_cost_usd: nothing more may be paid for it")


def _message(target: ModelSpec, *, again: bool) -> str:
    if again:
        return f"The stored problems that had reached the target are tried by {target}"
    return f"The target is {target} for problems that are not begun yet"
