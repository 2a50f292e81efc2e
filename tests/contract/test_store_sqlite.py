"""What can happen to a file."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shared.errors import StoreUnavailable
from shared.store.sqlite import SqliteStore, database
from tests.contract.store_documents import batch, row


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "stumper.db"


def overwrite(path: Path, start: int, end: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("r+b" if path.exists() else "wb") as file:
        file.seek(start)
        file.write(b"\xa5" * (end - start))


def content(path: Path) -> bytes:
    return path.read_bytes()


async def test_a_locked_file_is_waited_for(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(store.batches.insert(batch()))
        assert await store.batches.get("b1") is None  # who reads does not wait
        assert not writing.done()
        other.execute("COMMIT")
        other.close()
        assert await writing


async def test_a_file_that_stays_locked_is_unavailable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    async with await SqliteStore.open(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"stumper\.db: database is locked"):
            await store.batches.insert(batch())
        other.execute("ROLLBACK")
        other.close()
        assert await store.batches.insert(batch())


async def test_a_full_disk_is_unavailable_and_half_of_a_chunk_is_not_stored(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.problems.put([row(0)])
        await store._database.write(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchone())
        with pytest.raises(StoreUnavailable, match="full"):
            await store.problems.put([row(slot, problem="x" * 10_000) for slot in range(1, 500)])
        assert await store.problems.slots("b1") == {0}
        await store.problems.put([row(1)])  # there is room again
        assert await store.problems.slots("b1") == {0, 1}


async def test_a_row_that_no_table_takes_harms_no_other(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        with pytest.raises(sqlite3.IntegrityError):
            await store.problems.put([row(0), row(1) | {"batch_id": None}])
        assert await store.problems.count() == 0
        await store.problems.put([row(2)])
        assert await store.problems.slots("b1") == {2}


async def test_what_is_no_database_is_refused(path: Path) -> None:
    overwrite(path, 0, 5_000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await SqliteStore.open(path)


async def test_a_damaged_file_says_so(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.problems.put([row(slot, problem="x" * 5_000) for slot in range(50)])
    overwrite(path, database.PAGE, 20 * database.PAGE)
    async with SqliteStore(database.Database(path)) as store:
        with pytest.raises(StoreUnavailable, match="malformed"):
            await store.problems.put([row(1, hop=2)])


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="file"):
        await SqliteStore.open(tmp_path / "file" / "stumper.db")
    (tmp_path / "stumper.db").mkdir()
    with pytest.raises(StoreUnavailable, match="unable to open"):
        await SqliteStore.open(tmp_path / "stumper.db")


@pytest.mark.parametrize("mode", ["wal", "delete"])
async def test_a_newer_schema_is_refused_and_its_file_not_touched(path: Path, mode: str) -> None:
    await (await SqliteStore.open(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()
    before = content(path)
    with pytest.raises(StoreUnavailable, match=r"newer Stumper \(schema 99; this one knows 3\): update Stumper"):
        await SqliteStore.open(path)
    assert content(path) == before


async def test_a_file_that_another_process_brought_up_to_date_is_written_no_more(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.problems.put([row(0)])
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        for write in (store.problems.put([row(1)]), store.ping()):
            with pytest.raises(StoreUnavailable, match="newer Stumper"):
                await write
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM problems").fetchone() == (1,)
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)


async def test_a_file_whose_version_an_older_process_wrote_over_is_brought_up_to_date_again(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.problems.put([row(0) | {"kind": "text"}])
        await store.items.put("s", 0, [{"a": 1}])
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 1")
    async with await SqliteStore.open(path) as store:
        assert await store.problems.count(kinds=["text"]) == 1
        assert await store.items.count("s") == 1
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)


async def test_a_vector_is_kept_as_float32(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.problems.put([row(vector="AACAPwAAAMA=")])
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT vector FROM problems").fetchone() == (b"\0\0\x80\x3f\0\0\0\xc0",)
        assert "AACAPwAAAMA=" not in connection.execute("SELECT row FROM problems").fetchone()[0]
