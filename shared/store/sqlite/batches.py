"""Batches and checkpoints in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from shared.contracts.batch import Batch
from shared.contracts.statuses import ENDED
from shared.store.documents import DELETED, TALLIED, canonical, checked, emptied, facts_of, is_open, reopens
from shared.store.sqlite.database import AMONG, Database

_SELECT = "SELECT id, wish, facts FROM batches"
_SELECT_LEAN = "SELECT id, wish, json_set(facts, '$.topics', json_array()) FROM batches"


class SqliteBatches:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, batch: Batch) -> bool:
        values = (
            batch.id,
            batch.created_at,
            batch.status,
            batch.wish.state,
            batch.wish.rev,
            batch.applied.epoch,
            batch.applied.seq,
            is_open(batch, batch.wish.state),
            batch.wish.model_dump_json(),
            canonical(facts_of(batch)),
            batch.kind,
        )

        def work(connection: sqlite3.Connection) -> bool:
            cursor = connection.execute(
                "INSERT INTO batches (id, created_at, status, state, rev, epoch, seq, open, wish, facts, kind)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                values,
            )
            return cursor.rowcount == 1

        return await self._database.write(work)

    async def get(self, batch_id: str) -> Batch | None:
        return (await self.get_many([batch_id])).get(batch_id)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Batch]:
        wanted = json.dumps(list(ids))
        found = await self._select(f"WHERE id {AMONG}", wanted)
        return {batch.id: batch for batch in found}

    async def open(self) -> list[Batch]:
        return await self._select("WHERE open ORDER BY created_at, id")

    async def wish(self, batch_id: str, **changes: Any) -> Batch | None:
        changes = checked(changes)

        def work(connection: sqlite3.Connection) -> Batch | None:
            row = connection.execute(f"{_SELECT} WHERE id = ? AND state <> ?", (batch_id, DELETED)).fetchone()
            if row is None:
                return None
            wish = json.loads(row[1])
            wish |= {**changes, "rev": wish["rev"] + 1}
            connection.execute(
                "UPDATE batches SET wish = ?, state = ?, rev = ?, open = open OR ? WHERE id = ?",
                (canonical(wish), wish["state"], wish["rev"], reopens(changes), batch_id),
            )
            return _batch((row[0], canonical(wish), row[2]))

        return await self._database.write(work)

    async def project(self, before: Batch, after: Batch) -> bool:
        values = (
            after.created_at,
            after.status,
            after.applied.epoch,
            after.applied.seq,
            is_open(after, before.wish.state),
            canonical(facts_of(after)),
            before.id,
            before.applied.epoch,
            before.applied.seq,
            before.wish.rev,
        )

        def work(connection: sqlite3.Connection) -> bool:
            cursor = connection.execute(
                "UPDATE batches SET created_at = ?, status = ?, epoch = ?, seq = ?, open = ?, facts = ?"
                " WHERE id = ? AND epoch = ? AND seq = ? AND rev = ? AND NOT buried",
                values,
            )
            return cursor.rowcount == 1

        return await self._database.write(work)

    async def expired(self, kind: str, before: float, limit: int = 100) -> list[str]:
        statement = (
            "SELECT id FROM batches WHERE kind = ? AND state <> ? AND status IN (SELECT value FROM json_each(?))"
            " AND json_extract(facts, '$.finished_at') < ? ORDER BY json_extract(facts, '$.finished_at'), id LIMIT ?"
        )
        values = (kind, DELETED, json.dumps(sorted(ENDED)), before, limit)
        found = await self._database.read(lambda connection: connection.execute(statement, values).fetchall())
        return [batch_id for (batch_id,) in found]

    async def bury(self, batch_id: str) -> None:
        fields = emptied()

        def work(connection: sqlite3.Connection) -> None:
            row = connection.execute(
                "SELECT facts FROM batches WHERE id = ? AND state = ?", (batch_id, DELETED)
            ).fetchone()
            if row is not None:
                facts = canonical(json.loads(row[0]) | fields)
                connection.execute(
                    "UPDATE batches SET facts = ?, status = ?, open = 0, buried = 1 WHERE id = ?",
                    (facts, fields["status"], batch_id),
                )

        await self._database.write(work)

    async def _select(self, where: str, *values: Any) -> list[Batch]:
        rows = await self._database.read(lambda connection: connection.execute(f"{_SELECT} {where}", values).fetchall())
        return [_batch(row) for row in rows]

    async def list(
        self, *, status: str | None, skip: int, limit: int, kinds: Sequence[str] | None = None
    ) -> tuple[list[Batch], int]:
        where = "WHERE state <> ?"
        values: tuple[Any, ...] = (DELETED,)
        if kinds is not None:
            where, values = f"{where} AND kind IN ({', '.join('?' * len(kinds))})", (*values, *kinds)
        if status is not None:
            where, values = f"{where} AND status = ?", (*values, status)

        def work(connection: sqlite3.Connection) -> tuple[list[Any], int]:
            total = connection.execute(f"SELECT count(*) FROM batches {where}", values).fetchone()[0]
            rows = connection.execute(
                f"{_SELECT_LEAN} {where} ORDER BY created_at DESC, id LIMIT ? OFFSET ?", (*values, limit, skip)
            ).fetchall()
            return rows, total

        rows, total = await self._database.read(work)
        return [_batch(row) for row in rows], total

    async def tally(self, kinds: Sequence[str]) -> dict[str, dict[str, int]]:
        values = (DELETED, json.dumps(list(kinds)))

        def work(connection: sqlite3.Connection) -> dict[str, dict[str, int]]:
            return {
                field: dict(
                    connection.execute(
                        f"SELECT each.key, sum(each.value) FROM batches, json_each(facts, '$.{field}') AS each"
                        f" WHERE state <> ? AND kind {AMONG} GROUP BY each.key",
                        values,
                    ).fetchall()
                )
                for field in TALLIED
            }

        return await self._database.read(work)


def _batch(row: tuple[str, str, str]) -> Batch:
    return Batch.model_validate({"id": row[0], "wish": json.loads(row[1]), **json.loads(row[2])})


class SqliteCheckpoints:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> dict[str, Any] | None:
        row = await self._database.read(
            lambda connection: connection.execute("SELECT document FROM checkpoints WHERE name = ?", (name,)).fetchone()
        )
        return json.loads(row[0]) if row else None

    async def swap(self, name: str, before: dict[str, Any] | None, after: dict[str, Any]) -> bool:
        if before is None:
            statement = "INSERT INTO checkpoints (document, name) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
            values: tuple[str, ...] = (canonical(after), name)
        else:
            statement = "UPDATE checkpoints SET document = ? WHERE name = ? AND document = ?"
            values = (canonical(after), name, canonical(before))
        return await self._database.write(lambda connection: connection.execute(statement, values).rowcount == 1)
