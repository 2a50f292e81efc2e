"""SQLite: the embedded default. One file, safe from several processes at once, nothing to install or start."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Self

from shared.store.sqlite.batches import SqliteBatches, SqliteCheckpoints
from shared.store.sqlite.calls import SqliteCalls
from shared.store.sqlite.database import Database
from shared.store.sqlite.items import SqliteItems
from shared.store.sqlite.problems import SqliteProblems
from shared.store.sqlite.records import SqliteRecords
from shared.store.sqlite.schema import VERSION


class SqliteStore:
    """One database file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.batches = SqliteBatches(database)
        self.problems = SqliteProblems(database)
        self.calls = SqliteCalls(database)
        self.items = SqliteItems(database)
        self.records = SqliteRecords(database)
        self.checkpoints = SqliteCheckpoints(database)

    @classmethod
    async def open(cls, path: Path) -> SqliteStore:
        """Folder, file and tables are made where they are missing."""
        return cls(await Database.open(path))

    async def ping(self) -> str:
        """By a write, which changes nothing: on a full disk reads go on."""
        await self._database.read(lambda connection: connection.execute("SELECT 1 FROM batches").fetchone())
        await self._database.write(lambda connection: connection.execute(f"PRAGMA user_version = {VERSION}").close())
        return f"SQLite {sqlite3.sqlite_version}"

    async def close(self) -> None:
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
