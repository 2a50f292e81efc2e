"""What the ledger loses, doubles or should never have held. On both stores."""

from __future__ import annotations

from services.conductor.sweep import Sweep
from shared import subjects
from shared.contracts.problem import Problem, ProblemStatus
from shared.contracts.statuses import BatchStatus, Flag, Status
from shared.controls import read_flags
from tests.flow.world import COST, World, all_valid, batch, every_third_valid


async def test_a_ghost_counts_only_its_cost(world: World) -> None:
    """A handler that slept through its batch's end and purge: its call was paid, its problem is not news."""
    new = await world.accept(batch(2))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    held = Problem.model_validate_json((await world.ledger.last(f"problems.engineer.{new.id}.0.0")).data)
    done = await world.run(conductor, new.id)
    conductor.settings = world.settings.model_copy(update={"purge_after": 0.0})
    await Sweep(conductor).run()
    assert (await world.batch(new.id)).purged
    assert await world.ledger.read(0, subject=f"*.*.{new.id}.>") == []
    assert await read_flags(world.ledger) == {new.id: Flag.ENDED}
    await world.handle("engineer", held, all_valid)
    await world.put(subjects.FINISHED, held.but(hop=1, status=ProblemStatus.SOLVED))
    await world.step(conductor)
    after = await world.batch(new.id)
    assert after.counts == done.counts
    assert after.cost == done.cost + COST
    await world.step(conductor)
    assert (await world.batch(new.id)).cost == after.cost


async def test_what_other_stages_make_of_a_ghost_is_no_news(world: World) -> None:
    """A handler sleeps at a stage; the problem ends there; it wakes after the purge and sends the problem further."""
    new = await world.accept(batch(1, max_attempts=2))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    await world.play()
    await world.play()
    held = Problem.model_validate_json((await world.ledger.last(f"problems.solver.{new.id}.0.2")).data)
    await world.put(subjects.FINISHED, held.but(hop=3, status=ProblemStatus.SOLVED))
    world.read = (await world.ledger.state()).last
    done = await world.run(conductor, new.id)
    assert done.counts == {"solved": 1, "valid": 1}
    rows = [row async for row in world.store.problems.stream(batch_id=new.id)]
    await world.ledger.purge(new.id, vectors=True, dead=False)
    world.read = (await world.ledger.state()).last
    await world.handle("solver", held, all_valid)
    await world.play(lambda _: Status.CANCELLED)
    assert await world.ledger.last(f"problems.finished.{new.id}.0.4") is not None
    await world.step(conductor)
    after = await world.batch(new.id)
    assert after.counts == done.counts
    assert after.cost == done.cost + 2 * COST
    assert [row async for row in world.store.problems.stream(batch_id=new.id)] == rows


async def test_a_lost_ledger_costs_money_but_no_batch(world: World) -> None:
    new = await world.accept(batch(6, max_in_flight=4))
    conductor = world.conductor()
    await conductor.resume()
    for _ in range(3):
        await world.step(conductor)
        await world.play(every_third_valid)
    before = await world.batch(new.id)
    await world.ledger.js.delete_stream("LEDGER")
    await world.ledger.ensure()
    world.read = 0
    done = await world.run(world.conductor(), new.id, every_third_valid)
    assert done.status is BatchStatus.COMPLETED
    assert done.counts.get("valid", 0) == 6
    assert done.applied.epoch == 2
    assert done.cost >= before.cost
    rows = [row async for row in world.store.problems.stream(batch_id=new.id)]
    assert done.ended_problems == len(rows)


async def test_calls_of_a_restored_ledger_are_not_counted_again(world: World) -> None:
    """The same facts in a stream that looks new: they are ghosts, and their calls are known."""
    new = await world.accept(batch(3))
    conductor = world.conductor()
    done = await world.run(conductor, new.id)
    checkpoint = await world.store.checkpoints.get("conductor")
    assert await world.store.checkpoints.swap("conductor", checkpoint, checkpoint | {"created": 1.0})
    again = world.conductor()
    await again.resume()
    assert again.epoch == 2
    await world.step(again)
    found = await world.batch(new.id)
    assert (found.cost, found.calls, found.counts) == (done.cost, done.calls, done.counts)


async def test_a_message_dropped_by_hand_is_sent_on(world: World) -> None:
    new = await world.accept(batch(2))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    await world.play(only=("engineer",))
    await world.step(conductor)
    fact = await world.ledger.last(f"problems.checker.{new.id}.1.1")
    await world.ledger.delete("LEDGER", fact.seq)
    sweep = Sweep(conductor)
    await sweep.run()
    await sweep.run()
    again = await world.ledger.last(f"problems.checker.{new.id}.1.2")
    assert again is not None
    envelope = Problem.model_validate_json(again.data)
    assert envelope.since == 1, "a retry keeps its station's journal"
    done = await world.run(conductor, new.id)
    assert done.counts.get("valid", 0) == 2
    await world.check(new.id)


async def test_a_slot_that_never_arrived_is_issued_again(world: World) -> None:
    new = await world.accept(batch(4))
    conductor = world.conductor()
    await conductor.resume()
    await world.ledger.publish_once(subjects.batch_requested(new.id), b"")
    await world.step(conductor)
    fact = await world.ledger.last(f"problems.engineer.{new.id}.2.0")
    await world.ledger.delete("LEDGER", fact.seq)
    await world.play()
    done = await world.run(conductor, new.id)
    assert done.counts.get("valid", 0) == 4
    await world.check(new.id)


async def test_rubbish_in_the_ledger_stops_nobody(world: World) -> None:
    new = await world.accept(batch(2, max_attempts=2))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    for subject, data in (
        (f"problems.checker.{new.id}.0.1", b"\xff rubbish"),
        (f"problems.finished.{new.id}.1.1", b'{"status": "valid?", "reason": "words", "models": 3}'),
        (f"calls.checker.{new.id}.0.1.1", b'{"id": "x", "cost": "much"}'),
        (f"calls.checker.{new.id}.0.1.2", b"[]"),
        (f"problems.checker.{new.id}.x.1", b"{}"),
        ("problems.checker", b"{}"),
        ("calls.a.b.c.d.e.f.g", b"{}"),
        ("batches.unheard.of", b"{}"),
    ):
        assert await world.ledger.publish_once(subject, data) is not None
    world.read = (await world.ledger.state()).last
    await world.step(conductor)
    await Sweep(conductor).run()
    found = await world.batch(new.id)
    assert found.counts == {"checker": 1, "failed": 1}
    assert found.cost == 0


async def test_a_stray_slot_issues_nothing(world: World) -> None:
    """A message of a slot that nobody issued must not make us pay for all below it."""
    new = await world.accept(batch(2, max_attempts=20))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    for slot in (2000, 10**15):
        await world.ledger.publish_once(subjects.station("problems", "checker", new.id, slot, 1), b"{}")
    await world.step(conductor)
    await Sweep(conductor).run()
    found = await world.batch(new.id)
    assert found.issued == 2
    assert len(await world.ledger.read(0, subject=f"problems.engineer.{new.id}.>")) == 2


async def test_what_no_store_can_hold_stops_nobody(world: World) -> None:
    new = await world.accept(batch(2))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    for subject, data in (
        (f"problems.checker.{new.id}.0.1", b'{"problem": "\\ud800", "models": {}, "hints": {"$a": 1e999}}'),
        (f"problems.checker.{new.id}.99999999999999999999.1", b"{}"),
        (f"calls.checker.{new.id}.0.1.1", b'{"id": "\\ud800", "cost": 99999999999999999999}'),
        (f"problems.finished.{new.id}.1.1", b'{"models": {}, "status": ["valid"], "replays": "x"}'),
    ):
        assert await world.ledger.publish_once(subject, data) is not None
    world.read = (await world.ledger.state()).last
    other = await world.accept(batch(1))
    done = await world.run(conductor, other.id)
    assert done.counts.get("valid", 0) == 1
    assert (await world.batch(new.id)).counts["failed"] == 1
