"""Sets of items in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import from_json

from shared.store.sqlite.database import Database, encode, put_many


class SqliteItems:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, set_id: str, start: int, items: Sequence[dict[str, Any]]) -> None:
        values = [(set_id, start + place, encode(item)) for place, item in enumerate(items)]
        statement = "INSERT INTO items (set_id, number, item) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        await put_many(self._database, statement, values)

    async def get(self, set_id: str, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
        wanted = json.dumps(list(numbers))

        def work(connection: sqlite3.Connection) -> list[Any]:
            return connection.execute(
                "SELECT number, item FROM items WHERE set_id = ? AND number IN (SELECT value FROM json_each(?))",
                (set_id, wanted),
            ).fetchall()

        return {number: from_json(item) for number, item in await self._database.read(work)}

    async def count(self, set_id: str) -> int:
        sql = "SELECT count(*) FROM items WHERE set_id = ?"
        return await self._database.read(lambda connection: int(connection.execute(sql, (set_id,)).fetchone()[0]))
