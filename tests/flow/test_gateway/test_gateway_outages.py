"""Store or NATS away: 503 with Retry-After, nothing stored, and recovery without a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.acceptance import FULL
from shared import subjects
from shared.contracts.batch import Batch
from shared.embedded import NatsServer
from shared.errors import LedgerUnavailable, StoreUnavailable
from shared.facts import StreamState
from shared.ledger import Ledger
from shared.settings import Settings
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running, until

ROUTES = [
    ("GET", f"/api/generation/status/{'a' * 24}"),
    ("POST", f"/api/generation/{'a' * 24}/cancel"),
    ("GET", "/api/batches"),
    ("GET", f"/api/batches/{'a' * 24}"),
    ("DELETE", f"/api/batches/{'a' * 24}"),
    ("GET", "/api/batches/problems/count"),
    ("GET", "/api/problems"),
    ("GET", "/api/problems/all"),
    ("GET", f"/api/problems/problem/{'a' * 24}-1"),
    ("GET", f"/api/problems/batch/{'a' * 24}/problems"),
]


def assert_outage(reply: httpx.Response) -> None:
    assert_problem(reply, 503)
    assert int(reply.headers["retry-after"]) > 0


async def test_without_a_store_it_starts_says_503_and_recovers(settings: Settings, tmp_path: Path) -> None:
    blocker = tmp_path / "blocked"
    blocker.write_text("no folder can be made below a file")
    async with running(settings.model_copy(update={"data_dir": blocker / "data"}), connected=False) as gateway:
        await until(lambda: gateway.connections._ledger)
        for method, path in ROUTES:
            assert_outage(await gateway.client.request(method, path))
        assert_outage(await gateway.post({"num_problems": 1}))
        assert_problem(await gateway.post({"num_problems": 0}), 422, "num_problems")
        assert_outage(await gateway.client.get("/readyz"))
        health = await gateway.client.get("/api/health")
        assert (health.status_code, health.json()["status"]) == (503, "unavailable")
        assert (health.json()["store"]["ok"], health.json()["ledger"]["ok"]) == (False, True)
        for path in ("/", "/health", "/healthz"):
            assert (await gateway.client.get(path)).status_code == 200
        blocker.unlink()
        await until(lambda: gateway.connections._store)
        assert (await gateway.post({"num_problems": 1})).status_code == 202


async def test_without_nats_it_starts_says_503_and_recovers(settings: Settings, tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "data")
    embedded = settings.model_copy(update={"nats_url": None, "data_dir": tmp_path / "data"})
    async with running(embedded, connected=False) as gateway:
        await until(lambda: gateway.connections._store)
        assert_outage(await gateway.post({"num_problems": 1}))
        assert_outage(await gateway.client.get("/api/dead"))
        assert_outage(await gateway.client.get("/readyz"))
        assert (await gateway.client.get("/api/batches")).json()["total"] == 0
        server.start()
        try:
            await until(lambda: gateway.connections._ledger)
            assert (await gateway.post({"num_problems": 1})).status_code == 202
        finally:
            server.stop()


async def test_nats_goes_and_comes_back(settings: Settings, own_nats: NatsServer) -> None:
    key = {"Idempotency-Key": "before-the-outage"}
    async with running(settings.model_copy(update={"nats_url": own_nats.url})) as gateway:
        before = await gateway.post({"num_problems": 1}, **key)
        own_nats.stop()
        await until(lambda: not gateway.connections._ledger.nc.is_connected)  # type: ignore[union-attr]
        assert_outage(await gateway.post({"num_problems": 1}))
        assert await gateway.batches() == 1
        again = await gateway.post({"num_problems": 1}, **key)
        assert (again.status_code, again.json()) == (202, before.json()), "an accepted batch stays accepted"
        health = (await gateway.client.get("/api/health")).json()
        assert (health["status"], health["ledger"]["ok"]) == ("unavailable", False)
        own_nats.start()

        async def accepted() -> bool:
            return (await gateway.post({"num_problems": 1})).status_code == 202

        await until(accepted)


async def test_a_batch_that_is_stored_is_accepted_though_the_announcement_failed(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> int:
        raise LedgerUnavailable("gone in between")

    monkeypatch.setattr(Ledger, "publish_once", fail)
    batch = await gateway.accepted()
    assert await gateway.ledger.last(subjects.batch_requested(batch.id)) is None


async def test_a_frozen_nats_counts_as_away(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: Any, **__: Any) -> StreamState:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(Ledger, "state", hang)
    assert_outage(await gateway.post({"num_problems": 1}))
    assert await gateway.batches() == 0


@pytest.mark.parametrize(("fill", "status"), [(FULL - 0.01, 202), (FULL + 0.01, 503)])
async def test_a_ledger_that_is_nearly_full_takes_no_new_batch(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, fill: float, status: int
) -> None:
    asked = 0

    async def state(*_: Any, **__: Any) -> StreamState:
        nonlocal asked
        asked += 1
        return StreamState(created=0, first=1, last=1, messages=1, bytes=int(fill * 10**6), max_bytes=10**6)

    monkeypatch.setattr(Ledger, "state", state)
    replies = [await gateway.post({"num_problems": 1}) for _ in range(3)]
    assert {reply.status_code for reply in replies} == {status}
    assert await gateway.batches() == (3 if status == 202 else 0)
    if status == 503:
        assert_outage(replies[0])
        assert "full" in replies[0].json()["detail"]


@pytest.mark.parametrize("keyed", [False, True])
async def test_an_insert_of_unknown_fate_is_withdrawn_unless_its_key_is_sent_again(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, keyed: bool
) -> None:
    insert, stored = gateway.store.batches.insert, []

    async def broken(batch: Batch) -> bool:
        stored.append(batch.id)
        await insert(batch)
        raise StoreUnavailable("the reply was lost")

    key = {"Idempotency-Key": "unknown-fate"} if keyed else {}
    with monkeypatch.context() as patch:
        patch.setattr(gateway.store.batches, "insert", broken)
        assert_outage(await gateway.post({"num_problems": 1}, **key))
    (batch_id,) = stored
    if keyed:
        assert (await gateway.post({"num_problems": 1}, **key)).json()["batch_id"] == batch_id
        return

    async def withdrawn() -> bool:
        found = await gateway.store.batches.get(batch_id)
        return found is not None and found.wish.state == "deleted"

    await until(withdrawn)
