"""A stage in the test's own process, with logic of the test's own, on a real nats-server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import shared.stage
from shared import subjects
from shared.consumers import consumer
from shared.contracts.ask import Ask
from shared.contracts.outcome import Outcome
from shared.contracts.problem import Problem
from shared.errors import LedgerUnavailable
from shared.facts import Fact
from shared.ledger import Ledger
from tests.flow.world import MODELS

Handler = Callable[[Problem], Awaitable[Outcome]]


@asynccontextmanager
async def running(handler: Handler, name: str = "checker") -> AsyncIterator[Any]:
    async def logic(problem: Problem, *, ask: Ask) -> Outcome:
        return await handler(problem)

    app = shared.stage.build(name, {"problems": lambda _ledger: logic})
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


def envelope(slot: int = 0, hop: int = 1, **changes: Any) -> Problem:
    base = Problem(
        batch_id="b", slot=slot, hop=hop, since=hop, route=["solver", "embedder"], models=MODELS,
        subject="Algebra", topic="t", problem="1 + 1?", answer="2",
    )  # fmt: skip
    return base.but(**changes)


async def give(ledger: Ledger, problem: Problem, stage: str = "checker") -> None:
    subject = subjects.station("problems", stage, problem.batch_id, problem.slot, problem.hop)
    assert await ledger.publish_once(subject, problem.model_dump_json().encode())


async def until(ledger: Ledger, subject: str, count: int = 1, stream: str = "LEDGER") -> list[Fact]:
    """Wait for the facts; the test's own time limit ends a wait that never does."""
    while len(facts := await ledger.read(0, subject=subject, stream=stream)) < count:
        await asyncio.sleep(0.02)
    return facts


async def settled(ledger: Ledger, stage: str = "checker") -> None:
    """Wait until the stage has acked everything."""
    while True:
        info = await consumer(ledger, stage)
        if info and not info["num_pending"] and not info["num_ack_pending"]:
            return
        await asyncio.sleep(0.02)


async def until_declared(ledger: Ledger) -> None:
    while True:
        try:
            await ledger.state()
            return
        except LedgerUnavailable:
            await asyncio.sleep(0.05)
