"""One handler's claim to a piece of work: good while the fact that it handles is its slot's newest."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared import subjects
from shared.contracts.envelope import Slip
from shared.errors import LedgerUnavailable, Overtaken
from shared.flags import Flags
from shared.ledger import Ledger


@dataclass
class Claim:
    """`line` and `seq` are those of the handled fact. Facts of ended slots are purged while their batch runs, and the
    server takes a purged subject again: so a handler that slept looks before it pays, and publishes on condition."""

    ledger: Ledger
    flags: Flags
    line: str
    slip: Slip
    seq: int
    _gaps: int = field(default=-1, init=False)

    async def look(self) -> None:
        """Raises Overtaken, and LedgerUnavailable."""
        gaps = self.flags.gaps
        span = subjects.slot_span(self.line, self.slip.batch_id, self.slip.slot)
        newest = await self.ledger.last(span)
        seq = newest.seq if newest else 0
        if seq < self.seq:  # purged; or, on a replicated stream, told by a copy that lags
            seq = await self.ledger.newest_seq(span)
        if seq != self.seq:
            raise Overtaken("it has moved on")
        self._gaps = gaps

    def may_begin(self) -> None:
        """To be called right before each request, after `look`. Raises what `Flags.check` does; LedgerUnavailable
        where this process lost sight since it looked."""
        self.flags.check(self.slip)
        if self._gaps != self.flags.gaps:
            raise LedgerUnavailable("whether it has moved on has to be looked up again")
