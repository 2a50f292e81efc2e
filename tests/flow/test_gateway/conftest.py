"""The gateway in this process, on SQLite and a real nats-server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from services.gateway.app import create_app
from services.gateway.connections import Connections
from shared.contracts.batch import Batch
from shared.embedded import NatsServer
from shared.ledger import Ledger
from shared.settings import Settings
from shared.store.protocols import Store

PROBLEM = "application/problem+json"
TEXT_PROBLEM = f'{PROBLEM}; fallback="application/json"'  #: of the text routes


@dataclass
class Gateway:
    """A running gateway, and what it stands on."""

    app: FastAPI
    client: httpx.AsyncClient

    @property
    def connections(self) -> Connections:
        return cast(Connections, self.app.state.connections)

    @property
    def store(self) -> Store:
        return self.connections.store

    @property
    def ledger(self) -> Ledger:
        return self.connections.ledger

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        return await self.client.post("/api/generation", json=body, headers=headers)

    async def accepted(self, **body: Any) -> Batch:
        """A batch that was asked for over HTTP, as it is stored."""
        reply = await self.post({"num_problems": 3} | body)
        assert reply.status_code == 202, reply.text
        found = await self.store.batches.get(reply.json()["batch_id"])
        assert found is not None
        return found

    async def projected(self, batch: Batch, **changes: Any) -> Batch:
        """The batch after the conductor wrote these fields."""
        after = batch.model_copy(update=changes)
        assert await self.store.batches.project(batch, after)
        return after

    async def batches(self) -> int:
        return (await self.store.batches.list(status=None, skip=0, limit=1))[1]


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    """Wait for a condition; it may be async."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(settings: Settings, *, connected: bool = True) -> AsyncIterator[Gateway]:
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway") as client,
    ):
        gateway = Gateway(app, client)
        if connected:

            async def serves() -> bool:
                return (await client.get("/api/health")).status_code == 200

            await until(serves)
        yield gateway


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A nats-server that tests share; batch ids keep them apart."""
    server = NatsServer(tmp_path_factory.mktemp("gateway-nats"))
    yield server.start()
    server.stop()


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A nats-server of this test alone, started."""
    server = NatsServer(tmp_path / "own")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(tmp_path: Path, nats_url: str) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data", nats_url=nats_url, mongo_url=None, api_keys=[])


@pytest.fixture
async def gateway(settings: Settings) -> AsyncIterator[Gateway]:
    async with running(settings) as found:
        yield found


def assert_problem(reply: httpx.Response, status: int, *fields: str) -> dict[str, Any]:
    """The reply is problem+json of this status, and names these fields."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] in (PROBLEM, TEXT_PROBLEM)
    body: dict[str, Any] = reply.json()
    assert body["status"] == status
    assert {"type", "title", "detail", "request_id"} <= body.keys()
    assert body["request_id"] == reply.headers["x-request-id"]
    named = [error["field"] for error in body.get("errors", [])]
    assert set(fields) <= set(named), named
    return body
