"""How every process connects to NATS: it never gives up, and a client that closed ends its process."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from dataclasses import dataclass, field
from typing import Any

import nats
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.errors import ConnectionReconnectingError

from shared.embedded import find_nats_url
from shared.errors import LedgerUnavailable
from shared.settings import Settings, settings

log = logging.getLogger(__name__)


@dataclass
class Lifeline:
    """Ends the process when its client closes by itself: it would never come back, and loops on it spin."""

    deliberate: bool = False  #: the client is being closed on purpose
    client: Client | None = None
    waiting: set[asyncio.Future[None]] = field(default_factory=set)  #: who waits for answers, beside requests
    breaks: int = 0  #: how often the connection broke

    def break_off(self) -> None:
        """The connection broke: whoever waits for an answer hears so now, not when their time is out."""
        self.breaks += 1
        requests = self.client._resp_map.values() if self.client else ()
        for future in [*self.waiting, *requests]:
            if not future.done():
                future.set_exception(ConnectionReconnectingError())

    async def on_closed(self) -> None:
        if not self.deliberate:
            log.critical("the NATS client closed; ending this process")
            os.kill(os.getpid(), signal.SIGTERM)


def connection_options(settings: Settings, name: str, lifeline: Lifeline) -> dict[str, Any]:
    """Keyword arguments for `nats.connect`. Raises LedgerUnavailable where no server is known."""

    async def on_error(error: Exception) -> None:
        log.debug("nats: %s", error)

    async def on_disconnect() -> None:
        lifeline.break_off()
        if not lifeline.deliberate:
            log.warning("lost NATS; reconnecting")

    async def on_reconnect() -> None:
        log.info("NATS is back")

    return {
        "servers": find_nats_url(settings).split(","),
        "name": name,
        "max_reconnect_attempts": -1,  # nats-py's default gives up after 60 tries
        "reconnect_time_wait": 0.5,
        "connect_timeout": 2,
        "ping_interval": 20,
        "error_cb": on_error,
        "disconnected_cb": on_disconnect,
        "reconnected_cb": on_reconnect,
        "closed_cb": lifeline.on_closed,
    }


class Broker(NatsBroker):
    """Finds its server when it connects, not when the module is imported."""

    def __init__(self, name: str, lifeline: Lifeline) -> None:
        super().__init__(logger=None, apply_types=False, graceful_timeout=0.1)  # the stage has drained by then
        self._name = name
        self._lifeline = lifeline

    async def _connect(self) -> Client:
        while True:
            try:
                connection = await nats.connect(**connection_options(settings(), self._name, self._lifeline))
                break
            except LedgerUnavailable as error:
                log.warning("%s", error)
                await asyncio.sleep(0.5)
        self.config.connect(connection)
        return connection
