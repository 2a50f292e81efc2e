"""The lease that keeps one conductor active. Conditions in the store, not the lease, keep two of them correct."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid

from shared.errors import LedgerUnavailable
from shared.ledger import Ledger
from shared.streams import LEASES

log = logging.getLogger(__name__)


class Lease:
    """A key in a bucket that vanishes unless its holder renews it."""

    def __init__(self, ledger: Ledger, name: str, seconds: float) -> None:
        self._ledger = ledger
        self._subject = f"$KV.{LEASES}.{name}"
        self._seconds = max(1.0, seconds)  # NATS counts a message's lifetime in whole seconds
        self._me = uuid.uuid4().hex
        self._revision = 0
        self._until = 0.0

    @property
    def held(self) -> bool:
        return time.monotonic() < self._until

    async def keep(self) -> None:
        """Take the lease whenever it is free, and renew it; for ever."""
        while True:
            try:
                await self._renew()
            except LedgerUnavailable as error:
                log.warning("the lease is not renewed: %s", error)
            except Exception:
                log.exception("the lease is not renewed")
            await asyncio.sleep(self._seconds / 3)

    async def _renew(self) -> None:
        asked = time.monotonic()
        revision = await self._put(self._revision)
        if revision is None:
            newest = await self._ledger.last(self._subject, f"KV_{LEASES}")
            if newest is not None and newest.data.decode() == self._me:
                revision = await self._put(newest.seq)  # our own renewal, whose answer was lost
            elif newest is None or not newest.data:
                revision = await self._put(newest.seq if newest else 0)
        had = self.held
        self._revision = revision or 0
        self._until = asked + self._seconds if revision else 0.0
        if self.held != had:
            log.info("this conductor is active" if self.held else "another conductor is active")

    async def _put(self, expected: int) -> int | None:
        headers = {
            "Nats-Expected-Last-Subject-Sequence": str(expected),
            "Nats-TTL": f"{round(self._seconds)}s",
        }
        return await self._ledger.publish(self._subject, self._me.encode(), headers)

    async def release(self) -> None:
        """Let a rival take over at once."""
        if self.held:
            self._until = 0.0
            headers = {"Nats-Expected-Last-Subject-Sequence": str(self._revision), "KV-Operation": "PURGE"}
            headers["Nats-Rollup"] = "sub"
            await self._ledger.publish(self._subject, b"", headers)
