"""A real nats-server and a ledger on it; batches and facts to play with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.embedded import NatsServer
from shared.errors import LedgerUnavailable
from shared.ledger import Ledger
from shared.settings import Settings
from shared.store.protocols import Store
from tests.flow.world import World


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One server for a worker's tests; each test gets the streams made anew."""
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def config(nats_server: NatsServer, tmp_path: Path) -> Settings:
    return Settings(_env_file=None, nats_url=nats_server.url, data_dir=tmp_path, ledger_max_bytes=256 * 1024**2)


@pytest.fixture
async def ledger(config: Settings) -> AsyncIterator[Ledger]:
    ledger = await Ledger.connect(config, "test")
    for stream in await ledger.js.streams_info():
        await ledger.js.delete_stream(stream.config.name)
    while True:  # the server may still be clearing away what was deleted
        try:
            await ledger.ensure()
            break
        except LedgerUnavailable:
            await asyncio.sleep(0.05)
    yield ledger
    await ledger.close()


@pytest.fixture
def world(store: Store, ledger: Ledger, config: Settings) -> World:
    return World(store, ledger, config)
