"""Generation: start, status, cancel."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Annotated

from fastapi import APIRouter, Body, Header, Request, Response
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from services.gateway.acceptance import batch_of, new_id
from services.gateway.connections import Connections, patient
from services.gateway.reading import StrictRoute
from services.gateway.routes.dependencies import Accepting, BatchId, Connected, Living, find_batch, replies
from services.gateway.schemas.generation import FULL, SMALL, GenerationRequest, Started
from services.gateway.schemas.status import StatusReply
from shared.contracts.names import key_fault
from shared.contracts.statuses import Flag
from shared.controls import set_flag
from shared.errors import LedgerUnavailable

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/generation", tags=["Generation"], route_class=StrictRoute)


def _key(header: str | None) -> str | None:
    """The header as a client meant it: bytes of HTTP are read as Latin-1, and most clients write UTF-8."""
    if header is None:
        return None
    key = header.strip(" \t")
    with contextlib.suppress(UnicodeError):
        key = key.encode("latin-1").decode()
    if wrong := key_fault(key):
        raise PydanticCustomError("key", "{wrong}", {"wrong": wrong})
    return key


IdempotencyKey = Annotated[
    str | None,
    AfterValidator(_key),
    Header(
        alias="Idempotency-Key",
        json_schema_extra={"pattern": "^[!-~]{1,255}$"},
        description="The same key gives the same reply, and one effect. 1 to 255 visible ASCII characters.",
        openapi_examples={"a key": {"value": "order-2026-11-21-7"}},
    ),
]
BODIES = {
    "small": {"summary": "Five problems with the default models", "value": SMALL},
    "full": {"summary": "All the main fields", "value": FULL},
}


@router.post("", status_code=202, responses=replies(401, 409, 413, 422, 503, ok=202, model=Started, text="Accepted"))
async def start_generation(
    body: Annotated[GenerationRequest, Body(openapi_examples=BODIES)],
    request: Request,
    response: Response,
    acceptance: Accepting,
    idempotency_key: IdempotencyKey = None,
) -> Started:
    """Start a batch. `Location` is its status."""
    wanted_batch = batch_of(body, acceptance.defaults, new_id(idempotency_key, request.state.caller))
    batch = await acceptance.accept(wanted_batch, keyed=idempotency_key is not None)
    response.headers["Location"] = f"/api/generation/status/{batch.id}"
    wanted = batch.wish.num_problems
    message = f"Generating {wanted} valid problem{'s' if wanted > 1 else ''}"
    return Started(batch_id=batch.id, message=message, warnings=[*body.warnings(), *batch.warnings])


@router.get("/status/{batch_id}", responses=replies(401, 404, 503, model=StatusReply))
async def generation_status(batch_id: BatchId, connected: Connected, living: Living) -> StatusReply:
    """How far a batch is. Live: it follows within a second."""
    batch = await find_batch(connected.store, batch_id)
    return StatusReply.of(batch, time.time(), await living.seen_briefly())


@router.post("/{batch_id}/cancel", responses=replies(401, 404, 503, model=StatusReply))
async def cancel_generation(batch_id: BatchId, connected: Connected) -> StatusReply:
    """Let no further model call begin. A batch that has ended stays as it is."""
    batch = await find_batch(connected.store, batch_id)
    if not batch.ended and batch.wish.state != "deleted":
        if batch.wish.state != "cancelled":
            batch = await connected.store.batches.wish(batch_id, state="cancelled") or batch
        await stop_calls(connected, batch_id)
    return StatusReply.of(batch, time.time())


async def stop_calls(connected: Connections, batch_id: str) -> None:
    """Tell the stages now; where NATS is away the conductor's sweep does, from the store's wish."""
    try:
        async with patient():
            await set_flag(connected.ledger, batch_id, Flag.CANCELLED)
    except LedgerUnavailable as error:
        log.warning("batch %s: the stages are not told yet: %s", batch_id, error)
