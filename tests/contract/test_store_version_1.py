"""A SQLite file as the version before lines made it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shared.store.sqlite import SqliteStore, schema
from shared.store.sqlite.schema import VERSION, bring_up_to_date
from tests.contract.store_documents import row
from tests.version_1 import batch_id, put_store

INSERT = (
    "INSERT INTO problems (id, batch_id, slot, hop, epoch, seq, status, reason, subject, topic, text, row, vector) "
    "SELECT id || 'x', batch_id, slot + 1000, hop, epoch, seq, status, reason, subject, topic, text, row, vector "
    "FROM problems LIMIT 1"
)  #: with the columns that the old version knew


@pytest.fixture
def path(tmp_path: Path) -> Path:
    put_store(tmp_path)
    return tmp_path / "stumper.db"


def tables(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def columns(path: Path, table: str) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}


async def test_it_becomes_one_like_a_new_one(path: Path, tmp_path: Path) -> None:
    assert version(path) == 1
    before = tables(path)
    async with await SqliteStore.open(path) as store:
        assert await store.problems.count(kinds=["generation"]) == await store.problems.count() > 0
        assert await store.batches.get(batch_id("half"))
    async with await SqliteStore.open(tmp_path / "new.db"):
        pass
    assert version(path) == version(tmp_path / "new.db") == VERSION
    assert tables(path).keys() == tables(tmp_path / "new.db").keys() > before.keys()
    for table in ("batches", "problems", "calls", "items", "checkpoints", "records"):
        assert columns(path, table) == columns(tmp_path / "new.db", table)


async def test_many_that_open_it_at_once_change_it_once(path: Path) -> None:
    stores = await asyncio.gather(*(SqliteStore.open(path) for _ in range(8)))
    assert len({await store.problems.count() for store in stores}) == 1
    await asyncio.gather(*(store.problems.put([row(number)]) for number, store in enumerate(stores)))
    assert await stores[0].problems.slots("b1") == set(range(8))
    for store in stores:
        await store.close()
    assert version(path) == VERSION


async def test_an_old_process_that_still_has_it_open_goes_on_and_loses_nothing(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        (before,) = old.execute("SELECT count(*) FROM problems").fetchone()
        async with await SqliteStore.open(path) as store:
            old.execute(INSERT)
            old.execute("PRAGMA user_version = 1")  # its sign of life
            assert await store.problems.count(kinds=["generation"]) == before + 1
            await store.problems.put([row(0) | {"kind": "text"}])
        async with await SqliteStore.open(path) as store:
            assert await store.problems.count(kinds=["text"]) == 1
    assert version(path) == VERSION


async def test_a_change_that_is_cut_short_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tables(path)
    monkeypatch.setattr(schema, "ITEMS", "CREATE TABLE a syntax error")  # after the columns were added
    with closing(sqlite3.connect(path, isolation_level=None)) as dying:
        dying.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError):
            bring_up_to_date(dying, 1)
    assert (version(path), tables(path)) == (1, before)
