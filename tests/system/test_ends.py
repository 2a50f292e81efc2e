"""The user stops a batch; the operator stops a process."""

from __future__ import annotations

import signal
import time

import pytest

from shared import lines
from shared.contracts.statuses import BatchStatus
from tests.system.accounts import calls_of, check, check_bill, check_completed, check_logs
from tests.system.stack import Stack

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

LATENCY = 0.5


async def test_cancel_in_the_middle(stack: Stack) -> None:
    """No call begins later than 1 s after; the counts add up."""
    await stack.simulate(latency=LATENCY)
    batch_id = await stack.create(60, max_in_flight=40)
    await stack.reaches(batch_id, 3)
    answer = await stack.api.post(f"/api/generation/{batch_id}/cancel")
    cancelled = time.time()
    assert answer.status_code == 200
    batch = await stack.ended(batch_id, BatchStatus.CANCELLED)
    await check(stack, batch_id)
    assert batch.counts["cancelled"] > 0
    assert batch.counts.get("valid", 0) < 60
    assert batch.issued == sum(batch.counts.values())
    assert await check_bill(stack, batch_id) == 0
    # our own clock: each call's reply came `latency` after it began
    calls = await calls_of(stack, batch_id)
    assert max(call["at"] - call["latency"] for call in calls) < cancelled + 1.0
    assert all(call["latency"] >= LATENCY for call in calls)
    # and the simulator's: none was answered that began later
    assert max(entry["at"] for entry in await stack.billed()) - LATENCY < cancelled + 1.0
    again = await stack.api.post(f"/api/generation/{batch_id}/cancel")
    assert again.status_code in (200, 409)
    check_logs(stack)


async def test_sigterm_under_load_loses_and_repeats_nothing(stack: Stack) -> None:
    """Each in turn, with work in hand: what runs is finished within the grace, what waits is left to the next one."""
    await stack.simulate(latency=LATENCY)
    batch_id = await stack.create(60, max_in_flight=24)
    for turn, name in enumerate(("solver", "engineer", "gateway", "checker", "conductor", "embedder")):
        await stack.reaches(batch_id, 1 + 6 * turn, holding=name if name in lines.of("problems").stages else None)
        process = stack.processes[name]
        process.ask_to_end()
        assert await process.ended() in (0, -signal.SIGTERM)  # uvicorn ends by the signal that it was sent
        await stack.start(name, ready=False)
    await check_completed(stack, batch_id, 60)
    assert await check_bill(stack, batch_id) == 0
    check_logs(stack)
