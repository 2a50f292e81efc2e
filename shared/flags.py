"""What the batches' flags say now, as one process knows it."""

from __future__ import annotations

import logging
import time

from nats.aio.msg import Msg

from shared.contracts.envelope import Envelope
from shared.contracts.statuses import Flag
from shared.controls import read_flags
from shared.errors import LedgerUnavailable, Stopped
from shared.ledger import Ledger
from shared.streams import CONTROLS

log = logging.getLogger(__name__)
PREFIX = f"$KV.{CONTROLS}."
STALE = 6.0  # s after which what was read counts no more: this process slept, or NATS is away


class Flags:
    """All flags: read whole, then followed live, then read whole again every few seconds by the owner.

    Following is a plain subscription on the bucket's subjects: it survives reconnects and re-created buckets.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._flags: dict[str, Flag] = {}
        self._news: dict[str, Flag | None] = {}  # heard while the whole was being read, which may be older
        self._read_at = 0.0  # Unix seconds: a clock that goes on while the machine is suspended
        self._breaks = 0

    async def follow(self) -> None:
        await self._ledger.nc.subscribe(f"{PREFIX}>", cb=self._on_change)
        await self.reread()

    async def reread(self) -> None:
        """Raises LedgerUnavailable."""
        self._news = {}
        asked, breaks = time.time(), self._ledger.breaks
        whole = await read_flags(self._ledger)
        merged = whole | self._news
        self._flags = {batch_id: flag for batch_id, flag in merged.items() if flag is not None}
        self._read_at, self._breaks = asked, breaks

    async def _on_change(self, message: Msg) -> None:
        batch_id = message.subject.removeprefix(PREFIX)
        try:
            flag = Flag(message.data.decode())
        except ValueError:  # a purge, or rubbish
            flag = None
        self._news[batch_id] = flag
        if flag is None:
            self._flags.pop(batch_id, None)
        else:
            self._flags[batch_id] = flag

    def check(self, problem: Envelope) -> None:
        """Raises Stopped where no further work may begin for this problem, LedgerUnavailable where nobody knows."""
        if self._breaks != self._ledger.breaks or not 0 <= time.time() - self._read_at < STALE:
            raise LedgerUnavailable("the flags have to be read again first")
        flag = self._flags.get(problem.batch_id)
        if flag is None or (flag is Flag.ENDED and problem.replays):
            return
        raise Stopped(flag.value)
