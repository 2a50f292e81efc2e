"""Health: up, ready, and what is seen of each stage."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from services.gateway.routes.health import STAGES
from shared.embedded import NatsServer
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
    for stage in STAGES:
        problem = assert_problem(await gateway.client.get("/readyz"), 503)
        assert stage in problem["detail"]
        await send_heartbeat(gateway, stage)
    reply = await gateway.client.get("/readyz")
    assert (reply.status_code, reply.json()) == (200, {"status": "ready"})


async def test_each_dependency_and_stage(gateway: Gateway) -> None:
    degraded = await gateway.client.get("/api/health")
    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    for stage in STAGES:
        await send_heartbeat(gateway, stage)
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
