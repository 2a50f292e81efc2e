"""Every provider of the table, with the real SDK, against a server that plays a script."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from shared.llm.clients import ModelClients, open_wire
from shared.llm.providers import PROVIDERS
from shared.llm.wire import Wire
from tests.contract.test_providers.server import Server, settings


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.play)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture(params=sorted(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def wire(provider: str, server: Server) -> AsyncIterator[Wire]:
    wire = open_wire(provider, settings(provider, server.url))
    yield wire
    await wire.close()


@pytest.fixture
async def hasty(provider: str, server: Server) -> AsyncIterator[Wire]:
    wire = open_wire(provider, settings(provider, server.url, call_timeout=0.3))
    yield wire
    await wire.close()


@pytest.fixture
async def clients(provider: str, server: Server) -> AsyncIterator[ModelClients]:
    clients = ModelClients(settings(provider, server.url))
    yield clients
    await clients.close()
