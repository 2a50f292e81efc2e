"""A ledger that is deleted and made anew under a running stage."""

from __future__ import annotations

import asyncio

from shared.contracts.outcome import Outcome, Passed
from shared.contracts.problem import Problem
from shared.ledger import Ledger
from tests.flow.stages import envelope, give, running, settled, until, until_declared


async def test_a_ledger_made_anew_is_noticed(ledger: Ledger) -> None:
    async def handler(problem: Problem) -> Outcome:
        return Passed(problem)

    async with running(handler):
        await give(ledger, envelope(0))
        await settled(ledger)
        await ledger.js.delete_stream("LEDGER")
        await until_declared(ledger)
        await give(ledger, envelope(1))
        await until(ledger, "problems.solver.b.1.2")
        await ledger.js.delete_consumer("LEDGER", "checker")
        await give(ledger, envelope(2))
        await until(ledger, "problems.solver.b.2.2")


async def test_the_first_messages_of_a_new_ledger_are_not_taken_for_those_in_hand(ledger: Ledger) -> None:
    """Sequence numbers begin again; what is held of the old stream has nothing to do with them."""
    entered, release = asyncio.Event(), asyncio.Event()

    async def handler(problem: Problem) -> Outcome:
        if problem.slot == 0:
            entered.set()
            await release.wait()
        return Passed(problem)

    async with running(handler):
        await give(ledger, envelope(0))
        await entered.wait()
        await ledger.js.delete_stream("LEDGER")
        await ledger.ensure()
        await give(ledger, envelope(1))
        await until(ledger, "problems.solver.b.1.2")
        release.set()
        await give(ledger, envelope(0, hop=2))  # as the sweep sends on what was lost
        await until(ledger, "problems.solver.b.0.3")
    assert not await ledger.read(0, subject="problems.solver.b.0.2"), "what came of the lost fact is not taken"


async def test_an_old_handlers_ack_does_not_reach_a_new_ledger(ledger: Ledger) -> None:
    """The same sequence number in a ledger made anew is another problem."""
    release, entered = asyncio.Event(), asyncio.Event()
    ran = []

    async def handler(problem: Problem) -> Outcome:
        ran.append(problem.slot)
        entered.set()
        if problem.slot == 0:
            await release.wait()
        return Passed(problem)

    async with running(handler):
        await give(ledger, envelope(0))
        await entered.wait()
        await ledger.js.delete_stream("LEDGER")
        await until_declared(ledger)
        await give(ledger, envelope(1))
        await until(ledger, "problems.solver.b.1.2")
        release.set()
        await give(ledger, envelope(0, hop=2))
        await until(ledger, "problems.solver.b.0.3")
        await settled(ledger)
    assert ran == [0, 1, 0]
