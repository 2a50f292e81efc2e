"""One SQLite file: a thread that writes, a thread that reads, and what its errors mean."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from pydantic_core import to_json

from shared.errors import StoreUnavailable
from shared.store.sqlite.schema import VERSION, bring_up_to_date

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

PATIENCE = 10.0  # s that a write waits for another process's; theirs take milliseconds
PAUSE = 0.02  # s between two tries where SQLite itself does not wait, as when another process recovers the file
PAGE = 8192  # bytes; a row of 3 KB then needs no overflow page
CACHE = 16_384  # KB a connection
AMONG = "IN (SELECT value FROM json_each(?))"  #: one of a JSON array, so that a statement takes any number
WAL_LIMIT = 64 * 1024**2  # bytes that the log keeps on disk after a checkpoint


class Database:
    """Documents of one file. Transactions are short, so that other processes get their turn."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = _Lane(path, "write")
        self._reader = _Lane(path, "read")

    @classmethod
    async def open(cls, path: Path) -> Database:
        database = cls(path)
        try:
            await database.write(lambda _: None)
        except BaseException:
            await database.close()
            raise
        return database

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction, which is in the file when this returns; a killed process leaves all
        of it or nothing. `work` may run again, so it must have no effect but on the file."""

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            _version(connection, self._path)  # another process may have brought the file up to date meanwhile
            result = work(connection)
            connection.execute("COMMIT")
            return result

        return await self._writer.run(transaction)

    async def read(self, work: Work[T]) -> T:
        return await self._reader.run(work)

    async def close(self) -> None:
        await asyncio.gather(self._writer.close(), self._reader.close())


class _Lane:
    """A thread with a connection of its own, which it opens when it needs one."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"sqlite-{name}")
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._patiently, work)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    def _patiently(self, work: Work[T]) -> T:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self._once(work)
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
                if code == sqlite3.SQLITE_BUSY and time.monotonic() < until:
                    time.sleep(PAUSE)
                    continue
                if code in _OUR_MISTAKES:
                    raise
                if code != sqlite3.SQLITE_BUSY:
                    self._disconnect()  # the next call starts afresh
                raise StoreUnavailable(f"SQLite, {self._path}: {error}") from error
            except OSError as error:
                raise StoreUnavailable(f"SQLite, {self._path}: {error}") from error

    def _once(self, work: Work[T]) -> T:
        if self._connection is None:
            self._connection = _connect(self._path)
        try:
            return work(self._connection)
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


_OUR_MISTAKES = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_MISUSE}
)


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=PATIENCE / 2, isolation_level=None, cached_statements=256)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        _version(connection, path)  # before anything is written into a file that is not for us
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # with WAL, a commit survives the process's end
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        _make_tables(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_tables(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    if (version := _version(connection, path)) != VERSION:  # no other process was faster
        bring_up_to_date(connection, version)
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise StoreUnavailable(
            f"{path} was written by a newer Stumper (schema {version}; this one knows {VERSION}): "
            "update Stumper, or set STUMPER_DATA_DIR to another folder"
        )
    return version


def encode(row: dict[str, Any]) -> str:
    """JSON, by pydantic's encoder: a quarter of the time that the standard library's takes."""
    return to_json(row).decode()


def upsert(table: str, columns: str) -> str:
    """The statement that writes a row, over the one of the same id if there is one."""
    names = columns.split(", ")
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {changes}"


async def put_many(database: Database, statement: str, values: list[tuple[Any, ...]]) -> None:
    def work(connection: sqlite3.Connection) -> None:  # the cursor must die in the thread that made it
        connection.executemany(statement, values)

    await database.write(work)


async def delete_batch(database: Database, table: str, batch_id: str) -> None:
    """Delete a batch's rows in small transactions: other writers get their turn in between."""
    statement = f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE batch_id = ? LIMIT 2000)"
    while await database.write(lambda connection: connection.execute(statement, (batch_id,)).rowcount):
        pass
