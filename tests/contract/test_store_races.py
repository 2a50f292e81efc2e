"""Rivals, in one process and in several, and processes that are killed: against both stores."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from shared.contracts.batch import Batch, Place
from shared.contracts.statuses import BatchStatus
from shared.settings import Settings
from shared.store import Store, open_store
from tests.contract.store_documents import batch, call, row
from tests.contract.store_writer import CHUNK

RIVALS = 16


async def get(store: Store, batch_id: str = "b1") -> Batch:
    found = await store.batches.get(batch_id)
    assert found is not None
    return found


async def test_of_many_projections_one_wins(store: Store) -> None:
    await store.batches.insert(batch())
    for turn in range(5):
        before = await get(store)
        applied = Place(epoch=1, seq=turn + 1)
        rivals = [
            before.model_copy(update={"applied": applied, "calls": 100 * turn + n, "issued": n}) for n in range(RIVALS)
        ]
        won = await asyncio.gather(*(store.batches.project(before, after) for after in rivals))
        assert won.count(True) == 1
        assert await get(store) == rivals[won.index(True)]


async def test_of_many_inserts_one_wins(store: Store) -> None:
    won = await asyncio.gather(*(store.batches.insert(batch(name=str(n))) for n in range(RIVALS)))
    assert won.count(True) == 1
    assert (await get(store)).name == str(won.index(True))


async def test_of_many_swaps_one_wins(store: Store) -> None:
    before = None
    for turn in range(5):
        rivals = [{"turn": turn, "by": n} for n in range(RIVALS)]
        won = await asyncio.gather(*(store.checkpoints.swap("reader", before, after) for after in rivals))
        assert won.count(True) == 1
        before = await store.checkpoints.get("reader")
        assert before == rivals[won.index(True)]


async def test_every_wish_counts_and_none_is_lost_to_a_projection(store: Store) -> None:
    await store.batches.insert(batch())

    async def fold() -> None:
        before = await get(store)
        applied = Place(epoch=1, seq=before.applied.seq + 1)
        after = before.model_copy(update={"applied": applied, "calls": before.calls + 1})
        if not await store.batches.project(before, after):
            await fold()

    wishes = [store.batches.wish("b1", num_problems=n + 1) for n in range(RIVALS)]
    changed, _ = await asyncio.gather(asyncio.gather(*wishes), asyncio.gather(*(fold() for _ in range(4))))
    assert sorted(each.wish.rev for each in changed if each) == list(range(2, RIVALS + 2))
    last = max((each.wish for each in changed if each), key=lambda wish: wish.rev)
    found = await get(store)
    assert (found.wish, found.calls) == (last, 4)


async def test_a_burial_and_a_late_projection_end_in_a_tombstone(store: Store) -> None:
    await store.batches.insert(batch(name="alive"))
    await store.batches.wish("b1", state="deleted")
    before = await get(store)
    after = before.model_copy(update={"status": BatchStatus.RUNNING, "counts": {"engineer": 2}})
    await asyncio.gather(
        *(store.batches.project(before, after) for _ in range(4)),
        store.batches.bury("b1"),
        *(store.batches.project(before, after) for _ in range(4)),
    )
    found = await get(store)
    assert (found.name, found.status, found.counts, found.purged) == (None, BatchStatus.CANCELLED, {}, True)
    assert await store.batches.open() == []


async def test_rivals_that_put_a_new_row_leave_the_highest_hop(store: Store) -> None:
    for slot in range(10):
        hops = [(n * 7) % RIVALS + 1 for n in range(RIVALS)]
        await asyncio.gather(*(store.problems.put([row(slot, hop=hop)]) for hop in hops))
    assert [each async for each in store.problems.stream()] == [row(slot, hop=RIVALS) for slot in range(10)]


async def test_rivals_that_put_the_same_calls_store_each_once(store: Store) -> None:
    calls = [call(n) for n in range(50)]
    await asyncio.gather(*(store.calls.put(calls) for _ in range(RIVALS)))
    assert await store.calls.of_problem("b1-0") == calls


async def start(settings: Settings, task: str, number: int) -> Process:
    """Another process at work on the store."""
    where = settings.model_dump_json(include={"mongo_url", "mongo_database", "data_dir"})
    command = (sys.executable, "-m", "tests.contract.store_writer", where, task, str(number))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    assert await process.stdout.readline() == b"open\n"
    return process


async def test_two_processes_write_at_once(store_settings: Settings, store: Store) -> None:
    times = 40
    await store.batches.insert(batch("shared"))
    processes = [await start(store_settings, "add", times) for _ in range(2)]
    assert [await process.wait() for process in processes] == [0, 0]
    found = await get(store, "shared")
    assert (found.calls, found.applied.seq) == (2 * times, 2 * times)
    rows = [each async for each in store.problems.stream()]
    assert rows == [row(slot, "shared", hop=times) for slot in range(CHUNK)]


async def test_two_processes_make_the_tables_at_once(store_settings: Settings) -> None:
    processes = await asyncio.gather(*(start(store_settings, "add", 0) for _ in range(3)))
    assert [await process.wait() for process in processes] == [0, 0, 0]


@pytest.mark.parametrize("acknowledged", [1, 12])
async def test_a_killed_writer_leaves_all_that_was_acknowledged(store_settings: Settings, acknowledged: int) -> None:
    process = await start(store_settings, "fill", 1)
    assert process.stdout is not None
    for _ in range(acknowledged):
        await process.stdout.readline()
    process.kill()
    chunks = acknowledged + (await process.stdout.read()).count(b"\n")
    await process.wait()
    async with await open_store(store_settings) as store:
        rows = [each async for each in store.problems.stream()]
        assert rows[: chunks * CHUNK] == [row(slot, problem="x" * 3000) for slot in range(chunks * CHUNK)]
        assert all(each == row(each["slot"], problem="x" * 3000) for each in rows)
        assert await store.calls.count("b1") >= chunks * CHUNK
        if not store_settings.mongo_url:  # a chunk is one transaction
            assert len(rows) % CHUNK == 0
            assert await store.calls.count("b1") % CHUNK == 0
        await store.problems.put([row(0, hop=2)])
        assert await store.problems.get("b1-0") == row(0, hop=2)
