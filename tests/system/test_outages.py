"""NATS or the database is away for a while: refused meanwhile, with nothing stored, and resumed by itself."""

from __future__ import annotations

import asyncio

import pytest

from tests.mongod import Mongod, binary
from tests.system.accounts import check_bill, check_completed, check_logs
from tests.system.stack import Stack, until

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def refused(stack: Stack) -> bool:
    """A new batch is refused with 503, and told when to come back."""
    answer = await stack.api.post("/api/generation", json={"num_problems": 2})
    if answer.status_code != 503:
        assert answer.status_code == 202, answer.text  # it has not noticed yet, or has stored it before the end
        return False
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    return True


async def test_nats_is_away_for_a_while(stack: Stack) -> None:
    await stack.simulate(latency=0.3)
    batch_id = await stack.create(20, max_in_flight=20)
    await stack.reaches(batch_id, 2)
    await stack.kill("nats")
    known = await stack.store.batches.list(status=None, skip=0, limit=1)
    await until(lambda: refused(stack), "a new batch is refused")
    assert (await stack.store.batches.list(status=None, skip=0, limit=1))[1] == known[1]
    assert (await stack.api.get("/readyz")).status_code == 503
    assert (await stack.status(batch_id))["status"] == "running"  # what is stored can be read
    # every service has come across it by now, and waits
    assert all(process.alive for process in stack.processes.values())
    await stack.revive("nats")
    await check_completed(stack, batch_id, 20)
    await stack.simulate()
    other = await stack.create(2)
    await check_completed(stack, other, 2)
    assert await check_bill(stack, batch_id, other) == 0
    check_logs(stack)


@pytest.mark.skipif(binary() is None, reason="no mongod to kill")
async def test_the_database_is_killed_in_the_middle(tmp_path_factory: pytest.TempPathFactory) -> None:
    mongod = await asyncio.to_thread(Mongod.start, tmp_path_factory.mktemp("mongod"))
    stack = Stack(tmp_path_factory.mktemp("outage"), mongo_url=mongod.url)
    try:
        await stack.up()
        await stack.new_account()
        await stack.simulate(latency=0.3)
        batch_id = await stack.create(40, max_in_flight=30)
        await stack.reaches(batch_id, 5)
        await asyncio.to_thread(mongod.kill)
        await until(lambda: refused(stack), "a new batch is refused")
        await asyncio.to_thread(mongod.restart)
        await check_completed(stack, batch_id, 40)
        await stack.simulate()
        other = await stack.create(2)
        await check_completed(stack, other, 2)
        assert await check_bill(stack, batch_id, other) == 0
        check_logs(stack)
    finally:
        await stack.close()
        await asyncio.to_thread(mongod.stop)
