"""What the gateway makes of heartbeats: a missing key is refused at once, whoever waits is shown."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.embedded import NatsServer
from shared.replica import heartbeat
from shared.settings import Settings
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running, until


@pytest.fixture
async def gateway(settings: Settings, own_nats: NatsServer) -> AsyncIterator[Gateway]:
    """On a NATS of its own: heartbeats are for all to see."""
    async with running(settings.model_copy(update={"nats_url": own_nats.url})) as found:
        yield found


async def say(gateway: Gateway, service: str, *providers: str, name: str = "r", **said: Any) -> None:
    replica = {"service": service, "id": name, "started_at": 1.0, "at": time.time(), "providers": list(providers)}
    await heartbeat(gateway.ledger, replica | said)


async def test_a_missing_key_is_a_422_and_nothing_is_stored(gateway: Gateway) -> None:
    for stage in ("engineer", "checker", "solver", "embedder"):
        await say(gateway, stage, "simulator")
    body = {"num_problems": 3, "target_model": "openai/gpt-4o-mini", "embedding_model": "openai/embed"}
    problem = assert_problem(await gateway.post(body), 422, "target_model", "embedding_model")
    assert "OPENAI_API_KEY" in problem["detail"]
    assert await gateway.batches() == 0
    accepted = await gateway.post({"num_problems": 3})
    assert (accepted.status_code, accepted.json()["warnings"]) == (202, [])

    await say(gateway, "solver", "simulator", "openai", name="second")
    await say(gateway, "embedder", "simulator", "openai", name="second")

    async def is_accepted() -> bool:
        return (await gateway.post(body)).status_code == 202

    await until(is_accepted)


async def test_with_no_replica_it_is_accepted_with_a_warning(gateway: Gateway) -> None:
    body = {"num_problems": 3, "target_model": "openai/gpt-4o-mini"}
    first = await gateway.post(body, **{"Idempotency-Key": "k"})
    assert first.status_code == 202
    (warning,) = first.json()["warnings"]
    assert "no solver" in warning
    for stage in ("engineer", "checker", "solver", "embedder"):
        await say(gateway, stage, "simulator", "openai")
    path = f"/api/generation/status/{first.json()['batch_id']}"

    async def all_there() -> bool:
        return (await gateway.client.get(path)).json()["warnings"] == []

    await until(all_there)
    assert (await gateway.post(body, **{"Idempotency-Key": "k"})).json() == first.json(), "the same key, the same reply"


async def test_whoever_waits_is_shown(gateway: Gateway) -> None:
    batch = await gateway.accepted(target_model="openai/gpt-4o-mini")
    wait = {"model": "openai/gpt-4o-mini", "since": 1000.0, "words": "openai/gpt-4o-mini: cannot connect"}
    await say(gateway, "solver", "openai", waiting=[wait])
    shown = {**wait, "role": "target", "since": "1970-01-01T00:16:40Z"}
    for path in (f"/api/generation/status/{batch.id}", f"/api/batches/{batch.id}"):

        async def waits(path: str = path) -> bool:
            return (await gateway.client.get(path)).json()["waiting"] == [shown]

        await until(waits)
    (listed,) = (await gateway.client.get("/api/batches")).json()["items"]
    assert listed["waiting"] == [shown]
    await say(gateway, "solver", "openai", waiting=[])

    async def goes_on() -> bool:
        return (await gateway.client.get(f"/api/generation/status/{batch.id}")).json()["waiting"] == []

    await until(goes_on)


async def test_status_is_answered_without_nats(gateway: Gateway, own_nats: NatsServer) -> None:
    batch = await gateway.accepted()
    own_nats.stop()
    for path in (f"/api/generation/status/{batch.id}", f"/api/batches/{batch.id}", "/api/batches"):
        assert (await gateway.client.get(path)).status_code == 200
