"""The heartbeats of all replicas, as requests ask for them."""

from __future__ import annotations

import asyncio
import time

from services.gateway.connections import Connections, patient
from services.gateway.stages import Seen
from shared.errors import LedgerUnavailable
from shared.replica import replicas

LOOK_EVERY = 0.25  # s that a look at the heartbeats serves
BRIEFLY = 1.0  # s that a status waits for NATS: it has enough to say without


class Replicas:
    """Reads them at most every `LOOK_EVERY`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._turn = asyncio.Lock()
        self._looked = float("-inf")
        self._seen: Seen = ()

    async def seen(self) -> Seen:
        """Those that live. Raises LedgerUnavailable."""
        async with patient(), self._turn:
            if time.monotonic() - self._looked > LOOK_EVERY:
                self._seen = await replicas(self._connections.ledger)
                self._looked = time.monotonic()
            return self._seen

    async def seen_briefly(self) -> Seen | None:
        """The same; None where NATS does not answer at once."""
        try:
            async with patient(BRIEFLY):
                return await self.seen()
        except LedgerUnavailable:
            return None
