"""A round: the stored pieces of a batch that had reached the target are tried by another one, nothing is made again.

The gateway wishes it, a `batches.changed` fact announces it, so that every fold begins it at the same place, and the
sweep sends the pieces on, a few at a time: each at its slot's next hop, in front of the stage that asks the target.
"""

from __future__ import annotations

import asyncio
import logging

from services.conductor import policy
from services.conductor.conductor import LEAST, TOTAL_IN_FLIGHT, Conductor
from shared import lines, subjects
from shared.contracts.batch import Batch, Row
from shared.contracts.envelope import Before, Slip
from shared.contracts.statuses import Flag
from shared.errors import StreamFull

ROLE = "target"  #: whose model another round changes

log = logging.getLogger(__name__)


class Rounds:
    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._ledger = conductor.ledger
        self._store = conductor.store

    async def run(self, batch: Batch) -> Batch:
        """Send on what the round still has to try; the batch, with the round closed where nothing is left."""
        if batch.asked > batch.round:  # the fact may have been lost with its ledger
            await self._conductor.announce(batch)
            return batch
        if policy.flag(batch) is not Flag.CANCELLED:
            room = self._room(batch)
            if batch.wish.state == "paused" or room <= 0:
                return batch
            rows = await self._store.problems.behind(batch.id, batch.round, role=ROLE, limit=room)
            if rows:
                await self._send(batch, rows)
                return batch
        if batch.in_flight:
            return batch
        closed = batch.model_copy(update={"retrying": False})
        if policy.flag(batch) is Flag.CANCELLED or not await self._store.batches.project(batch, closed):
            return batch
        await self._conductor.follow_up(batch, closed)
        return closed

    def _room(self, batch: Batch) -> int:
        elsewhere = sum(n for batch_id, (n, _) in self._conductor.in_flight.items() if batch_id != batch.id)
        room = min(batch.wish.max_in_flight, max(LEAST, TOTAL_IN_FLIGHT - elsewhere), policy.affordable(batch))
        return 0 if self._conductor.full else room - batch.in_flight

    async def _send(self, batch: Batch, rows: list[Row]) -> None:
        try:
            await asyncio.gather(*(self._try_again(batch, row) for row in rows))
        except StreamFull as error:
            log.warning("no room to send a round's problems on: %s", error, extra={"batch": batch.id})

    async def _try_again(self, batch: Batch, row: Row) -> None:
        span = subjects.slot_span(batch.line, batch.id, row["slot"])
        newest = await self._ledger.last(span)
        parsed = subjects.parse(newest.subject) if newest else None
        if isinstance(parsed, subjects.StationSubject) and parsed.hop > row["hop"]:
            return  # it was sent on, and we have not read that yet
        slip = Slip.model_validate(row["envelope"])
        roles = lines.of(batch.line).roles
        stage, *rest = batch.route[next(n for n, name in enumerate(batch.route) if ROLE in roles[name]) :]
        hop = row["hop"] + 1
        where = f"{row['status']}:{row['reason']}" if row["reason"] else row["status"]
        again = slip.but(
            hop=hop,
            since=hop,
            route=rest,
            models=slip.models | {ROLE: batch.models[ROLE]},
            status=None,
            reason=None,
            faults=0,
            not_before=None,
            similar=[],
            replays=slip.replays + 1,
            round=batch.round,
            before=Before(where=where, reason=slip.reason, rank=row["rank"]),
        )
        await self._ledger.publish_once(
            subjects.station(batch.line, stage, batch.id, row["slot"], hop),
            again.model_dump_json().encode(),
            span=span,
            after=newest.seq if newest else 0,
        )
