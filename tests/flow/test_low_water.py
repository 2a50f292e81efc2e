"""A running batch gives ledger back: nothing in flight is lost, nothing is paid or counted twice for it."""

from __future__ import annotations

import pytest

from services.conductor import low_water
from services.conductor.low_water import THIN_AT_ONCE, LowWater
from services.conductor.sweep import Sweep
from shared import dead_letters, subjects
from shared.claim import Claim
from shared.contracts.batch import Batch
from shared.contracts.envelope import Ending
from shared.contracts.problem import Problem, ProblemStatus
from shared.contracts.statuses import BatchStatus, Reason, Status
from shared.controls import read_floors, set_floor
from shared.errors import LedgerUnavailable, Overtaken
from shared.facts import Fact
from shared.flags import Flags
from shared.ledger import Ledger
from shared.llm.journal import Journal
from shared.settings import Settings
from tests.flow.bombs import Bomb, Crash
from tests.flow.world import COST, World, all_valid, batch, every_third_valid

SMALL = 1024**2  # bytes; the smallest ledger that settings allow


@pytest.fixture(autouse=True)
def greedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Space is given back though there is plenty."""
    monkeypatch.setattr(low_water, "ROOMY", -1.0)


@pytest.fixture
def config(config: Settings) -> Settings:
    """No stage is there that could go by older floors, so what has ended is purged at the next sweep."""
    return config.model_copy(update={"purge_delay": 0.0})


async def small(world: World) -> None:
    world.ledger.settings = world.settings.model_copy(update={"ledger_max_bytes": SMALL})
    await world.ledger.ensure()


async def facts(world: World, batch_id: str, kind: str = "problems") -> list[Fact]:
    found: list[Fact] = []
    while chunk := await world.ledger.read(found[-1].seq if found else 0, subject=f"{kind}.*.{batch_id}.>"):
        found += chunk
    return found


async def newest(world: World, new: Batch, slot: int) -> tuple[Problem, int]:
    fact = await world.ledger.last(subjects.slot_span("problems", new.id, slot))
    assert fact is not None
    return Problem.model_validate_json(fact.data), fact.seq


async def conduct(world: World, new: Batch, turns: int = 8, **play: object) -> Sweep:
    """A conductor and stages for some turns, each with a sweep."""
    conductor = world.conductor()
    await conductor.resume()
    sweep = Sweep(conductor)
    for _ in range(turns):
        await world.step(conductor)
        await sweep.run()
        await world.play(**play)  # type: ignore[arg-type]
    await world.step(conductor)
    return sweep


async def test_where_there_is_room_nothing_is_given_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    new = await world.accept(batch(9))
    sweep = await conduct(world, new)
    assert (await read_floors(world.ledger))[new.id] > 0
    assert await world.ledger.last(subjects.station("problems", "engineer", new.id, 0, 0)) is not None
    found = await world.batch(new.id)
    assert sweep._low_water is not None
    await sweep._low_water.run(found, low_water.ROOMY + 0.01)
    assert await world.ledger.last(subjects.station("problems", "engineer", new.id, 0, 0)) is None


async def test_a_batch_of_twenty_times_the_ledgers_size_ends_exact(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a conductor that dies after each kind of write on the way."""
    monkeypatch.undo()
    await small(world)
    world.bulk = "x" * 30_000
    new = await world.accept(batch(60))
    points = ["problems.put", "batches.project", "purge_subject", "publish", "checkpoints.swap"]
    fuse: dict[str, int] = {}
    crashes = 0
    while True:
        conductor = world.conductor(Bomb(world.store, fuse), Bomb(world.ledger, fuse))
        sweep = Sweep(conductor)
        try:
            await conductor.resume()
            for turn in range(1, 10_000):
                await world.step(conductor)
                await sweep.run()
                moved = await world.play(every_third_valid)
                found = await world.batch(new.id)
                if found.ended and not found.in_flight and not moved:
                    break
                if turn == 15 and points:
                    fuse[points.pop()] = 1
            break
        except Crash:
            crashes += 1
            fuse.clear()
    assert crashes == 5
    assert found.status is BatchStatus.COMPLETED
    assert found.counts.get("valid", 0) == 60
    assert found.fact_bytes > 20 * SMALL
    assert (await world.ledger.state()).bytes < SMALL
    assert found.cost == world.calls * COST
    await world.check(new.id)


async def test_only_what_lies_below_the_oldest_slot_in_flight_goes(world: World) -> None:
    new = await world.accept(batch(9, max_in_flight=9))
    sweep = await conduct(world, new, turns=1, only=("engineer",))
    held, seq = await newest(world, new, 3)
    for stage in ("checker", "solver", "embedder", "none"):
        await world.step(sweep._conductor)
        for fact in await facts(world, new.id):
            problem = Problem.model_validate_json(fact.data)
            if fact.subject.startswith(f"problems.{stage}.") and problem.slot != 3:
                await world.handle(stage, problem, all_valid, fact.seq)
    before = await facts(world, new.id)
    first = next(fact.seq for fact in before if fact.subject == f"problems.engineer.{new.id}.3.0")
    await sweep.run()  # the floor is told
    assert await read_floors(world.ledger) == {new.id: 3}
    await sweep.run()  # and acted on
    assert await facts(world, new.id) == [fact for fact in before if fact.seq >= first]
    assert (await newest(world, new, 3))[1] == seq
    await world.handle("checker", held, all_valid, seq)
    world.read = 0
    done = await world.run(sweep._conductor, new.id)
    assert done.counts.get("valid", 0) == 9
    await world.check(new.id)


async def test_a_stage_leaves_a_slot_below_the_floor_alone(ledger: Ledger) -> None:
    """The first message of a slot that has ended, sent by a conductor that had lost NATS, and taken after the purge."""
    new = batch(3)
    problem = Problem(batch_id=new.id, slot=1, hop=0, route=[], models=new.models, subject="s", topic="t")
    flags = Flags(ledger)
    await flags.follow()
    flags.check(problem)
    await set_floor(ledger, new.id, 2)
    await ledger.nc.flush()
    await flags.reread()
    with pytest.raises(Overtaken):
        flags.check(problem)
    flags.check(problem.but(slot=2))
    flags.check(problem.but(replays=1))
    await set_floor(ledger, new.id, 0)
    await flags.reread()
    flags.check(problem)


async def test_a_first_message_that_comes_again_after_the_purge_is_no_news(world: World) -> None:
    new = await world.accept(batch(6))
    sweep = await conduct(world, new)
    before = await world.batch(new.id)
    assert (await read_floors(world.ledger)).get(new.id, 0) > 0 or before.ended
    gone = [slot for slot in range(6) if await world.ledger.last(subjects.slot_span("problems", new.id, slot)) is None]
    assert gone
    await sweep._conductor.issue(before, gone)
    assert (await newest(world, new, gone[0]))[0].hop == 0, "the server takes a purged subject again"
    await world.step(sweep._conductor)
    assert (await world.batch(new.id)).counts == before.counts


async def test_a_handler_that_slept_neither_pays_nor_publishes(world: World) -> None:
    """Its slot went on elsewhere, ended, and was purged."""
    new = await world.accept(batch(4))
    await conduct(world, new, turns=2, only=("engineer",))
    held, seq = await newest(world, new, 0)
    flags = Flags(world.ledger)
    await flags.follow()
    claim = Claim(world.ledger, flags, "problems", held, seq)
    with pytest.raises(LedgerUnavailable):
        claim.may_begin()  # nobody looked yet
    await claim.look()
    claim.may_begin()
    await world.handle("checker", held, all_valid, seq)
    with pytest.raises(Overtaken):
        await claim.look()
    await world.ledger.purge_subject(subjects.slot_span("problems", new.id, 0))
    with pytest.raises(Overtaken):
        await claim.look()
    assert await world.put("solver", held.but(hop=held.hop + 1), seq) is None, "a stale successor is refused"
    flags._read_at = 0.0  # it slept: what it looked up before counts no more
    await flags.reread()
    with pytest.raises(LedgerUnavailable):
        claim.may_begin()


async def test_a_copy_that_lags_takes_no_problem_from_its_handler(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a replicated stream any copy answers a direct get; its leader knows."""
    new = await world.accept(batch(2))
    await conduct(world, new, turns=2, only=("engineer",))
    held, seq = await newest(world, new, 0)
    flags = Flags(world.ledger)
    await flags.follow()

    async def lags(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(world.ledger, "last", lags)
    claim = Claim(world.ledger, flags, "problems", held, seq)
    await claim.look()
    claim.may_begin()
    assert await world.ledger.newest_seq(subjects.slot_span("problems", new.id, 99)) == 0
    await world.ledger.purge_subject(subjects.slot_span("problems", new.id, 0))
    with pytest.raises(Overtaken):
        await claim.look()


async def test_a_sweep_frozen_inside_a_row_sends_nothing_on(world: World) -> None:
    new = await world.accept(batch(3))
    sweep = await conduct(world, new, turns=2, only=("engineer",))
    row = await world.store.problems.get(f"{new.id}-0")
    assert row is not None
    held, seq = await newest(world, new, 0)
    await world.handle("checker", held, all_valid, seq)
    await world.ledger.purge_subject(subjects.slot_span("problems", new.id, 0))
    await sweep._send_on(new, row, held, row["stage"], held.route, seq)
    assert await world.ledger.last(subjects.slot_span("problems", new.id, 0)) is None


async def test_a_row_ahead_of_its_batch_holds_the_floor(world: World) -> None:
    """A crash between the rows and their batch: the facts are still needed to count them."""
    new = await world.accept(batch(3, max_in_flight=3))
    sweep = await conduct(world, new, turns=3)
    conductor = sweep._conductor
    await world.play()
    await world.play()
    stopped = world.conductor(Bomb(world.store, {"problems.put": 1}))
    await stopped.resume()
    with pytest.raises(Crash):
        await world.step(stopped)
    row = await world.store.problems.get(f"{new.id}-0")
    found = await world.batch(new.id)
    assert row is not None
    assert row["status"] == "valid"
    assert row["place"][1] > found.applied.seq
    low = LowWater(conductor)
    for _ in range(2):
        await low.begin([found])
        await low.run(found, 0.9)
    assert new.id not in await read_floors(world.ledger)
    done = await world.run(world.conductor(), new.id)
    assert done.counts.get("valid", 0) == 3
    await world.check(new.id)


@pytest.mark.parametrize("purge", [True, False])
async def test_a_call_that_is_published_again_is_counted_once(world: World, purge: bool) -> None:
    """Its ack was lost: after a purge the server takes it again, and so it does in a chunk that holds both."""
    new = await world.accept(batch(3))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    await world.play(only=("engineer",))
    call = (await facts(world, new.id, "calls"))[0]
    if purge:
        await world.step(conductor)
        cost = (await world.batch(new.id)).cost
    await world.ledger.purge_subject(call.subject)
    assert await world.ledger.publish_once(call.subject, call.data)
    await world.ledger.publish_once(f"{call.subject}xagain", call.data)
    await world.step(conductor)
    found = await world.batch(new.id)
    assert found.calls == world.calls
    assert found.cost == (cost if purge else world.calls * COST)


async def test_a_straggler_holds_facts_but_no_calls(world: World) -> None:
    """The oldest slot stands still: what ended behind it gives up its calls, and keeps what proves it was issued."""
    new = await world.accept(batch(8, max_in_flight=8))
    sweep = await conduct(world, new, turns=1, only=())
    held, seq = await newest(world, new, 0)
    for stage in ("engineer", "checker", "solver", "embedder"):
        for fact in await facts(world, new.id):
            problem = Problem.model_validate_json(fact.data)
            if fact.subject.startswith(f"problems.{stage}.") and problem.slot:
                await world.handle(stage, problem, all_valid, fact.seq)
    await world.step(sweep._conductor)
    found = await world.batch(new.id)
    low = LowWater(sweep._conductor)
    for _ in range(3):
        await low.begin([found])
        await low.run(found, 0.6)
    assert await facts(world, new.id, "calls") == []
    assert {Problem.model_validate_json(f.data).slot for f in await facts(world, new.id)} == set(range(8))
    assert THIN_AT_ONCE > 8
    await world.handle("engineer", held, all_valid, seq)
    world.read = 0
    done = await world.run(sweep._conductor, new.id)
    assert done.cost == world.calls * COST
    assert done.counts.get("valid", 0) == 8
    await world.check(new.id)


async def test_a_dead_letter_is_replayed_from_its_journal_after_the_purge(world: World) -> None:
    new = await world.accept(batch(6, max_attempts=7))
    sweep = await conduct(world, new, turns=1, only=("engineer",))
    held, seq = await newest(world, new, 0)
    await world.call("checker", held)
    letter = dead_letters.letter(
        "problems", "checker", new.id, 0, held.hop, error="boom", faults=5, envelope=held, at=1.0
    )
    await world.ledger.publish_once(subjects.dead("checker", new.id, 0, held.hop), letter.payload())
    ending = Ending(code=Reason.FAULTS, detail="boom")
    await world.put("finished", held.but(hop=held.hop + 1, status=Status.FAILED, reason=ending), seq)
    world.read = (await world.ledger.state()).last
    for slot in range(1, 6):
        problem, at = await newest(world, new, slot)
        await world.put("finished", problem.but(hop=problem.hop + 1, status=ProblemStatus.SOLVED), at)
    for _ in range(3):
        await world.step(sweep._conductor)
        await sweep.run()
    assert await world.ledger.last(subjects.slot_span("problems", new.id, 0)) is None, "the slot gave its space back"
    assert await world.ledger.last(subjects.slot_calls(new.id, 0)) is None
    row = await world.store.problems.get(f"{new.id}-0")
    assert [each.id for each in await dead_letters.listing(world.ledger)] == [letter.id]
    hop = await dead_letters.replay(world.ledger, letter, row)
    again, _ = await newest(world, new, 0)
    assert (again.hop, again.replays, again.since) == (hop, 1, held.since)
    assert await Journal(world.ledger, "checker", again).recall(1) is not None, "its call is not paid again"
    assert await Journal(world.ledger, "checker", again.but(replays=0)).recall(1) is None
    await world.step(sweep._conductor)
    for _ in range(3):
        await sweep.run()
    assert (await newest(world, new, 0))[0] == again, "what was sent on by hand is in flight, though below the floor"


async def test_a_store_set_back_sets_the_floor_back(world: World) -> None:
    new = await world.accept(batch(30, max_in_flight=5))
    sweep = await conduct(world, new, turns=10)
    assert (await read_floors(world.ledger))[new.id] > 0
    await world.store.problems.delete(new.id)
    await sweep._conductor.resume()
    found = await world.batch(new.id)
    low = LowWater(sweep._conductor)
    await low.begin([found])
    await low.run(found, 0.1)
    assert await read_floors(world.ledger) == {}


async def test_a_slot_that_began_under_another_epoch_forbids_the_purge(world: World) -> None:
    new = await world.accept(batch(4, max_in_flight=4))
    sweep = await conduct(world, new, turns=2)
    await world.ledger.js.delete_stream("LEDGER")
    await world.ledger.ensure()
    world.read = 0
    conductor = world.conductor()
    await conductor.resume()
    sweep = Sweep(conductor)
    for _ in range(3):
        await sweep.run()
        await world.step(conductor)
    rows = await world.store.problems.outlines(new.id, status="in_progress")
    assert {row["first"][0] for row in rows} == {2}, "sent on, so that their facts begin in this ledger"
    done = await world.run(conductor, new.id)
    assert done.counts.get("valid", 0) == 4
