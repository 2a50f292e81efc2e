"""What routes ask for, and how they describe themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, cast

from fastapi import Depends, Path, Request

from services.gateway.acceptance import Acceptance
from services.gateway.connections import Connections
from services.gateway.edge import OPEN
from services.gateway.errors import bad_field, not_found, printable
from services.gateway.replicas import Replicas
from services.gateway.schemas.common import BATCH_ID, EXAMPLE_BATCH
from shared.contracts.batch import Batch
from shared.lines import PROBLEMS
from shared.store.protocols import Store


async def _connections(request: Request) -> Connections:
    return cast(Connections, request.app.state.connections)


async def _acceptance(request: Request) -> Acceptance:
    return cast(Acceptance, request.app.state.acceptance)


async def _replicas(request: Request) -> Replicas:
    return cast(Replicas, request.app.state.replicas)


REPEATABLE = frozenset({"include", "augmentation_strategies"})


async def known_parameters(request: Request) -> None:
    """Refuses query parameters that nobody would read: unknown ones of routes that take none, and second ones.

    What probes ask for stays open to anything.
    """
    given = [name for name, _ in request.query_params.multi_items()]
    if not given or request.scope["path"] in OPEN:
        return
    if not request.scope["route"].dependant.query_params:
        raise bad_field(printable(given[0]), "unknown parameter; this route takes none")
    if twice := [name for name in dict.fromkeys(given) if given.count(name) > 1 and name not in REPEATABLE]:
        raise bad_field(printable(twice[0]), "is given twice")


Connected = Annotated[Connections, Depends(_connections)]
Accepting = Annotated[Acceptance, Depends(_acceptance)]
Living = Annotated[Replicas, Depends(_replicas)]
BatchId = Annotated[str, Path(openapi_examples={"a batch": {"value": EXAMPLE_BATCH}})]


SHOWN = ("generation", "augmentation")  #: kinds of batches whose problems are listed where nobody asks for others


async def find_batch(store: Store, batch_id: str, line: str = PROBLEMS, what: str = "batch") -> Batch:
    """The batch, also one that is being deleted. Raises a 404 for one that is not there, gone, or of another line."""
    batch = await store.batches.get(batch_id) if re.fullmatch(BATCH_ID, batch_id) else None
    if batch is None or batch.line != line or is_gone(batch):
        raise not_found(what, batch_id)
    return batch


def is_gone(batch: Batch) -> bool:
    """Only its tombstone is left: one that is purged and still there has counted something."""
    return batch.wish.state == "deleted" and batch.purged and not batch.counts


FAULTS: Mapping[int, tuple[str, str]] = {
    401: ("No API key, or a wrong one", "an API key is needed: send `Authorization: Bearer …` or `X-API-Key`"),
    404: ("Not there", f"there is no batch '{EXAMPLE_BATCH}'"),
    409: ("Not possible now", "the batch was cancelled"),
    413: ("Too large", "the body is above 8 MB"),
    422: ("Bad request", "num_problems: Input should be greater than or equal to 1"),
    503: ("The store or NATS is away; try again after Retry-After", "the store does not answer; try again later"),
}


def replies(*faults: int, ok: int = 200, model: Any = None, text: str = "") -> dict[int | str, dict[str, Any]]:
    """A route's replies for OpenAPI: the good one, and the errors that it can give."""
    documented: dict[int | str, dict[str, Any]] = {}
    if model is not None:
        documented[ok] = {"model": model, "description": text or "OK"}
    for status in faults:
        description, detail = FAULTS[status]
        example: dict[str, Any] = {"type": "about:blank", "title": description, "status": status, "detail": detail}
        if status == 422:
            field, message = detail.split(": ", 1)
            example["errors"] = [{"field": field, "message": message}]
        documented[status] = {
            "description": description,
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": example | {"request_id": "4f1d2c3b"},
                }
            },
        }
    return documented
