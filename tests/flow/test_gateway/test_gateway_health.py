"""Health: up, ready, and what is seen of each stage."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.gateway import write_probe
from services.gateway.routes.health import STAGES, WORKERS
from shared.embedded import NatsServer
from shared.errors import LedgerUnavailable
from shared.replica import heartbeat
from shared.settings import Settings
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running


@pytest.fixture
async def gateway(settings: Settings, own_nats: NatsServer) -> AsyncIterator[Gateway]:
    """On a NATS of its own: heartbeats are for all to see."""
    async with running(settings.model_copy(update={"nats_url": own_nats.url})) as found:
        yield found


async def send_heartbeat(gateway: Gateway, service: str, number: int = 1, at: float | None = None) -> None:
    await heartbeat(gateway.ledger,
        {
            "service": service, "id": f"r{number}", "pid": number, "host": "here", "started_at": 1.0,
            "at": time.time() if at is None else at, "holding": 3,
        }
    )  # fmt: skip


async def test_the_process_is_up(gateway: Gateway) -> None:
    assert (await gateway.client.get("/health")).json() == {"status": "healthy"}
    assert (await gateway.client.get("/healthz/")).json() == {"status": "healthy"}
    welcome = (await gateway.client.get("/")).json()
    assert welcome["message"] == "Synthetic Math Prompts API"
    assert welcome["docs"] == "/docs"


async def test_ready_once_every_stage_is_seen(gateway: Gateway) -> None:
    for stage in WORKERS:
        problem = assert_problem(await gateway.client.get("/readyz"), 503)
        assert stage in problem["detail"]
        await send_heartbeat(gateway, stage)
    reply = await gateway.client.get("/readyz")
    assert (reply.status_code, reply.json()) == (200, {"status": "ready"})


async def test_each_dependency_and_stage(gateway: Gateway) -> None:
    degraded = await gateway.client.get("/api/health")
    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    for stage in WORKERS:
        await send_heartbeat(gateway, stage)
    assert (await gateway.client.get("/api/health")).json()["status"] == "degraded", "the assistant is not there"
    await send_heartbeat(gateway, "assistant")
    await send_heartbeat(gateway, "checker", 2, at=2_000_000_000.0)
    found = (await gateway.client.get("/api/health/")).json()
    assert found["status"] == "healthy"
    assert found["store"]["ok"]
    assert found["store"]["detail"].startswith("SQLite")
    assert found["ledger"]["ok"]
    assert set(found["stages"]) == set(STAGES)
    assert found["stages"]["engineer"]["replicas"] == 1
    checker = found["stages"]["checker"]
    assert (checker["replicas"], checker["holding"], checker["last_beat"]) == (2, 6, "2033-05-18T03:33:20Z")


async def test_a_ledger_that_takes_no_writes_is_no_health(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """It still answers every question, as a server whose disk is full does."""
    monkeypatch.setattr(write_probe, "EVERY", 0.0)
    for stage in STAGES:
        await send_heartbeat(gateway, stage)
    assert (await gateway.client.get("/api/health")).json()["status"] == "healthy"

    async def refuse(*_: Any) -> int:
        raise LedgerUnavailable("NATS does not answer: timeout")

    with monkeypatch.context() as patch:
        patch.setattr(gateway.ledger, "publish", refuse)
        reply = await gateway.client.get("/api/health")
        assert (reply.status_code, reply.json()["status"]) == (503, "unavailable")
        assert reply.json()["ledger"]["detail"].startswith("takes no writes")
        assert reply.headers["retry-after"]
        assert "ledger" in assert_problem(await gateway.client.get("/readyz"), 503)["detail"]
    assert (await gateway.client.get("/api/health")).json()["status"] == "healthy"


async def test_a_stage_whose_facts_are_refused_is_no_health(gateway: Gateway) -> None:
    """One stream may refuse while others, which our own trial meets, do not."""
    for stage in STAGES:
        await send_heartbeat(gateway, stage)
    gateway.ledger._refusals = (time.time() - 60.0, time.time())
    await send_heartbeat(gateway, "checker")
    reply = await gateway.client.get("/api/health")
    assert reply.status_code == 503
    assert "waiting to write: checker" in reply.json()["ledger"]["detail"]


async def test_a_ledger_says_since_when_it_is_refused(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = gateway.ledger
    with monkeypatch.context() as patch:
        patch.setattr("shared.ledger.TIMEOUT", 0.01)
        with pytest.raises(LedgerUnavailable):
            await ledger.publish_once("nobody.listens", b"x")
    assert ledger.refused_since
    long_ago = time.time() - 60.0
    ledger._refusals = (long_ago, long_ago)
    assert ledger.refused_since is None, "who has given up is not refused"
    ledger._refusals = (long_ago, time.time())
    assert ledger.refused_since == long_ago
    await ledger.publish_once(f"batches.requested.{time.time_ns()}", b"x")
    assert ledger.refused_since is None


async def test_a_store_whose_disk_is_full(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """As SQLite says it, for real: its file may not grow."""

    async def ping() -> str:
        def grow(connection: sqlite3.Connection) -> str:
            connection.execute("PRAGMA max_page_count = 1")
            connection.execute("CREATE TABLE more AS SELECT zeroblob(1000000)")
            return ""

        return await gateway.store._database.write(grow)  # type: ignore[attr-defined,no-any-return]

    monkeypatch.setattr(gateway.store, "ping", ping)
    reply = await gateway.client.get("/api/health")
    assert (reply.status_code, reply.json()["store"]) == (503, {"ok": False, "detail": "its disk is full"})
