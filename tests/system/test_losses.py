"""What the ledger forgets: a message, or everything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared import subjects
from shared.contracts.statuses import BatchStatus
from shared.streams import LEDGER
from tests.system.accounts import check, check_bill, check_completed, check_logs, in_flight
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_a_message_dropped_by_hand(stack: Stack) -> None:
    """One that waits for a frozen stage: it goes on from the row, at a higher hop."""
    await stack.simulate(latency=0.1)
    solver = stack.processes["solver"]
    solver.ask_to_end()
    await solver.ended()
    batch_id = await stack.create(8, max_in_flight=8)

    async def waiting() -> int:
        return (await stack.batch(batch_id)).counts.get("solver", 0)

    await until(waiting, "a problem waits for the solver")
    fact = await stack.ledger.last(f"problems.solver.{batch_id}.*.2")
    assert fact is not None
    place = subjects.parse(fact.subject)
    assert isinstance(place, subjects.StationSubject)
    await stack.ledger.delete(LEDGER, fact.seq)
    again = subjects.station("problems", "solver", batch_id, place.slot, 3)
    await until(lambda: stack.ledger.last(again), "it is sent on")
    await stack.start("solver")
    await check_completed(stack, batch_id, 8)
    assert await check_bill(stack, batch_id) == 0
    check_logs(stack)


async def test_the_ledger_is_deleted_under_a_running_batch(
    both: Stack, record_property: Callable[[str, object], None]
) -> None:
    """What it held costs money once more, at most; the batch gets what it wants."""
    stack = both
    await stack.simulate(latency=0.3)
    batch_id = await stack.create(40, max_in_flight=32)
    before = await stack.reaches(batch_id, 5)
    assert await stack.ledger.js.delete_stream(LEDGER)
    done = await check_completed(stack, batch_id, 40, whole_ledger=False)
    assert done.applied.epoch > before.applied.epoch
    assert done.cost >= before.cost
    # calls that were recorded, but that the conductor had not read, are gone with the ledger
    unread = 2 * 32  # of each problem in flight one recorded and one on its way, say
    difference = await check_bill(stack, batch_id, in_flight=unread)
    record_property(*in_flight(difference, unread))
    check_logs(stack)


async def test_the_ledger_is_deleted_when_nothing_runs(stack: Stack) -> None:
    """An ended batch stays as it is, and the next one runs."""
    batch_id = await stack.create(3)
    done = await check_completed(stack, batch_id, 3)
    assert await stack.ledger.js.delete_stream(LEDGER)
    other = await stack.create(3, patiently=True)  # 503 until somebody has noticed and made it anew
    await check_completed(stack, other, 3, whole_ledger=False)
    after = await stack.batch(batch_id)
    assert (after.counts, after.cost, after.status) == (done.counts, done.cost, BatchStatus.COMPLETED)
    await check(stack, batch_id, whole_ledger=False)
