"""Does the ledger take writes? Asked by writing: a server whose disk is full still answers everything else."""

from __future__ import annotations

import asyncio
import os
import time
import uuid

from shared.errors import LedgerUnavailable
from shared.ledger import Ledger
from shared.streams import REPLICAS

EVERY = 2.0  # s that one answer serves
SIZE = 8 * 1024  # bytes; random, so that they need that room, and more than the last block of a file may have left
PATIENCE = 2.5  # s


class WriteProbe:
    """One for the process, however many ask."""

    def __init__(self) -> None:
        self._subject = f"$KV.{REPLICAS}.probe.{uuid.uuid4().hex[:12]}"
        self._asked = float("-inf")
        self._answer: asyncio.Task[None] | None = None

    async def check(self, ledger: Ledger) -> None:
        """Raises LedgerUnavailable where it takes none."""
        over = self._answer is None or self._answer.done()
        if over and time.monotonic() - self._asked >= EVERY:
            self._asked = time.monotonic()
            self._answer = asyncio.create_task(self._write(ledger))
        assert self._answer is not None
        await asyncio.shield(self._answer)

    async def _write(self, ledger: Ledger) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await ledger.publish(self._subject, os.urandom(SIZE), {})
        except TimeoutError:
            raise LedgerUnavailable("takes no writes") from None
