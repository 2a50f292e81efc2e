"""Problems in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from pydantic_core import from_json

from shared.contracts.batch import Row
from shared.store.documents import IN_PROGRESS, join_vector, part_vector
from shared.store.sqlite.database import AMONG, Database, delete_batch, encode, put_many, upsert

_PUT = f"""
    {upsert("problems", "id, batch_id, slot, hop, epoch, seq, status, reason, subject, topic, text, row, vector, kind")}
    WHERE excluded.hop > hop OR (excluded.hop = hop AND excluded.epoch = epoch AND excluded.seq = seq)
"""
_SELECT = "SELECT row, vector FROM problems"
_CHUNK = 200  # rows that a stream holds
_PAGE = 2000  # rows that are looked into before other readers get their turn


class SqliteProblems:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, rows: Sequence[Row]) -> None:
        if rows:
            values = [_values(row) for row in rows]
            await put_many(self._database, _PUT, values)

    async def get(self, problem_id: str) -> Row | None:
        found = await self._select("WHERE id = ?", problem_id)
        return found[0] if found else None

    async def get_many(self, ids: Iterable[str]) -> dict[str, Row]:
        wanted = json.dumps(list(ids))
        found = await self._select(f"WHERE id {AMONG}", wanted)
        return {row["id"]: row for row in found}

    async def stream(
        self, *, batch_id: str | None = None, status: str | None = None, kinds: Sequence[str] | None = None
    ) -> AsyncIterator[Row]:
        if batch_id is not None:
            async for row in self._stream(batch_id, status):
                yield row
            return
        where, values = _where(status=status, kind=kinds)
        name = ""
        while found := await self._select(
            f"WHERE {where} AND batch_id > ? ORDER BY batch_id, slot LIMIT 1", *values, name
        ):
            name = found[0]["batch_id"]
            async for row in self._stream(name, status):
                yield row

    async def _stream(self, batch_id: str, status: str | None) -> AsyncIterator[Row]:
        where, values = _where(batch_id=batch_id, status=status)
        slot = -1
        while rows := await self._select(f"WHERE {where} AND slot > ? ORDER BY slot LIMIT {_CHUNK}", *values, slot):
            for row in rows:
                yield row
            slot = rows[-1]["slot"]

    async def of_batches(self, batch_ids: Iterable[str]) -> list[Row]:
        sql = f"SELECT row FROM problems WHERE batch_id {AMONG} ORDER BY batch_id, slot"
        wanted = json.dumps(list(batch_ids))
        found = await self._database.read(lambda connection: connection.execute(sql, (wanted,)).fetchall())
        return [from_json(row) for (row,) in found]

    async def mean(self, field: str, *, status: str, kinds: Sequence[str]) -> float | None:
        where, values = _where(status=status, kind=kinds)
        sql = f"""SELECT batch_id, slot, json_extract(row, '$.envelope.{field}') FROM problems
                  WHERE {where} AND (batch_id, slot) > (?, ?) ORDER BY batch_id, slot LIMIT {_PAGE}"""
        last: tuple[str, int] = ("", -1)

        def page(connection: sqlite3.Connection) -> list[Any]:
            return connection.execute(sql, (*values, *last)).fetchall()

        total, count = 0.0, 0
        while found := await self._database.read(page):
            numbers = [number for _, _, number in found if number is not None]
            total, count, last = total + sum(numbers), count + len(numbers), found[-1][:2]
        return total / count if count else None

    async def in_flight(self, batch_id: str) -> list[Row]:
        return await self._select("WHERE batch_id = ? AND status = ? ORDER BY slot", batch_id, IN_PROGRESS)

    async def behind(self, batch_id: str, round_: int, *, role: str, limit: int) -> list[Row]:
        return await self._select(
            "WHERE batch_id = ? AND status <> ? AND json_extract(row, ?) IS NOT NULL"
            " AND coalesce(json_extract(row, '$.envelope.round'), 0) < ? ORDER BY slot LIMIT ?",
            batch_id,
            IN_PROGRESS,
            f"$.envelope.prompt_versions.{role}",
            round_,
            limit,
        )

    async def slots(self, batch_id: str) -> set[int]:
        return await self._database.read(
            lambda connection: {
                slot for (slot,) in connection.execute("SELECT slot FROM problems WHERE batch_id = ?", (batch_id,))
            }
        )

    async def outlines(
        self, batch_id: str, *, start: int = 0, limit: int = 2000, status: str | None = None
    ) -> list[Row]:
        where, values = _where(batch_id=batch_id, status=status)
        sql = f"""SELECT slot, status, epoch, seq, json_extract(row, '$.first') FROM problems
                  WHERE {where} AND slot >= ? ORDER BY slot LIMIT ?"""
        found = await self._database.read(
            lambda connection: connection.execute(sql, (*values, start, limit)).fetchall()
        )
        return [
            {"slot": slot, "status": status, "place": [epoch, seq], "first": from_json(first) if first else None}
            for slot, status, epoch, seq, first in found
        ]

    async def count(self, batch_id: str | None = None, *, kinds: Sequence[str] | None = None) -> int:
        return await self._count(*_where(batch_id=batch_id, kind=kinds))

    async def delete(self, batch_id: str) -> None:
        await delete_batch(self._database, "problems", batch_id)

    async def _count(self, where: str, values: tuple[Any, ...]) -> int:
        return await self._database.read(
            lambda connection: int(
                connection.execute(f"SELECT count(*) FROM problems WHERE {where}", values).fetchone()[0]
            )
        )

    async def _select(self, where: str, *values: Any) -> list[Row]:
        rows = await self._database.read(lambda connection: connection.execute(f"{_SELECT} {where}", values).fetchall())
        return [join_vector(from_json(row), vector) for row, vector in rows]

    async def list(
        self,
        *,
        skip: int,
        limit: int,
        batch_id: str | None = None,
        status: str | None = None,
        reason: str | None = None,
        subject: Sequence[str] | None = None,
        topic: Sequence[str] | None = None,
        q: str | None = None,
        kinds: Sequence[str] | None = None,
    ) -> tuple[list[Row], int]:
        where, values = _where(
            batch_id=batch_id, status=status, reason=reason, subject=subject, topic=topic, kind=kinds
        )
        if q:
            where, values = f"{where} AND instr(text, ?) > 0", (*values, q.lower())
        total = await self._count(where, values)
        page_of = "ORDER BY batch_id, slot LIMIT ? OFFSET ?"
        return await self._select(f"WHERE {where} {page_of}", *values, limit, skip), total


def _where(**filters: Any) -> tuple[str, tuple[Any, ...]]:
    """Columns that shall have a value, or one of several."""
    given = {
        name: (value,) if isinstance(value, str) else value for name, value in filters.items() if value is not None
    }
    conditions = [
        f"{name} = ?" if len(values) == 1 else f"{name} IN ({', '.join('?' * len(values))})"
        for name, values in given.items()
    ]
    return " AND ".join(conditions or ["TRUE"]), tuple(value for values in given.values() for value in values)


def _values(row: Row) -> tuple[Any, ...]:
    lean, vector = part_vector(row)
    text = (row.get("envelope") or {}).get("problem")
    return (
        row["id"],
        row["batch_id"],
        row["slot"],
        row["hop"],
        *row["place"],
        row.get("status"),
        row.get("reason"),
        row.get("subject"),
        row.get("topic"),
        text.lower() if text else None,
        encode(lean),
        vector,
        row.get("kind", "generation"),
    )
