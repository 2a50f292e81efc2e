"""Problems: filtered, one, of a batch, and all as a stream."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi import Query as QueryParam
from fastapi.responses import StreamingResponse

from services.gateway.errors import not_found, printable
from services.gateway.routes.dependencies import SHOWN, BatchId, Connected, find_batch, replies
from services.gateway.schemas.common import EXAMPLE_BATCH
from services.gateway.schemas.problems import (
    BatchProblemsQuery,
    Extra,
    IncludeQuery,
    ProblemPage,
    ProblemReply,
    ProblemsQuery,
    StreamQuery,
)
from shared.contracts.batch import Row
from shared.contracts.names import spellings
from shared.lines import PROBLEMS
from shared.store.protocols import Store

router = APIRouter(prefix="/api/problems", tags=["Problems"])

PAGED = ProblemPage | list[ProblemReply]
CHUNK = 200  # rows of a stream that are priced and written together
NDJSON = "application/x-ndjson"
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A JSON array, or one problem a line where `Accept` asks for application/x-ndjson",
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemReply"}},
            },
            NDJSON: {"schema": {"$ref": "#/components/schemas/ProblemReply"}},
        },
    }
}


@router.get("", response_model_exclude_unset=True, responses=replies(401, 404, 422, 503, model=PAGED))
async def list_problems(query: Annotated[ProblemsQuery, QueryParam()], connected: Connected) -> Any:
    """Problems of all batches, wherever they stand."""
    if query.batch_id is not None:
        await find_batch(connected.store, query.batch_id)
    return await _page(connected.store, query, query.batch_id)


@router.get("/all", response_class=StreamingResponse, responses=STREAMED | replies(401, 404, 422, 503))
async def all_problems(
    query: Annotated[StreamQuery, QueryParam()], request: Request, connected: Connected
) -> StreamingResponse:
    """Every problem, streamed. A reply that breaks off in the middle is not whole."""
    store = connected.store
    if query.batch_id is not None:
        await find_batch(store, query.batch_id)
    rows = store.problems.stream(batch_id=query.batch_id, status=query.status, kinds=SHOWN)
    lines = NDJSON in request.headers.get("accept", "")
    return await _streamed(_chunks(store, rows, query.include), lines=lines)


@router.get(
    "/problem/{problem_id}",
    response_model_exclude_unset=True,
    responses=replies(401, 404, 422, 503, model=ProblemReply),
)
async def get_problem(
    problem_id: Annotated[str, Path(openapi_examples={"a problem": {"value": f"{EXAMPLE_BATCH}-7"}})],
    query: Annotated[IncludeQuery, QueryParam()],
    connected: Connected,
) -> ProblemReply:
    store = connected.store
    row = await store.problems.get(printable(problem_id))
    if row is None or row.get("line", PROBLEMS) != PROBLEMS:
        raise not_found("problem", problem_id)
    return (await _described(store, [row], query.include))[0]


@router.get(
    "/batch/{batch_id}/problems",
    response_model_exclude_unset=True,
    responses=replies(401, 404, 422, 503, model=PAGED),
)
async def list_problems_of_batch(
    batch_id: BatchId, query: Annotated[BatchProblemsQuery, QueryParam()], connected: Connected
) -> Any:
    """One batch's problems by slot."""
    await find_batch(connected.store, batch_id)
    return await _page(connected.store, query, batch_id)


async def _page(store: Store, query: BatchProblemsQuery, batch_id: str | None) -> ProblemPage | StreamingResponse:
    rows, total = await store.problems.list(
        skip=query.offset,
        limit=query.count,
        batch_id=batch_id,
        status=query.status,
        reason=query.reason,
        subject=None if query.subject is None else spellings(query.subject),
        topic=None if query.topic is None else spellings(query.topic),
        q=query.q,
        kinds=None if batch_id else SHOWN,
    )
    if query.bare:
        return await _streamed(_chunks(store, _each(rows), query.include))
    items = await _described(store, rows, query.include)
    return ProblemPage(items=items, total=total, page=query.page, per_page=query.per_page)


async def _described(store: Store, rows: Sequence[Row], include: Sequence[Extra]) -> list[ProblemReply]:
    bills = await store.calls.sums([row["id"] for row in rows])
    return [
        ProblemReply.of(
            row,
            bills.get(row["id"], {}),
            embedding="embedding" in include,
            calls=await store.calls.of_problem(row["id"]) if "calls" in include else None,
        )
        for row in rows
    ]


async def _each(rows: Iterable[Row]) -> AsyncIterator[Row]:
    for row in rows:
        yield row


async def _chunks(store: Store, rows: AsyncIterator[Row], include: Sequence[Extra]) -> AsyncIterator[list[str]]:
    """Problems as JSON, some at a time."""
    held: list[Row] = []

    async def flush() -> list[str]:
        described = await _described(store, held, include)
        held.clear()
        return [problem.model_dump_json(exclude_unset=True) for problem in described]

    async with contextlib.aclosing(rows):  # type: ignore[type-var]
        async for row in rows:
            held.append(row)
            if len(held) == CHUNK:
                yield await flush()
        if held:
            yield await flush()


async def _streamed(chunks: AsyncIterator[list[str]], *, lines: bool = False) -> StreamingResponse:
    first: list[str] = await anext(chunks, [])  # the store's outage shows before the reply begins
    return StreamingResponse(_written(first, chunks, lines=lines), media_type=NDJSON if lines else "application/json")


async def _written(first: list[str], rest: AsyncIterator[list[str]], *, lines: bool) -> AsyncIterator[str]:
    begin, between, end = ("", "\n", "\n") if lines else ("[", ",\n", "]\n")
    if not first:
        yield "" if lines else begin + end
        return
    yield begin + between.join(first)
    async for chunk in rest:
        yield between + between.join(chunk)
    yield end
