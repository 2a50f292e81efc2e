"""Records in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import from_json

from shared.store.documents import canonical
from shared.store.protocols import Record
from shared.store.sqlite.database import AMONG, Database


class SqliteRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, kind: str, record: Record) -> bool:
        values = (kind, record["id"], record["created_at"], canonical(record | {"rev": 1}))
        sql = "INSERT INTO records (kind, id, created_at, record) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        return await self._database.write(lambda connection: connection.execute(sql, values).rowcount == 1)

    async def get(self, kind: str, record_id: str) -> Record | None:
        return (await self.get_many(kind, [record_id])).get(record_id)

    async def get_many(self, kind: str, ids: Iterable[str]) -> dict[str, Record]:
        values = (kind, json.dumps(list(ids)))
        sql = f"SELECT id, record FROM records WHERE kind = ? AND id {AMONG}"
        rows = await self._database.read(lambda connection: connection.execute(sql, values).fetchall())
        return {record_id: from_json(record) for record_id, record in rows}

    async def swap(self, kind: str, record: Record) -> bool:
        changed = canonical(record | {"rev": record["rev"] + 1})
        values = (changed, kind, record["id"], record["rev"])
        sql = "UPDATE records SET record = ? WHERE kind = ? AND id = ? AND json_extract(record, '$.rev') = ?"
        return await self._database.write(lambda connection: connection.execute(sql, values).rowcount == 1)

    async def delete(self, kind: str, record_id: str, rev: int) -> bool:
        sql = "DELETE FROM records WHERE kind = ? AND id = ? AND json_extract(record, '$.rev') = ?"
        values = (kind, record_id, rev)
        return await self._database.write(lambda connection: connection.execute(sql, values).rowcount == 1)

    async def list(
        self, kind: str, *, skip: int = 0, limit: int, where: Mapping[str, str | int | bool | None] | None = None
    ) -> tuple[list[Record], int]:
        names = list(where or {})
        condition = "".join(" AND json_extract(record, ?) IS ?" for _ in names)
        given = [kind, *(part for name in names for part in (f'$."{name}"', (where or {})[name]))]

        def work(connection: sqlite3.Connection) -> tuple[list[Any], int]:
            rows = connection.execute(
                f"SELECT record FROM records WHERE kind = ?{condition} ORDER BY created_at DESC, id LIMIT ? OFFSET ?",
                (*given, limit, skip),
            ).fetchall()
            total = connection.execute(f"SELECT count(*) FROM records WHERE kind = ?{condition}", given).fetchone()[0]
            return rows, int(total)

        rows, total = await self._database.read(work)
        return [from_json(record) for (record,) in rows], total
