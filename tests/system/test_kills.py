"""SIGKILL of each service in turn, and of NATS, in the middle of a batch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared import lines
from tests.system.accounts import check_bill, check_completed, check_logs, in_flight
from tests.system.stack import Stack

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

WANTED = 60


@pytest.mark.parametrize("victim", ["gateway", "conductor", *lines.of("problems").stages, "nats"])
async def test_a_kill_in_the_middle(both: Stack, victim: str, record_property: Callable[[str, object], None]) -> None:
    stack = both
    await stack.simulate(latency=0.2)
    batch_id = await stack.create(WANTED, max_in_flight=40)  # so that there is work for all stages at once
    await stack.reaches(batch_id, 5, holding=victim if victim in lines.of("problems").stages else None)
    await stack.kill(victim)
    await stack.revive(victim)
    await check_completed(stack, batch_id, WANTED)
    # who holds no call loses none: the stages keep what they paid for until the ledger has it
    difference = await check_bill(stack, batch_id)
    record_property(*in_flight(difference, stack.in_flight_at_kills))
    check_logs(stack)
