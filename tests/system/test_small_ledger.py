"""A batch of twenty times the ledger's size, with real processes, and SIGKILLs on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.system.accounts import check_bill, check_completed, check_logs, in_flight
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

SIZE = 1024**2  # bytes
TIMES = 20
WANTED = 400
DESCRIPTION = "𝔄" * 2000  # 8 kB in each of a problem's messages, so that few problems are many bytes


@pytest_asyncio.fixture(loop_scope="session", params=["sqlite", "mongo"])
async def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    settings: dict[str, Any] = {"mongo_url": request.getfixturevalue("mongo_url")} if request.param == "mongo" else {}
    settings |= {"LEDGER_MAX_BYTES": str(SIZE), "PURGE_DELAY": "0.5", "SWEEP_EVERY": "0.3"}
    stack = Stack(tmp_path_factory.mktemp("small"), **settings)
    try:
        yield await stack.up()
    finally:
        await stack.close()


async def test_a_batch_of_twenty_ledgers_ends_exact(
    small: Stack, record_property: Callable[[str, object], None]
) -> None:
    stack = small
    await stack.new_account()
    taxonomy = {"Algebra": {"Polynomials and their roots": {"description": DESCRIPTION}}}
    batch_id = await stack.create(WANTED, taxonomy=taxonomy)
    for valid, victim in ((30, "conductor"), (60, "checker"), (90, "nats"), (120, "solver"), (150, "conductor")):
        await stack.reaches(batch_id, valid, within=200)
        await stack.kill(victim)
        await stack.revive(victim)
    await stack.ended(batch_id, within=300)
    batch = await check_completed(stack, batch_id, WANTED, whole_ledger=False)
    assert batch.fact_bytes > TIMES * SIZE, "the batch was too small to prove anything"
    difference = await check_bill(stack, batch_id)
    record_property(*in_flight(difference, stack.in_flight_at_kills))
    check_logs(stack)

    async def given_back() -> bool:
        return (await stack.ledger.state()).bytes < SIZE

    await until(given_back, "the ledger is within its size")
