"""Three NATS servers, each stream on all of them, and one that dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from shared.streams import LEDGER
from tests.system.accounts import check_bill, check_completed, check_logs, in_flight
from tests.system.cluster import Cluster
from tests.system.stack import Stack

pytestmark = [pytest.mark.serial, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clustered(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster") / "nats")
    stack = Stack(tmp_path_factory.mktemp("clustered"), nats=cluster, NATS_REPLICAS="3")
    try:
        await asyncio.to_thread(cluster.start)
        yield await stack.up()
    finally:
        await stack.close()


async def test_the_leader_of_the_ledger_is_killed(
    clustered: Stack, record_property: Callable[[str, object], None]
) -> None:
    """The other two go on; then it comes back, and another one dies."""
    stack, cluster = clustered, clustered.nats
    assert isinstance(cluster, Cluster)
    await stack.new_account()
    await stack.simulate(latency=0.3)
    batch_id = await stack.create(60, max_in_flight=12)
    for valid in (3, 25):
        await stack.reaches(batch_id, valid)
        info = await stack.ledger.js.stream_info(LEDGER)
        assert info.cluster is not None
        assert len(info.cluster.replicas or []) == 2
        victim = cluster.nodes[str(info.cluster.leader)]
        await asyncio.to_thread(victim.kill)
        await stack.reaches(batch_id, valid + 3)
        await asyncio.to_thread(cluster.start)
    await check_completed(stack, batch_id, 60)
    difference = await check_bill(stack, batch_id)
    record_property(*in_flight(difference, stack.in_flight_at_kills))
    check_logs(stack)
