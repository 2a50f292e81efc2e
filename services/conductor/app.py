"""The conductor's process: keeps the lease, steps through the ledger, sweeps."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field

from services.conductor.conductor import CHUNK, Conductor
from services.conductor.lease import Lease
from services.conductor.sweep import Sweep
from shared.application import Application
from shared.connection import Broker, Lifeline
from shared.errors import Unavailable
from shared.ledger import Ledger
from shared.replica import heartbeat, identity, leave
from shared.settings import settings
from shared.store import open_store
from shared.store.protocols import Store

HEARTBEAT_EVERY = 5.0  # s
LOOK_EVERY = 2.0  # s between two looks at the stream's creation time

log = logging.getLogger(__name__)


@dataclass
class Service:
    """Runs the conductor inside a FastStream application, which brings connection, signals and life cycle."""

    lifeline: Lifeline = field(default_factory=Lifeline)
    stopping: bool = False

    def __post_init__(self) -> None:
        self.broker = Broker("conductor", self.lifeline)
        self.tasks: list[asyncio.Task[None]] = []
        self.store: Store | None = None
        self.work: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.ledger = Ledger(await self.broker.connect(), settings(), self.lifeline)
        self.lease = Lease(self.ledger, "conductor", settings().lease)
        self.replica = identity("conductor")
        self.work = asyncio.create_task(self._run())

    async def _run(self) -> None:
        """Everything heals by itself: whatever is away, it is tried again."""
        while not self.stopping:
            try:
                if self.store is None:
                    self.store = await open_store(settings())
                await self.ledger.ensure()
                break
            except Unavailable as error:
                log.warning("waiting: %s", error)
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("the conductor cannot begin; it tries again")
                await asyncio.sleep(5)
        self.tasks = [asyncio.create_task(self.lease.keep()), asyncio.create_task(self._heartbeats())]
        log.info("ready")
        while not self.stopping:
            try:
                if self.lease.held:
                    await self._lead()
            except Unavailable as error:
                log.warning("waiting: %s", error)
            except Exception:
                log.exception("the conductor stumbled; it resumes from the checkpoint")
            await asyncio.sleep(0.2)

    async def _lead(self) -> None:
        """Conduct until the lease is lost, the ledger is made anew, or something is away (raises)."""
        assert self.store is not None
        await self.ledger.ensure()
        conductor = Conductor(self.store, self.ledger, settings())
        sweep = Sweep(conductor)
        await conductor.resume()
        swept = looked = 0.0
        while self.lease.held and not self.stopping:
            if time.monotonic() - looked >= LOOK_EVERY:
                looked = time.monotonic()
                state = await self.ledger.state()
                if state.created != conductor.created or state.last < conductor.seq:
                    log.warning("the ledger is another one")
                    return
            taken = await conductor.step()
            if time.monotonic() - swept >= settings().sweep_every:
                swept = time.monotonic()
                await sweep.run()
            if taken < CHUNK:
                await asyncio.sleep(settings().fold_every)

    async def _heartbeats(self) -> None:
        while True:
            try:
                await heartbeat(self.ledger, {**self.replica, "at": time.time(), "active": self.lease.held})
            except Exception as error:
                log.warning("no heartbeat: %s", error)
            await asyncio.sleep(HEARTBEAT_EVERY)

    async def stop(self) -> None:
        """Finish the step in hand, hand over the lease."""
        self.stopping = True
        self.lifeline.deliberate = True
        if self.work is None:  # it never began
            return
        await asyncio.wait([self.work], timeout=settings().grace)
        for task in [self.work, *self.tasks]:
            task.cancel()
        try:
            await self.lease.release()
            await leave(self.ledger, self.replica)
        except Unavailable as error:
            log.warning("left without a word: %s", error)

    async def close(self) -> None:
        if self.store is not None:
            await self.store.close()


service = Service()
app = Application(
    "conductor",
    service.broker,
    stores=True,
    on_startup=[service.start],
    on_shutdown=[service.stop],
    after_shutdown=[service.close],
)
