"""What the batches' flags and floors say now, as one process knows them."""

from __future__ import annotations

import time

from nats.aio.msg import Msg

from shared.contracts.envelope import Slip
from shared.contracts.statuses import Flag
from shared.controls import parse_floor, read_flags, read_floors
from shared.errors import LedgerUnavailable, Overtaken, Stopped
from shared.ledger import Ledger
from shared.streams import CONTROLS, FLOORS

STALE = 6.0  # s after which what was read counts no more: this process slept, or NATS is away


class Flags:
    """All flags and floors: read whole, then followed live, then read whole again every few seconds by the owner.

    Following is a plain subscription on the buckets' subjects: it survives reconnects and re-created buckets.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._flags: dict[str, Flag] = {}
        self._floors: dict[str, int] = {}
        # heard while the whole was being read, which may be older
        self._new_flags: dict[str, Flag | None] = {}
        self._new_floors: dict[str, int] = {}
        self._read_at = 0.0  # Unix seconds: a clock that goes on while the machine is suspended
        self._breaks = 0
        self.gaps = 0  #: times that we lost sight: what was looked up in the ledger before has to be looked up again

    async def follow(self) -> None:
        await self._ledger.nc.subscribe(f"$KV.{CONTROLS}.>", cb=self._on_flag)
        await self._ledger.nc.subscribe(f"$KV.{FLOORS}.>", cb=self._on_floor)
        await self.reread()

    async def reread(self) -> None:
        """Raises LedgerUnavailable."""
        self._new_flags, self._new_floors = {}, {}
        asked, breaks = time.time(), self._ledger.breaks
        flags = await read_flags(self._ledger) | self._new_flags
        floors = await read_floors(self._ledger) | self._new_floors
        self._flags = {batch_id: flag for batch_id, flag in flags.items() if flag is not None}
        self._floors = {batch_id: floor for batch_id, floor in floors.items() if floor}
        if not self._fresh():
            self.gaps += 1
        self._read_at, self._breaks = asked, breaks

    async def _on_flag(self, message: Msg) -> None:
        batch_id = message.subject.removeprefix(f"$KV.{CONTROLS}.")
        try:
            flag = Flag(message.data.decode())
        except ValueError:  # a purge, or rubbish
            flag = None
        self._new_flags[batch_id] = flag
        if flag is None:
            self._flags.pop(batch_id, None)
        else:
            self._flags[batch_id] = flag

    async def _on_floor(self, message: Msg) -> None:
        batch_id = message.subject.removeprefix(f"$KV.{FLOORS}.")
        self._floors[batch_id] = self._new_floors[batch_id] = parse_floor(message.data)

    def _fresh(self) -> bool:
        return self._breaks == self._ledger.breaks and 0 <= time.time() - self._read_at < STALE

    def check(self, slip: Slip) -> None:
        """Raises Stopped and Overtaken where no further work may begin for this slot, LedgerUnavailable where
        nobody knows."""
        if not self._fresh():
            raise LedgerUnavailable("the flags have to be read again first")
        if slip.slot < self._floors.get(slip.batch_id, 0) and not slip.replays:
            raise Overtaken("its slot has ended")
        flag = self._flags.get(slip.batch_id)
        if flag is None or (flag is Flag.ENDED and slip.replays):
            return
        raise Stopped(flag.value)
