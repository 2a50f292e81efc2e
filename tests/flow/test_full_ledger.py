"""A ledger with no byte left: what has ended still gives its space back, so that the rest goes on."""

from __future__ import annotations

import time

import pytest

from services.conductor import low_water
from services.conductor.low_water import LowWater
from services.conductor.sweep import Sweep
from shared import subjects
from shared.contracts.problem import Problem
from shared.contracts.statuses import BatchStatus
from shared.controls import read_floors
from shared.errors import StreamFull
from shared.settings import Settings
from tests.flow.world import COST, World, all_valid, batch

SMALL = 1024**2  # bytes; the smallest ledger that settings allow


@pytest.fixture
def config(config: Settings) -> Settings:
    """No stage is there that could go by older floors, so what has ended is purged at the next sweep."""
    return config.model_copy(update={"purge_delay": 0.0, "ledger_max_bytes": SMALL})


async def fill_up(world: World) -> None:
    size, n = 64 * 1024, 0
    while size:
        try:
            n += 1
            await world.ledger.publish_once(subjects.call("engineer", "nobody", 0, 0, n), b"x" * size)
        except StreamFull:
            size //= 2


async def test_what_has_ended_gives_room_to_what_waits_to_be_sent_on(world: World) -> None:
    new = await world.accept(batch(8, max_in_flight=8))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    world.bulk = "x" * 2000
    last = await world.ledger.last(subjects.slot_span("problems", new.id, 7))
    assert last is not None
    held = Problem.model_validate_json(last.data)
    waits = held.but(hop=1, route=["engineer", *held.route], not_before=time.time())
    assert await world.put(subjects.PARKED, waits, last.seq)
    for _ in range(9):
        await world.play()
    await world.step(conductor)
    assert (await world.batch(new.id)).in_flight == 1
    await fill_up(world)
    sweep = Sweep(conductor)
    for _ in range(3):
        await sweep.run()
    assert (await read_floors(world.ledger))[new.id] == 7
    again = await world.ledger.last(subjects.slot_span("problems", new.id, 7))
    assert again is not None
    assert again.subject == subjects.station("problems", "engineer", new.id, 7, 2)


async def test_an_end_that_nobody_can_be_told_of_gives_its_space_back(world: World) -> None:
    new = await world.accept(batch(3))
    conductor = world.conductor()
    await conductor.resume()
    for _ in range(7):
        await world.step(conductor)
        await world.play()
    await fill_up(world)
    await world.step(conductor)
    found = await world.batch(new.id)
    assert found.status is BatchStatus.COMPLETED
    await Sweep(conductor).run()
    assert (await world.batch(new.id)).purged
    assert await world.ledger.last(f"problems.*.{new.id}.>") is None
    assert await read_floors(world.ledger) == {}


async def test_what_was_in_flight_when_its_turn_came_gives_up_its_calls_once_it_has_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a straggler."""
    monkeypatch.setattr(low_water, "ROOMY", -1.0)
    new = await world.accept(batch(8, max_in_flight=8))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    low = LowWater(conductor)

    async def thin() -> None:
        await world.step(conductor)
        found = await world.batch(new.id)
        for _ in range(3):
            await low.begin([found])
            await low.run(found, 0.6)

    async def calls() -> set[int]:
        found = await world.ledger.read(0, subject=f"calls.*.{new.id}.>")
        return {int(fact.subject.split(".")[3]) for fact in found}

    held = []
    for stage in ("engineer", "checker", "solver", "embedder"):
        for fact in await world.ledger.read(0, subject=f"problems.{stage}.{new.id}.>"):
            problem = Problem.model_validate_json(fact.data)
            if problem.slot in (0, 5):
                held += [(problem, fact.seq)]
            else:
                await world.handle(stage, problem, all_valid, fact.seq)
    await thin()
    assert await calls() == set()
    (straggler, seq), (problem, at) = held
    await world.handle("engineer", problem, all_valid, at)
    await thin()
    assert await calls() == {5}, "it is in flight"
    for stage in ("checker", "solver", "embedder"):
        fact = await world.ledger.last(subjects.slot_span("problems", new.id, 5))
        assert fact is not None
        await world.handle(stage, Problem.model_validate_json(fact.data), all_valid, fact.seq)
    await thin()
    assert await calls() == set()
    await world.handle("engineer", straggler, all_valid, seq)
    world.read = 0
    done = await world.run(conductor, new.id)
    assert done.cost == world.calls * COST
    await world.check(new.id)
