"""The sweep repeats, for every open batch, what should be true. No clock decides what is true."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable

from services.conductor import policy
from services.conductor.conductor import Conductor
from services.conductor.low_water import LowWater
from services.conductor.rounds import Rounds
from shared import lines, subjects
from shared.consumers import ack_floors
from shared.contracts.batch import Batch, Row
from shared.contracts.envelope import Slip
from shared.contracts.statuses import Flag
from shared.controls import read_flags, set_flag, set_floor
from shared.errors import StreamFull, Unavailable
from shared.streams import WEEK

TOGETHER = 50  # rows looked after at once
EXPIRE_EVERY = 30.0  # s between two looks for expired jobs; a lifetime is a minute at least

Acked = dict[tuple[str, str], int]
"""(line, stage) -> the place in the ledger up to which everything is acked."""

log = logging.getLogger(__name__)


class Sweep:
    """Remembers between two sweeps only what saves work."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._ledger = conductor.ledger
        self._store = conductor.store
        self._low_water = LowWater(conductor)
        self._rounds = Rounds(conductor)
        self._said: set[tuple[str, int]] = set()  # (batch, changes) known to be in the ledger
        self._places: dict[str, list[int]] = {}  # problem -> place at the last sweep
        self._expired = float("-inf")  # monotonic; when expired jobs were looked for
        self._settled = 0  # the account's calls below this place are gone

    async def run(self) -> None:
        """Raises LedgerUnavailable and StoreUnavailable; whatever was done is done."""
        fill = await self._ledger.fill()
        full = fill > policy.FULL
        if full and not self._conductor.full:
            log.warning("the ledger is nearly full: no problem is issued until there is room again")
        self._conductor.full = full
        if time.monotonic() - self._expired >= EXPIRE_EVERY:
            await self.expire(time.time())
            self._expired = time.monotonic()
        self._conductor.flags = await read_flags(self._ledger)  # before the batches: a flag may be newer, never older
        open_batches = await self._store.batches.open()
        self._conductor.in_flight = {b.id: (b.in_flight, policy.claim(b)) for b in open_batches}
        await self._low_water.begin(open_batches)
        acked = await ack_floors(self._ledger)
        places: dict[str, list[int]] = {}
        for batch in open_batches:
            if batch.standing:
                await self._guarded(batch, self._settle(batch))
                continue
            # space first: the rest may need it, and what is sent on has to find a floor that is not too high
            await self._guarded(batch, self._low_water.run(batch, fill))
            await self._guarded(batch, self._batch(batch, acked, places))
        self._places = places
        ids = {batch.id for batch in open_batches}
        self._said = {said for said in self._said if said[0] in ids}
        self._conductor.promised = {b: n for b, n in self._conductor.promised.items() if b in ids}

    async def _guarded(self, batch: Batch, work: Awaitable[None]) -> None:
        """One batch's trouble does not keep the others from being swept."""
        try:
            await work
        except Unavailable:
            raise
        except Exception:
            log.exception("could not sweep a batch", extra={"batch": batch.id})

    async def expire(self, now: float) -> None:
        """Have text jobs deleted whose time is over, with all that later ones would be compared with."""
        ttl = self._conductor.settings.text_ttl
        if ttl is None:
            return
        while found := await self._store.batches.expired("text", now - ttl):
            for batch_id in found:
                await self._store.batches.wish(batch_id, state="deleted")
                log.info("a text job expired", extra={"batch": batch_id})

    async def _settle(self, account: Batch) -> None:
        """What is on the bill, the ledger can do without. The checkpoint's own message stays, as it proves that the
        ledger is the one that we know."""
        before = min(account.applied.seq + 1, self._conductor.seq)
        if account.applied.epoch == self._conductor.epoch and before > self._settled:
            await self._ledger.purge_subject(subjects.batch_calls(account.id), before=before)
            self._settled = before

    async def _batch(self, batch: Batch, acked: Acked, places: dict[str, list[int]]) -> None:
        await self._conductor.show_flag(batch)
        try:
            await self._tell(batch, acked, places)
        except StreamFull as error:  # what has ended is purged all the same, or there would never be room again
            log.warning("no room to send a batch's problems on: %s", error, extra={"batch": batch.id})
        if batch.retrying or batch.asked > batch.round:
            batch = await self._rounds.run(batch)
        await self._end(batch)

    async def _tell(self, batch: Batch, acked: Acked, places: dict[str, list[int]]) -> None:
        """Publish what of the batch the ledger ought to hold, and does not."""
        if not batch.purged and (batch.id, batch.changes) not in self._said:
            await self._ledger.publish_once(subjects.batch_requested(batch.id), b"{}")
            await self._conductor.announce(batch)
            self._said.add((batch.id, batch.changes))
        if batch.in_flight:
            rows = await self._store.problems.in_flight(batch.id)
            places |= {row["id"]: row["place"] for row in rows}
            for start in range(0, len(rows), TOGETHER):
                await asyncio.gather(*(self._row(batch, row, acked) for row in rows[start : start + TOGETHER]))
        if not batch.ended or batch.in_flight:
            await self._missing(batch)

    async def _missing(self, batch: Batch) -> None:
        """Slots below the line that the ledger has not shown."""
        if batch.seen < batch.issued:
            there = await self._store.problems.slots(batch.id)
            await self._conductor.issue(batch, [s for s in range(batch.issued) if s not in there])
        promised = self._conductor.promised.get(batch.id, 0)
        if promised > batch.issued:  # published, but not shown: again, where it was lost
            await self._conductor.issue(batch, range(batch.issued, promised))
        await self._conductor.top_up(batch, batch.issued)

    async def _row(self, batch: Batch, row: Row, acked: Acked) -> None:
        if row["stage"] != subjects.PARKED and self._places.get(row["id"]) != row["place"]:
            return  # it moved since the last sweep
        try:
            envelope = Slip.model_validate(row["envelope"])
        except ValueError:
            return  # its stage will find out too, and say so
        newest = await self._ledger.last(subjects.slot_span(batch.line, batch.id, row["slot"]))
        after = newest.seq if newest else 0
        parsed = subjects.parse(newest.subject) if newest else None
        hop = parsed.hop if isinstance(parsed, subjects.StationSubject) else -1
        if hop > row["hop"]:
            return  # it goes on; we have not read that yet
        if row["stage"] == subjects.PARKED:
            due = envelope.not_before is not None and envelope.not_before <= time.time()
            resumed = envelope.not_before is None and batch.wish.state != "paused"
            flag = policy.flag(batch)
            stopped = flag is Flag.CANCELLED or (flag is Flag.ENDED and not envelope.replays)
            if envelope.route and (due or resumed or stopped):
                await self._send_on(batch, row, envelope, envelope.route[0], envelope.route[1:], after)
                return
        if newest is None or hop < row["hop"]:
            log.warning("lost from the ledger; sent on", extra={"problem": row["id"], "hop": row["hop"]})
        elif newest.seq <= acked.get((batch.line, row["stage"]), 0):
            log.warning("handled, but its successor is lost; sent on", extra={"problem": row["id"]})
        else:
            return
        if row["stage"] == subjects.PARKED:
            await self._send_on(batch, row, envelope, subjects.PARKED, envelope.route, after)
        else:
            await self._send_on(batch, row, envelope, row["stage"], envelope.route, after)

    async def _send_on(
        self, batch: Batch, row: Row, envelope: Slip, station: str, route: list[str], after: int
    ) -> None:
        """Publish the row's envelope at the slot's next hop, if the slot's newest fact still is the one at `after`.
        Its journal goes on, so nothing is paid again."""
        hop = row["hop"] + 1
        onward = envelope.but(hop=hop, route=route)
        if station != subjects.PARKED:
            onward = onward.but(not_before=None, reason=None)
        await self._ledger.publish_once(
            subjects.station(batch.line, station, batch.id, row["slot"], hop),
            onward.model_dump_json().encode(),
            span=subjects.slot_span(batch.line, batch.id, row["slot"]),
            after=after,
        )

    async def _end(self, batch: Batch) -> None:
        """End states that no fact brings about, purges and deletions."""
        now = time.time()
        promised = self._conductor.promised.get(batch.id, 0)
        after = policy.advance(batch, promised, now)
        if after is not batch and await self._store.batches.project(batch, after):
            await self._conductor.follow_up(batch, after)
            batch = after
        if batch.in_flight or not batch.ended:
            return
        keeps: float = getattr(self._conductor.settings, lines.of(batch.line).purge_after)
        old = now - (batch.finished_at or now) >= keeps
        due = not batch.purged and (old or self._conductor.full)
        if not (due or batch.wish.state == "deleted") or not await self._projected(batch):
            return
        if batch.wish.state == "deleted":
            await self._ledger.purge(batch.id, vectors=True, dead=True)
            await set_floor(self._ledger, batch.id, 0)
            await self._store.calls.delete(batch.id)
            await self._store.problems.delete(batch.id)
            await self._store.batches.bury(batch.id)
            await set_flag(self._ledger, batch.id, Flag.CANCELLED, ttl=WEEK)
        else:
            await self._low_water.keep_letters(batch)
            await self._ledger.purge(batch.id, vectors=not lines.of(batch.line).keeps_vectors, dead=False)
            await set_floor(self._ledger, batch.id, 0)  # the flag says it all
            # a handler that slept through the end must still find the flag when it wakes
            await set_flag(self._ledger, batch.id, policy.flag(batch), ttl=WEEK)
            await self._store.batches.project(batch, batch.model_copy(update={"purged": True}))

    async def _projected(self, batch: Batch) -> bool:
        """Whether the ledger holds nothing of the batch that we have not read."""
        return not await self._ledger.read(self._conductor.seq, subject=f"*.*.{batch.id}.>", limit=1)
