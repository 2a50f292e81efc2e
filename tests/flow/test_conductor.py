"""A batch's life, from its acceptance to each of its ends. On both stores."""

from __future__ import annotations

import pytest

from services.conductor.sweep import Sweep
from shared import dead_letters, subjects
from shared.contracts.envelope import Ending
from shared.contracts.problem import Problem, ProblemStatus
from shared.contracts.statuses import BatchStatus, Flag, Reason, Status
from shared.controls import read_flags, set_flag
from tests.flow.world import COST, World, batch, every_third_valid


async def test_a_batch_ends_with_exactly_the_number_wanted(world: World) -> None:
    new = await world.accept(batch(7, max_in_flight=5))
    done = await world.run(world.conductor(), new.id, every_third_valid)
    assert done.status is BatchStatus.COMPLETED
    assert done.counts.get("valid", 0) == 7
    assert done.cost == world.calls * COST
    assert done.started_at is not None
    assert done.finished_at is not None
    await world.check(new.id)
    assert [f.subject for f in await world.ledger.read(0, subject=f"batches.changed.{new.id}.>")] == [
        subjects.batch_changed(new.id, 1),
        subjects.batch_changed(new.id, 2),
    ]
    assert await read_flags(world.ledger) == {new.id: Flag.ENDED}


async def test_what_lands_beyond_the_goal_is_surplus(world: World) -> None:
    new = await world.accept(batch(3))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    await world.put(
        "engineer", Problem(batch_id=new.id, slot=3, hop=0, route=[], models=new.models, subject="", topic="")
    )
    done = await world.run(conductor, new.id)
    assert done.counts == {"valid": 3, "surplus": 1}
    await world.check(new.id)


async def test_parked_problems_go_on_when_they_are_due(world: World) -> None:
    new = await world.accept(batch(2))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    for slot, due in ((0, 1.0), (1, 1e12)):
        envelope = Problem.model_validate_json((await world.ledger.last(f"problems.engineer.{new.id}.{slot}.0")).data)
        parked = envelope.but(hop=1, route=["engineer", *envelope.route], not_before=due)
        await world.put(subjects.PARKED, parked)
    world.read = (await world.ledger.state()).last
    await world.step(conductor)
    assert (await world.batch(new.id)).counts == {"parked": 2}
    await Sweep(conductor).run()
    assert await world.ledger.last(f"problems.engineer.{new.id}.0.2") is not None
    assert await world.ledger.last(f"problems.engineer.{new.id}.1.2") is None
    await world.store.batches.wish(new.id, state="cancelled")
    await Sweep(conductor).run()
    assert await world.ledger.last(f"problems.engineer.{new.id}.1.2") is not None, "a stopped batch waits for nobody"


async def test_cancel_ends_when_nothing_is_in_flight(world: World) -> None:
    new = await world.accept(batch(5))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    await world.play(only=("engineer",))
    await world.store.batches.wish(new.id, state="cancelled")
    done = await world.run(conductor, new.id, lambda _: Status.CANCELLED)
    assert done.status is BatchStatus.CANCELLED
    assert done.counts == {"cancelled": 5}
    assert await read_flags(world.ledger) == {new.id: Flag.CANCELLED}
    await world.check(new.id)


async def test_a_batch_nobody_can_stump_is_exhausted(world: World) -> None:
    new = await world.accept(batch(2, max_attempts=7, max_in_flight=3))
    done = await world.run(world.conductor(), new.id, lambda _: ProblemStatus.SOLVED)
    assert done.status is BatchStatus.EXHAUSTED
    assert done.counts == {"solved": 7}
    await world.check(new.id)


async def test_recorded_cost_reaches_the_cap(world: World) -> None:
    new = await world.accept(batch(50, max_in_flight=2, max_cost=20 * COST))
    done = await world.run(world.conductor(), new.id, lambda _: ProblemStatus.SOLVED)
    assert done.status is BatchStatus.BUDGET_REACHED
    assert 20 * COST <= done.cost <= (20 + 2 * 4) * COST
    await world.check(new.id)


async def test_a_providers_refusal_ends_the_batch_with_its_words(world: World) -> None:
    new = await world.accept(batch(50, max_in_flight=3))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    facts = await world.ledger.read(0, subject=f"problems.engineer.{new.id}.>")
    for fact in facts:
        problem = Problem.model_validate_json(fact.data)
        words = Ending(code=Reason.PROVIDER_ERROR, detail="no such model", stops_batch=True)
        await world.put(subjects.FINISHED, problem.but(hop=1, status=Status.FAILED, reason=words))
    world.read = facts[-1].seq
    done = await world.run(conductor, new.id)
    assert done.status is BatchStatus.FAILED
    assert done.error == "no such model"
    assert done.issued == 3
    await world.check(new.id)


async def test_a_dead_letter_replayed_to_a_valid_end(world: World) -> None:
    new = await world.accept(batch(1, max_attempts=1))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    fact = await world.ledger.last(f"problems.engineer.{new.id}.0.0")
    problem = Problem.model_validate_json(fact.data)
    letter = dead_letters.letter("problems", "engineer", new.id, 0, 0, error="boom", at=0.0, faults=5, envelope=problem)
    await world.ledger.publish_once(subjects.dead("engineer", new.id, 0, 0), letter.payload())
    await world.put(subjects.FINISHED, problem.but(hop=1, status=Status.FAILED, reason=Ending(code=Reason.FAULTS)))
    world.read = (await world.ledger.state()).last
    failed = await world.run(conductor, new.id)
    assert failed.status is BatchStatus.EXHAUSTED
    assert failed.reasons == {"faults": 1}

    found = await dead_letters.find(world.ledger, letter.id)
    assert found == letter
    assert await dead_letters.listing(world.ledger) == [letter]
    row = await world.store.problems.get(f"{new.id}-0")
    assert await dead_letters.replay(world.ledger, letter, row) == 2
    assert await dead_letters.listing(world.ledger) == []
    done = await world.run(conductor, new.id)
    assert done.counts == {"valid": 1}
    assert done.status is BatchStatus.COMPLETED
    await world.check(new.id)


async def test_deleting_cascades_and_the_id_is_never_reused(world: World) -> None:
    new = await world.accept(batch(3))
    conductor = world.conductor()
    await world.run(conductor, new.id)
    other = await world.accept(batch(1))
    await world.run(conductor, other.id)
    await world.store.batches.wish(new.id, state="deleted")
    await Sweep(conductor).run()
    assert await world.store.problems.count(new.id) == 0
    assert await world.store.calls.count(new.id) == 0
    assert await world.ledger.read(0, subject=f"*.*.{new.id}.>") == []
    assert not await world.store.batches.insert(new)
    assert (await world.batch(other.id)).counts["valid"] == 1
    await world.put(
        "finished", Problem(batch_id=new.id, slot=0, hop=9, route=[], models=new.models, subject="", topic="")
    )
    await world.step(conductor)
    assert await world.store.problems.count(new.id) == 0


async def test_the_sweep_does_not_clear_a_cancel_that_it_has_not_read(world: World) -> None:
    new = await world.accept(batch(3))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    stale = await world.batch(new.id)
    await world.store.batches.wish(new.id, state="cancelled")
    await set_flag(world.ledger, new.id, Flag.CANCELLED)
    conductor.flags = await read_flags(world.ledger)
    await conductor.show_flag(stale)
    assert await read_flags(world.ledger) == {new.id: Flag.CANCELLED}


async def test_many_batches_together_stay_below_the_ceiling(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.conductor.conductor.TOTAL_IN_FLIGHT", 100)
    conductor = world.conductor()
    await conductor.resume()
    for _ in range(6):
        await world.accept(batch(60))
    await Sweep(conductor).run()
    assert len(await world.ledger.read(0, subject="problems.engineer.>")) <= 100 + 4 * 8


async def test_a_small_cap_is_not_overshot_by_all_that_is_in_flight(world: World) -> None:
    """500 wanted and money for 3 problems: a few are tried at first, then only what can be paid for."""
    new = await world.accept(batch(500, max_cost=12 * COST))
    done = await world.run(world.conductor(), new.id, lambda _: ProblemStatus.SOLVED)
    assert done.status is BatchStatus.BUDGET_REACHED
    assert done.cost <= 12 * COST + 8 * 4 * COST


async def test_a_provider_that_is_down_is_named_until_it_is_back(world: World) -> None:
    new = await world.accept(batch(1))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    problem = Problem.model_validate_json((await world.ledger.last(f"problems.engineer.{new.id}.0.0")).data)
    why = Ending(code=Reason.PROVIDER_ERROR, detail="simulator/sim-strong is failing: 503")
    parked = problem.but(hop=1, route=["engineer", *problem.route], not_before=1.0, reason=why)
    await world.put(subjects.PARKED, parked)
    world.read = (await world.ledger.state()).last
    await world.step(conductor)
    assert (await world.batch(new.id)).waiting == "simulator/sim-strong is failing: 503"
    done = await world.run(conductor, new.id)
    assert done.status is BatchStatus.COMPLETED
    assert done.waiting is None
    row = await world.store.problems.get(f"{new.id}-0")
    assert row is not None
    assert row["envelope"]["reason"] is None


async def test_a_dead_letter_that_is_not_ours_is_shown_and_dropped(world: World) -> None:
    for subject, data in (("dead.engineer.x.1.1", b"1"), ("dead.y", b"\xff"), ("dead.a.b.c.d.e.f", b"{}")):
        await world.ledger.publish(subject, data, {})
    letters = await dead_letters.listing(world.ledger)
    assert [letter.id for letter in letters] == ["engineer.x.1.1", "y", "a.b.c.d.e.f"]
    for letter in letters:
        assert "no dead letter of ours" in letter.error
        with pytest.raises(ValueError, match="no readable envelope"):
            await dead_letters.replay(world.ledger, letter, None)
        assert await dead_letters.drop(world.ledger, letter.id)
    assert await dead_letters.listing(world.ledger) == []
