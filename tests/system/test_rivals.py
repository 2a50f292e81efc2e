"""Two of each: rivals that share the work, die, and wake up when all is over."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import pytest

from shared import lines
from tests.system.accounts import calls_of, check, check_bill, check_completed, check_logs, facts_of, in_flight, rows_of
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

SECONDS = [f"{service}.2" for service in ("conductor", *lines.of("problems").stages)]


async def test_two_of_each_and_everyone_dies_once(stack: Stack, record_property: Callable[[str, object], None]) -> None:
    """In a random order, each a little further on; NATS too."""
    await stack.start(*SECONDS)
    await stack.simulate(latency=0.3)
    victims = [*SECONDS, *(name.removesuffix(".2") for name in SECONDS), "gateway", "nats"]
    random.Random(4).shuffle(victims)
    batch_id = await stack.create(60, max_in_flight=16)  # so that it comes to its end bit by bit
    for turn, victim in enumerate(victims):
        await stack.reaches(batch_id, 1 + 4 * turn)
        await stack.kill(victim)
        await stack.revive(victim, ready=False)
    await check_completed(stack, batch_id, 60)
    difference = await check_bill(stack, batch_id)
    record_property(*in_flight(difference, stack.in_flight_at_kills))
    check_logs(stack)


async def test_two_conductors_of_which_the_active_one_is_frozen(both: Stack) -> None:
    """Each in turn, for longer than its lease, and the last of them until all is over."""
    stack = both
    await stack.start("conductor.2")
    await stack.simulate(latency=0.3)
    batch_id = await stack.create(60, max_in_flight=24)
    frozen = ""
    for valid in (3, 20, 35):
        await stack.reaches(batch_id, valid)
        thawed, frozen = frozen, await until(lambda: leader(stack, but=frozen), "a conductor leads")  # noqa: B023
        stack.freeze(frozen)
        if thawed:
            stack.thaw(thawed)
    done = await check_completed(stack, batch_id, 60)
    rows = await rows_of(stack, batch_id)
    assert not await stack.ledger.read(done.applied.seq, subject=f"problems.*.{batch_id}.>")

    woken = time.time()
    stack.thaw(frozen)

    async def heard() -> bool:
        return float((await stack.replica(frozen)).get("at", 0)) > woken

    await until(heard, "the frozen one is heard again")
    stack.processes[next(name for name in ("conductor", "conductor.2") if name != frozen)].kill()
    other = await stack.create(3)  # now it has to conduct
    await check_completed(stack, other, 3)
    await check(stack, batch_id)
    after = await stack.batch(batch_id)
    assert done.applied <= after.applied
    assert after.model_copy(update={"applied": done.applied}) == done
    assert await rows_of(stack, batch_id) == rows
    assert await check_bill(stack, batch_id, other) == 0
    check_logs(stack)


def leader(stack: Stack, but: str) -> str | None:
    """The conductor that took the lease last and is awake."""
    for name in ("conductor", "conductor.2"):
        told = [line for line in stack.processes[name].log.read_text().splitlines() if "conductor is active" in line]
        if name != but and told and "this conductor is active" in told[-1]:
            return name
    return None


async def test_a_solver_that_sleeps_through_its_batchs_end_and_purge(stack: Stack) -> None:
    """When it wakes, its calls have been made, so they are paid for; its problems are news to nobody."""
    stack.processes["conductor"].kill()
    await stack.start("conductor", PURGE_AFTER="0")
    await stack.simulate(latency=0.5)
    batch_id = await stack.create(8, max_in_flight=16)

    async def asleep_in_a_call() -> bool:
        """The simulator has answered, and the solver has not heard it."""
        await until(lambda: stack.held("solver"), "the solver has work")
        stack.freeze("solver")
        for _ in range(20):
            billed = [entry for entry in await stack.billed() if entry["model"] == "sim-weak"]
            if len(billed) > len(await stack.ledger.read(0, subject=f"calls.solver.{batch_id}.>")):
                return True
            await asyncio.sleep(0.05)
        stack.thaw("solver")  # it was between two calls
        return False

    await until(asleep_in_a_call, "the solver sleeps in a call")
    asleep = await stack.held("solver")
    await stack.start("solver.2")

    async def purged() -> bool:
        return (await stack.batch(batch_id)).purged

    await stack.ended(batch_id)
    await until(purged, "the batch is purged")
    done = await stack.batch(batch_id)
    rows = [(row["id"], row["hop"], row["status"], row["rank"]) for row in await rows_of(stack, batch_id)]
    calls = await calls_of(stack, batch_id)
    assert done.counts.get("valid", 0) == 8
    assert await facts_of(stack, batch_id) == []
    unrecorded = len(await stack.billed()) - len(calls)
    assert 0 < unrecorded <= asleep

    stack.thaw("solver")

    async def recorded() -> bool:
        return (await stack.batch(batch_id)).calls == len(calls) + unrecorded

    await until(recorded, "the calls it had made are recorded")
    await stack.settled()
    ghosts = await facts_of(stack, batch_id)
    assert all(fact.subject.startswith("calls.") for fact in ghosts), "its problems went no further"
    after = await stack.batch(batch_id)
    assert await check_bill(stack, batch_id) == 0
    assert await recorded(), "no call began after the batch's end"
    assert after.counts == done.counts
    assert [(row["id"], row["hop"], row["status"], row["rank"]) for row in await rows_of(stack, batch_id)] == rows
    assert after.cost == sum(call["cost"] for call in await calls_of(stack, batch_id)) > done.cost
    await check(stack, batch_id, whole_ledger=False)
    check_logs(stack)
