"""The conductor dies between two writes, sleeps before one, or has rivals: nothing changes. On both stores."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.conductor.sweep import Sweep
from shared.contracts.problem import ProblemStatus
from shared.contracts.statuses import BatchStatus
from tests.flow.bombs import Bomb, Crash
from tests.flow.world import COST, World, batch, every_third_valid

WRITES = ["calls.put", "problems.put", "batches.project", "checkpoints.swap", "publish_once"]


@pytest.mark.parametrize(("point", "nth"), [(w, n) for w in WRITES for n in (1, 2, 5)] + [("publish", 1)])
async def test_a_crash_between_any_two_writes_changes_nothing(world: World, point: str, nth: int) -> None:
    """Rows | batch | checkpoint | new slots: a new conductor takes over wherever the old one died."""
    new = await world.accept(batch(6, max_in_flight=4))
    crashes = 0
    fuse = {point: nth}
    for _ in range(300):
        conductor = world.conductor(Bomb(world.store, fuse), Bomb(world.ledger, fuse))
        try:
            await conductor.resume()
            await world.step(conductor)
            await Sweep(conductor).run()
        except Crash:
            crashes += 1
            fuse = {point: nth}
        await world.play(every_third_valid)
        found = await world.batch(new.id)
        if found.ended and not found.in_flight:
            break
    done = await world.run(world.conductor(), new.id, every_third_valid)
    assert crashes
    assert done.status is BatchStatus.COMPLETED
    assert done.counts.get("valid", 0) == 6
    assert done.cost == world.calls * COST
    await world.check(new.id)


async def test_two_conductors_at_once_count_once(world: World) -> None:
    new = await world.accept(batch(12, max_in_flight=6))
    rivals = [world.conductor() for _ in range(3)]
    for rival in rivals:
        await rival.resume()
    for _ in range(200):
        await asyncio.gather(*(rival.step() for rival in rivals))
        await asyncio.gather(*(Sweep(rival).run() for rival in rivals))
        await world.play(every_third_valid)
        found = await world.batch(new.id)
        if found.ended and not found.in_flight:
            break
    assert found.status is BatchStatus.COMPLETED
    assert found.counts.get("valid", 0) == 12
    assert found.cost == world.calls * COST
    await world.check(new.id)


@pytest.mark.parametrize("point", ["calls.put", "problems.put", "batches.project", "checkpoints.swap", "publish_once"])
async def test_a_conductor_that_sleeps_before_its_write_does_no_harm(world: World, point: str) -> None:
    """It wakes when another has long gone on, and writes what it had in hand."""
    new = await world.accept(batch(6, max_in_flight=4))
    asleep, wake = asyncio.Event(), asyncio.Event()

    class Sleeper(Bomb):
        def __getattr__(self, name: str) -> Any:
            value = getattr(self._inner, name)
            path = f"{self._path}.{name}".lstrip(".")
            if name in ("batches", "problems", "calls", "checkpoints"):
                return Sleeper(value, self._fuse, path)
            if path != point:
                return value

            async def sleep(*args: Any, **kwargs: Any) -> Any:
                self._fuse["n"] -= 1
                if self._fuse["n"] == 0:
                    asleep.set()
                    await wake.wait()
                return await value(*args, **kwargs)

            return sleep

    fuse = {"n": 3}
    frozen = world.conductor(Sleeper(world.store, fuse), Sleeper(world.ledger, fuse))
    await frozen.resume()
    task: asyncio.Task[None] | None = None
    while not asleep.is_set():
        task = asyncio.create_task(world.step(frozen))
        await asyncio.wait([task, asyncio.create_task(asleep.wait())], return_when=asyncio.FIRST_COMPLETED)
        if not asleep.is_set():
            await world.play(every_third_valid)
    done = await world.run(world.conductor(), new.id, every_third_valid)
    wake.set()
    assert task is not None
    await task
    assert (await world.batch(new.id)).counts == done.counts
    await world.check(new.id)
    assert done.cost == world.calls * COST


async def test_a_row_far_ahead_of_its_batch_is_counted_at_its_place(world: World) -> None:
    """One conductor writes rows for a long chunk and dies; the next reads in small chunks."""
    new = await world.accept(batch(5))
    first = world.conductor()
    await first.resume()
    await world.step(first)
    for _ in range(4):
        await world.play()
    fuse = {"problems.put": 1}
    dying = world.conductor(Bomb(world.store, fuse))
    await dying.resume()
    with pytest.raises(Crash):
        await world.step(dying)
    careful = world.conductor()
    await careful.resume()
    while facts := await world.ledger.read(careful.seq, limit=1):
        await careful.project(facts)
        careful.seq = facts[-1].seq
        found = await world.batch(new.id)
        assert found.seen == found.issued
        assert found.in_flight + found.ended_problems == found.seen
    await world.check(new.id)


async def test_a_row_ahead_of_its_batch_when_the_ledger_is_lost(world: World) -> None:
    """A crash between rows and batch, and then the facts are gone: stock is taken of the rows."""
    new = await world.accept(batch(4, max_in_flight=4))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    for _ in range(4):
        await world.play(lambda p: ProblemStatus.SOLVED if p.slot == 0 else ProblemStatus.VALID)
    dying = world.conductor(Bomb(world.store, {"problems.put": 1}))
    await dying.resume()
    with pytest.raises(Crash):
        await world.step(dying)
    await world.ledger.js.delete_stream("LEDGER")
    await world.ledger.ensure()
    world.read = 0
    done = await world.run(world.conductor(), new.id)
    assert done.status is BatchStatus.COMPLETED
    rows = [row async for row in world.store.problems.stream(batch_id=new.id)]
    assert done.seen == len(rows)
    assert (done.counts.get("valid", 0), done.counts["solved"]) == (4, 1)
    assert done.in_flight == 0
    await world.check(new.id)
