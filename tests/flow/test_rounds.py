"""Another target for a batch: for what comes, or for all that it holds. On both stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.conductor.conductor import Conductor
from services.conductor.sweep import Sweep
from shared import subjects
from shared.contracts.batch import Batch
from shared.contracts.envelope import Ending, ModelSpec
from shared.contracts.problem import Problem, ProblemStatus
from shared.contracts.statuses import BatchStatus, Flag, Status
from shared.controls import read_flags
from tests.flow.world import COST, MODEL, World, all_valid, batch, every_third_valid

STRONGER = ModelSpec(provider="simulator", model_name="sim-weak")


def by_round(*fates: Callable[[Problem], Any]) -> Callable[[Problem], Any]:
    return lambda problem: fates[problem.round](problem)


def even_solved(problem: Problem) -> Status:
    return ProblemStatus.VALID if problem.slot % 2 else ProblemStatus.SOLVED


def all_cancelled(_: Problem) -> Status:
    return Status.CANCELLED


async def rows_of(world: World, batch_id: str) -> list[dict[str, Any]]:
    return [row async for row in world.store.problems.stream(batch_id=batch_id)]


async def began(world: World, conductor: Conductor, batch_id: str, target: ModelSpec = STRONGER) -> Batch:
    """Another round has been announced and read."""
    before = await world.batch(batch_id)
    assert await world.store.batches.wish(batch_id, target=target, round=before.wish.round + 1)
    await Sweep(conductor).run()
    await world.step(conductor)
    found = await world.batch(batch_id)
    assert (found.round, found.retrying, found.status) == (before.round + 1, True, BatchStatus.RUNNING)
    assert (found.accepted, found.finished_at, found.models["target"]) == (0, None, target)
    return found


async def test_all_that_reached_the_target_is_tried_again_and_nothing_is_made(world: World) -> None:
    new = await world.accept(batch(6))
    conductor = world.conductor()
    fate = by_round(every_third_valid, even_solved)
    first = await world.run(conductor, new.id, fate)
    before = {row["slot"]: row for row in await rows_of(world, new.id)}
    paid = world.calls
    reached = [slot for slot, row in before.items() if "target" in row["envelope"]["prompt_versions"]]
    assert len(reached) == first.seen > 6
    await began(world, conductor, new.id)
    done = await world.run(conductor, new.id, fate)
    rows = await rows_of(world, new.id)
    assert done.seen == first.seen == len(rows)
    odd = sum(slot % 2 for slot in reached)
    assert done.counts == {"solved": len(reached) - odd, "valid": 6, "surplus": odd - 6}
    assert done.accepted == odd
    assert done.status is BatchStatus.COMPLETED
    assert (world.calls - paid) == 2 * len(reached), "the solver and the embedder, nobody else"
    assert done.cost == world.calls * COST
    for row in rows:
        envelope, old = row["envelope"], before[row["slot"]]
        assert (envelope["round"], envelope["replays"]) == (1, 1)
        assert envelope["models"]["target"]["model_name"] == "sim-weak"
        assert envelope["before"]["where"].partition(":")[0] == old["status"]
    await world.check(new.id)
    assert await read_flags(world.ledger) == {new.id: Flag.ENDED}


async def test_what_never_reached_the_target_stays(world: World) -> None:
    new = await world.accept(batch(3, max_in_flight=2))
    conductor = world.conductor()
    done = await world.run(conductor, new.id)
    row = (await rows_of(world, new.id))[0]
    bare = row | {"hop": row["hop"] + 1, "envelope": row["envelope"] | {"prompt_versions": {}}}
    await world.store.problems.put([bare])
    await began(world, conductor, new.id)
    again = await world.run(conductor, new.id)
    assert again.counts == done.counts == {"valid": 3}
    assert [row["envelope"].get("round", 0) for row in await rows_of(world, new.id)] == [0, 1, 1]


@pytest.mark.parametrize("rounds", [1, 3])
async def test_the_same_model_again_leaves_valid_what_was(world: World, rounds: int) -> None:
    new = await world.accept(batch(5, max_in_flight=2))
    conductor = world.conductor()
    first = await world.run(conductor, new.id)
    for number in range(1, rounds + 1):
        await began(world, conductor, new.id, MODEL)
        done = await world.run(conductor, new.id)
        assert (done.status, done.counts, done.accepted) == (BatchStatus.COMPLETED, first.counts, 5)
        assert done.round == number
        await world.check(new.id)
    assert {row["envelope"]["replays"] for row in await rows_of(world, new.id)} == {rounds}


async def test_one_that_was_purged_is_tried_again(world: World) -> None:
    world.settings.purge_after = 0.0
    new = await world.accept(batch(4))
    conductor = world.conductor()
    await world.run(conductor, new.id)
    await Sweep(conductor).run()
    await world.step(conductor)
    assert (await world.batch(new.id)).purged
    await began(world, conductor, new.id)
    done = await world.run(conductor, new.id, even_solved)
    assert done.counts == {"valid": 2, "solved": 2}
    assert done.status is BatchStatus.EXHAUSTED
    await world.check(new.id)


async def test_a_cancelled_round_leaves_things_as_they_were(world: World) -> None:
    new = await world.accept(batch(6))
    conductor = world.conductor()
    first = await world.run(conductor, new.id, every_third_valid)
    before = {row["slot"]: (row["status"], row["reason"]) for row in await rows_of(world, new.id)}
    await began(world, conductor, new.id)
    await Sweep(conductor).run()
    await world.play(only=("solver",))
    await world.step(conductor)
    assert (await world.batch(new.id)).in_flight
    await world.store.batches.wish(new.id, state="cancelled")
    done = await world.run(conductor, new.id, all_cancelled)
    assert done.counts == first.counts
    assert done.reasons == first.reasons
    assert done.status is BatchStatus.CANCELLED
    assert {row["slot"]: (row["status"], row["reason"]) for row in await rows_of(world, new.id)} == before
    assert (await read_flags(world.ledger))[new.id] is Flag.CANCELLED
    await world.check(new.id)


async def test_a_round_that_fails_leaves_things_as_they_were(world: World) -> None:
    new = await world.accept(batch(3))
    conductor = world.conductor()
    await world.run(conductor, new.id)
    await began(world, conductor, new.id)
    await Sweep(conductor).run()
    await world.step(conductor)
    fails = iter([Status.FAILED, ProblemStatus.VALID])
    done = await world.run(conductor, new.id, lambda _: next(fails, ProblemStatus.SOLVED))
    assert done.counts == {"valid": 2, "solved": 1}
    assert done.accepted == 1
    await world.check(new.id)


async def test_a_cap_holds_in_a_round(world: World) -> None:
    new = await world.accept(batch(4))
    conductor = world.conductor()
    first = await world.run(conductor, new.id)
    await world.store.batches.wish(new.id, max_cost=first.cost + COST)
    await began(world, conductor, new.id)
    await Sweep(conductor).run()
    await world.play(only=("solver",))
    await world.step(conductor)
    await Sweep(conductor).run()
    assert (await read_flags(world.ledger))[new.id] is Flag.CANCELLED
    done = await world.run(conductor, new.id, all_cancelled)
    assert (done.status, done.counts) == (BatchStatus.BUDGET_REACHED, {"valid": 4})
    await world.check(new.id)


async def test_a_batch_that_runs_tops_up_to_what_is_wanted(world: World) -> None:
    new = await world.accept(batch(6, max_in_flight=4))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    for _ in range(4):
        await world.play()
    await world.step(conductor)
    await world.play(only=("engineer",))
    await world.step(conductor)
    running = await world.batch(new.id)
    assert not running.ended
    assert running.counts["valid"] == 4
    await began(world, conductor, new.id)
    done = await world.run(conductor, new.id, by_round(all_valid, even_solved))
    assert done.status is BatchStatus.COMPLETED
    assert done.accepted >= 6
    rows = await rows_of(world, new.id)
    assert all(row["envelope"].get("round") == 1 for row in rows)
    assert {row["envelope"]["models"]["target"]["model_name"] for row in rows} == {"sim-weak"}
    assert done.counts["valid"] == 6
    await world.check(new.id)


async def test_without_a_round_only_what_begins_later_has_the_new_target(world: World) -> None:
    new = await world.accept(batch(4, max_in_flight=2))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    await world.store.batches.wish(new.id, target=STRONGER)
    await world.run(conductor, new.id)
    targets = [row["envelope"]["models"]["target"]["model_name"] for row in await rows_of(world, new.id)]
    assert targets == ["sim-strong"] * 2 + ["sim-weak"] * 2


async def test_a_lost_announcement_is_made_again(world: World) -> None:
    new = await world.accept(batch(2))
    conductor = world.conductor()
    await world.run(conductor, new.id)
    await world.store.batches.wish(new.id, target=STRONGER, round=1)
    sweep = Sweep(conductor)
    await sweep.run()
    await world.ledger.purge_subject(f"batches.changed.{new.id}.>")
    await sweep.run()
    await world.step(conductor)
    assert (await world.batch(new.id)).round == 1
    done = await world.run(conductor, new.id)
    assert done.counts == {"valid": 2}


async def test_rivals_and_a_new_conductor_at_every_step_come_to_the_same(world: World) -> None:
    new = await world.accept(batch(6))
    fate = by_round(every_third_valid, even_solved)
    conductor = world.conductor()
    first = await world.run(conductor, new.id, fate)
    await began(world, conductor, new.id)
    for turn in range(200):
        rivals = [world.conductor(), world.conductor()]
        for rival in rivals:
            await rival.resume()
            await rival.step()
            await Sweep(rival).run()
        moved = await world.play(fate) if turn % 2 else 1
        found = await world.batch(new.id)
        if found.ended and not moved and not found.in_flight:
            break
    odd = first.seen // 2
    assert found.counts == {"solved": first.seen - odd, "valid": 6, "surplus": odd - 6}
    await world.check(new.id)


def test_an_ending_of_before_is_kept_whole() -> None:
    ending = Ending(code="duplicate", detail="of x")
    problem = Problem(
        batch_id="b", slot=0, hop=9, route=[], models={}, subject="", topic="",
        before={"where": "discarded:duplicate", "reason": ending, "rank": None}, round=2,
    )  # fmt: skip
    assert Problem.model_validate_json(problem.model_dump_json()) == problem
    assert subjects.parse(subjects.batch_changed("b", 3)) == subjects.BatchSubject("changed", "b", 3)
