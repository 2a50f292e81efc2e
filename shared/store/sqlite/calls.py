"""Model calls in SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import from_json

from shared.contracts.batch import CallRow, Place, TokenSums
from shared.store.documents import SUMS
from shared.store.sqlite.database import AMONG, Database, delete_batch, encode, put_many, upsert

_PUT = upsert("calls", "id, problem_id, batch_id, at, epoch, seq, cost, input_tokens, output_tokens, row")
_SUMS = (
    "count(*), coalesce(sum(cost), 0), coalesce(sum(cost IS NULL), 0), coalesce(sum(input_tokens), 0),"
    " coalesce(sum(output_tokens), 0)"
)


class SqliteCalls:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, rows: Sequence[CallRow]) -> None:
        if rows:
            values = [_values(row) for row in rows]
            await put_many(self._database, _PUT, values)

    async def places(self, ids: Iterable[str]) -> dict[str, Place]:
        found = await self._select(f"SELECT id, epoch, seq FROM calls WHERE id {AMONG}", json.dumps(list(ids)))
        return {call_id: Place(epoch=epoch, seq=seq) for call_id, epoch, seq in found}

    async def of_problem(self, problem_id: str) -> list[CallRow]:
        order = "ORDER BY at, epoch, seq, id"
        found = await self._select(f"SELECT row FROM calls WHERE problem_id = ? {order}", problem_id)
        return [from_json(row) for (row,) in found]

    async def sums(self, problem_ids: Iterable[str]) -> dict[str, dict[str, int]]:
        found = await self._select(
            f"SELECT problem_id, {_SUMS} FROM calls WHERE problem_id {AMONG} GROUP BY problem_id",
            json.dumps(list(problem_ids)),
        )
        return {problem_id: dict(zip(SUMS, sums, strict=True)) for problem_id, *sums in found}

    async def total(self, batch_id: str) -> dict[str, int]:
        found = await self._select(f"SELECT {_SUMS} FROM calls WHERE batch_id = ?", batch_id)
        return dict(zip(SUMS, found[0], strict=True))

    async def tokens(self, batch_ids: Iterable[str]) -> list[TokenSums]:
        found = await self._select(
            "SELECT batch_id, json_extract(row, '$.stage'), json_extract(row, '$.role'),"
            " coalesce(json_extract(row, '$.prompt_version'), ''), coalesce(sum(input_tokens), 0),"
            " coalesce(sum(json_extract(row, '$.cached_tokens')), 0), coalesce(sum(output_tokens), 0)"
            f" FROM calls WHERE batch_id {AMONG} GROUP BY 1, 2, 3, 4",
            json.dumps(list(batch_ids)),
        )
        return [TokenSums(*sums) for sums in found]

    async def count(self, batch_id: str | None = None) -> int:
        where, values = ("batch_id = ?", (batch_id,)) if batch_id is not None else ("TRUE", ())
        return int((await self._select(f"SELECT count(*) FROM calls WHERE {where}", *values))[0][0])

    async def delete(self, batch_id: str) -> None:
        await delete_batch(self._database, "calls", batch_id)

    async def _select(self, statement: str, *values: Any) -> list[Any]:
        return await self._database.read(lambda connection: connection.execute(statement, values).fetchall())


def _values(row: CallRow) -> tuple[Any, ...]:
    return (
        row["id"],
        row["problem_id"],
        row["batch_id"],
        row.get("at"),
        *row["place"],
        row.get("cost"),
        row.get("input_tokens"),
        row.get("output_tokens"),
        encode(row),
    )
