"""The gateway's store and ledger: opened in the background and tried until they answer, so that it always starts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from services.gateway.write_probe import WriteProbe
from shared.errors import LedgerUnavailable, StoreUnavailable
from shared.ledger import Ledger
from shared.settings import Settings
from shared.store import open_store
from shared.store.protocols import Store

log = logging.getLogger(__name__)

TRY_EVERY = 1.0  # s between two attempts to connect
PATIENCE = 3.0  # s that a request waits for NATS


class Connections:
    """Both properties raise Unavailable while there is no connection."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.replaying = asyncio.Lock()  # two replays of one letter would both find it, and send it twice
        self.writes = WriteProbe()
        self._store: Store | None = None
        self._ledger: Ledger | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def store(self) -> Store:
        if self._store is None:
            raise StoreUnavailable("the store has not answered yet")
        return self._store

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None or not self._ledger.nc.is_connected:
            raise LedgerUnavailable("there is no connection to NATS")
        return self._ledger

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self.spawn(self._keep_trying("the store", self._open_store))
        self.spawn(self._keep_trying("NATS", self._open_ledger))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._ledger is not None:
            await self._ledger.close()
        if self._store is not None:
            await self._store.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside the requests, until it ends or the gateway does."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open_store(self) -> None:
        self._store = await open_store(self.settings)

    async def _open_ledger(self) -> None:
        ledger = await Ledger.connect(self.settings, "gateway")
        try:
            async with asyncio.timeout(10 * PATIENCE):
                await ledger.ensure()
        except BaseException:
            with contextlib.suppress(Exception):
                await ledger.close()
            raise
        self._ledger = ledger

    async def _keep_trying(self, name: str, attempt: Callable[[], Awaitable[None]]) -> None:
        said = ""
        while True:
            try:
                await attempt()
            except Exception as error:  # whatever it is, the gateway lives on and says 503
                if (words := str(error) or type(error).__name__) != said:
                    log.warning("%s is not there yet: %s", name, words)
                    said = words
                await asyncio.sleep(TRY_EVERY)
            else:
                log.info("connected to %s", name)
                return


@contextlib.asynccontextmanager
async def patient(seconds: float = PATIENCE) -> AsyncIterator[None]:
    """Give NATS this long; then it counts as away."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise LedgerUnavailable(f"no answer within {seconds:g} s") from error
