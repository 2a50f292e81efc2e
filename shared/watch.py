"""What a stage does beside its messages: its consumers are there, its flags are fresh, its heartbeat is heard."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import Error as JetStreamError

from shared.consumers import consumer
from shared.errors import LedgerUnavailable
from shared.flags import Flags
from shared.ledger import Ledger
from shared.lines import Line
from shared.replica import heartbeat, identity
from shared.settings import Settings
from shared.streams import LEDGER

MAX_ACK_PENDING = 20_000  # messages that all replicas of a stage may hold together
TICK = 2.0  # s between two looks at the stream's creation time and the flags
HEARTBEAT_EVERY = 5.0  # s
LISTEN_EVERY = 0.25  # s between two looks at whom our calls wait for: a change is told at once

log = logging.getLogger(__name__)


class Watch:
    """Clients go silently deaf on a stream that was made anew, so every process looks at its creation time.

    `report` is what a heartbeat says of how the process is doing: `holding`, `waiting` and `providers`.
    """

    def __init__(
        self,
        ledger: Ledger,
        stage: str,
        lines: Iterable[Line],
        settings: Settings,
        *,
        report: Callable[[], dict[str, Any]],
        made_anew: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._consumers = {line.consumer(stage): f"{line.name}.{stage}.>" for line in lines}
        self._settings = settings
        self._report = report
        self._made_anew = made_anew
        self._created = 0.0
        self._last_heartbeat = float("-inf")
        self._told: Any = None  # of whom our calls wait for
        self.flags = Flags(ledger)
        self.replica = identity(stage)

    async def begin(self) -> None:
        """Raises LedgerUnavailable; then begin again."""
        await self._settle()
        await self.flags.follow()
        await self._heartbeat()

    async def keep(self) -> None:
        """For ever. Whatever goes wrong here must not end it."""
        while True:
            await asyncio.sleep(TICK)
            try:
                if await self._moved():
                    log.warning("the ledger or a consumer of ours was made anew")
                    self._made_anew()
                    await self._settle()
                await self.flags.reread()
                if time.monotonic() - self._last_heartbeat >= HEARTBEAT_EVERY - TICK / 2:
                    await self._heartbeat()
            except LedgerUnavailable as error:
                self._created = 0.0  # so that all is declared again, whichever part of it is missing
                log.warning("the ledger is away: %s", error)
            except Exception:
                log.exception("the watch stumbled")

    async def tell(self) -> None:
        """For ever: a heartbeat at once where the calls of this process begin or cease to wait for a provider."""
        while True:
            await asyncio.sleep(LISTEN_EVERY)
            try:
                if self._report()["waiting"] != self._told:
                    await self._heartbeat()
            except LedgerUnavailable as error:
                log.debug("no heartbeat: %s", error)
            except Exception:
                log.exception("could not tell who waits")

    async def _settle(self) -> None:
        """Declare the streams and our consumers. FastStream never updates a consumer that exists; this does."""
        await self._ledger.ensure()
        created = (await self._ledger.state()).created
        for name, subject in self._consumers.items():
            config = ConsumerConfig(
                durable_name=name,
                filter_subject=subject,
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=self._settings.ack_wait,
                max_deliver=-1,
                max_ack_pending=MAX_ACK_PENDING,
            )
            try:
                await self._ledger.js.add_consumer(LEDGER, config)
            except (NatsError, JetStreamError, TimeoutError) as error:
                raise LedgerUnavailable(f"consumer {name}: {error}") from error
        self._created = created

    async def _moved(self) -> bool:
        if not self._created:
            await self._settle()
        if (await self._ledger.state()).created != self._created:
            return True
        return None in [await consumer(self._ledger, name) for name in self._consumers]

    async def _heartbeat(self) -> None:
        report = self._report()
        await heartbeat(self._ledger, {**self.replica, "at": time.time(), **report})
        self._told, self._last_heartbeat = report["waiting"], time.monotonic()
