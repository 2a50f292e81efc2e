"""The conductor on a real ledger and both stores: exact under crashes, rivals, ghosts and losses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.conductor.sweep import Sweep
from shared import dead_letters, subjects
from shared.contracts.envelope import Ending, Envelope
from shared.contracts.statuses import BatchStatus, Flag, Reason, Status
from shared.ledger import Ledger
from shared.settings import Settings
from shared.store.protocols import Store
from tests.flow.world import COST, World, all_valid, batch, every_third_valid


@pytest.fixture
def world(store: Store, ledger: Ledger, config: Settings) -> World:
    return World(store, ledger, config)


async def test_a_batch_ends_with_exactly_the_number_wanted(world: World) -> None:
    new = await world.accept(batch(7, max_in_flight=5))
    done = await world.run(world.conductor(), new.id, every_third_valid)
    assert done.status is BatchStatus.COMPLETED
    assert done.valid == 7
    assert done.cost == world.calls * COST
    assert done.started_at is not None
    assert done.finished_at is not None
    await world.check(new.id)
    assert [f.subject for f in await world.ledger.read(0, subject=f"batches.changed.{new.id}.>")] == [
        subjects.batch_changed(new.id, 1),
        subjects.batch_changed(new.id, 2),
    ]
    assert await world.ledger.flags() == {new.id: Flag.ENDED}


async def test_what_lands_beyond_the_goal_is_surplus(world: World) -> None:
    new = await world.accept(batch(3))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    await world.put(
        "engineer", Envelope(batch_id=new.id, slot=3, hop=0, route=[], models=new.models, subject="", topic="")
    )
    done = await world.run(conductor, new.id)
    assert done.counts == {"valid": 3, "surplus": 1}
    await world.check(new.id)


class Crash(BaseException):
    """The process dies here."""


class Bomb:
    """Passes everything on to `inner`, and dies right after (or before) the chosen call."""

    def __init__(self, inner: Any, fuse: dict[str, int], path: str = "") -> None:
        self._inner, self._fuse, self._path = inner, fuse, path

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        path = f"{self._path}.{name}".lstrip(".")
        if name in ("batches", "problems", "calls", "checkpoints"):
            return Bomb(value, self._fuse, path)
        if path not in self._fuse:
            return value

        async def burn(*args: Any, **kwargs: Any) -> Any:
            result = await value(*args, **kwargs)
            self._fuse[path] -= 1
            if self._fuse[path] == 0:
                raise Crash(path)
            return result

        return burn


WRITES = ["calls.put", "problems.put", "batches.project", "checkpoints.swap", "publish_once"]


@pytest.mark.parametrize(("point", "nth"), [(w, n) for w in WRITES for n in (1, 2, 5)] + [("set_flag", 1)])
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
    assert done.valid == 6
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
    assert found.valid == 12
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


async def test_a_ghost_counts_only_its_cost(world: World) -> None:
    """A handler that slept through its batch's end and purge: its call was paid, its problem is not news."""
    new = await world.accept(batch(2))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    held = Envelope.model_validate_json((await world.ledger.last(f"problems.engineer.{new.id}.0.0")).data)
    done = await world.run(conductor, new.id)
    conductor.settings = world.settings.model_copy(update={"purge_after": 0.0})
    await Sweep(conductor).run()
    assert (await world.batch(new.id)).purged
    assert await world.ledger.read(0, subject=f"*.*.{new.id}.>") == []
    assert await world.ledger.flags() == {new.id: Flag.ENDED}
    await world.handle("engineer", held, all_valid)
    await world.put(subjects.FINISHED, held.but(hop=1, status=Status.SOLVED))
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
    held = Envelope.model_validate_json((await world.ledger.last(f"problems.solver.{new.id}.0.2")).data)
    await world.put(subjects.FINISHED, held.but(hop=3, status=Status.SOLVED))
    world.read = (await world.ledger.state()).last
    done = await world.run(conductor, new.id)
    assert done.counts == {"solved": 1, "valid": 1}
    rows = [row async for row in world.store.problems.stream(batch_id=new.id)]
    await world.ledger.purge(new.id, dead=False)
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
    assert done.valid == 6
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
    envelope = Envelope.model_validate_json(again.data)
    assert envelope.since == 1, "a retry keeps its station's journal"
    done = await world.run(conductor, new.id)
    assert done.valid == 2
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
    assert done.valid == 4
    await world.check(new.id)


async def test_parked_problems_go_on_when_they_are_due(world: World) -> None:
    new = await world.accept(batch(2))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    for slot, due in ((0, 1.0), (1, 1e12)):
        envelope = Envelope.model_validate_json((await world.ledger.last(f"problems.engineer.{new.id}.{slot}.0")).data)
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
    assert await world.ledger.flags() == {new.id: Flag.CANCELLED}
    await world.check(new.id)


async def test_a_batch_nobody_can_stump_is_exhausted(world: World) -> None:
    new = await world.accept(batch(2, max_attempts=7, max_in_flight=3))
    done = await world.run(world.conductor(), new.id, lambda _: Status.SOLVED)
    assert done.status is BatchStatus.EXHAUSTED
    assert done.counts == {"solved": 7}
    await world.check(new.id)


async def test_recorded_cost_reaches_the_cap(world: World) -> None:
    new = await world.accept(batch(50, max_in_flight=2, max_cost=20 * COST))
    done = await world.run(world.conductor(), new.id, lambda _: Status.SOLVED)
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
        problem = Envelope.model_validate_json(fact.data)
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
    problem = Envelope.model_validate_json(fact.data)
    letter = dead_letters.letter("engineer", new.id, 0, 0, error="boom", at=0.0, faults=5, envelope=problem)
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
    assert (await world.batch(other.id)).valid == 1
    await world.put(
        "finished", Envelope(batch_id=new.id, slot=0, hop=9, route=[], models=new.models, subject="", topic="")
    )
    await world.step(conductor)
    assert await world.store.problems.count(new.id) == 0


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
        await world.ledger.publish_once(subjects.problem("checker", new.id, slot, 1), b"{}")
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
    assert done.valid == 1
    assert (await world.batch(new.id)).counts["failed"] == 1


async def test_a_row_ahead_of_its_batch_when_the_ledger_is_lost(world: World) -> None:
    """A crash between rows and batch, and then the facts are gone: stock is taken of the rows."""
    new = await world.accept(batch(4, max_in_flight=4))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    for _ in range(4):
        await world.play(lambda p: Status.SOLVED if p.slot == 0 else Status.VALID)
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
    assert (done.valid, done.counts["solved"]) == (4, 1)
    assert done.in_flight == 0
    await world.check(new.id)


async def test_the_sweep_does_not_clear_a_cancel_that_it_has_not_read(world: World) -> None:
    new = await world.accept(batch(3))
    conductor = world.conductor()
    await conductor.resume()
    await world.step(conductor)
    stale = await world.batch(new.id)
    await world.store.batches.wish(new.id, state="cancelled")
    await world.ledger.set_flag(new.id, Flag.CANCELLED)
    conductor.flags = await world.ledger.flags()
    await conductor.show_flag(stale)
    assert await world.ledger.flags() == {new.id: Flag.CANCELLED}


async def test_many_batches_together_stay_below_the_ceiling(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.conductor.conductor.TOTAL_IN_FLIGHT", 100)
    conductor = world.conductor()
    await conductor.resume()
    for _ in range(6):
        await world.accept(batch(60))
    await Sweep(conductor).run()
    assert len(await world.ledger.read(0, subject="problems.engineer.>")) <= 100 + 4 * 8
