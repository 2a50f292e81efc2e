"""A running batch gives ledger back: what belongs to slots that have ended and are projected is purged.

The *floor* is the lowest slot that is not at an end. Stages leave alone what comes of slots below it, once they have
heard of it; the *mark* is the place up to which a floor lets facts go, and is acted on only when no stage can still
go by an older floor. A slot in flight never loses a fact, so one of which the ledger holds nothing is lost, as ever.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from services.conductor.conductor import Conductor
from shared import dead_letters, subjects
from shared.contracts.batch import Batch, Place, Row
from shared.contracts.statuses import Reason, Status
from shared.controls import read_floors, set_floor
from shared.errors import StreamFull

PAGE = 2000  # rows looked at in one query
NEXT_ENDS = 250  # rows looked at for the next floor: about as many as end between two sweeps
ROOMY = 0.25  # share of the ledger in use up to which nothing is given back: what can be tailed and replayed stays
TIGHT = 0.5  # share of the ledger in use above which slots that wait behind a straggler give up their calls
THIN_AT_ONCE = 250  # slots, of one batch in one round: some 4 ms each
WITH_LETTERS = (Reason.FAULTS.value, Reason.POISON.value)

log = logging.getLogger(__name__)


@dataclass
class Level:
    """What one batch has given back, as far as this process knows. All of it can be worked out again."""

    floor: int = 0
    marked: int = -1  #: the floor of the newest mark
    marks: deque[tuple[float, int]] = field(default_factory=deque)  #: (when its floor was told, mark), ascending
    due: int = 0  #: the newest mark that no stage can go against any more
    purged: int = 0  #: the mark that was acted on
    thinned: int = 0  #: ended slots below it have given up their calls
    passed: set[int] = field(default_factory=set)  #: but for these, which were in flight then
    kept: set[str] = field(default_factory=set)  #: dead letters whose facts are kept beside them


class LowWater:
    """All batches' floors and marks. `run` is called with each sweep."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._ledger = conductor.ledger
        self._outlines = conductor.store.problems.outlines
        self._levels: dict[str, Level] = {}
        self._told: dict[str, int] = {}  #: floors, as the bucket has them
        self._resumed = -1

    async def begin(self, open_batches: Iterable[Batch]) -> None:
        """Before a round. Raises LedgerUnavailable."""
        if self._resumed != self._conductor.resumed:  # store or ledger may have been set back
            self._resumed = self._conductor.resumed
            self._levels.clear()
        ids = {batch.id for batch in open_batches}
        self._levels = {batch_id: level for batch_id, level in self._levels.items() if batch_id in ids}
        self._told = await read_floors(self._ledger)

    async def run(self, batch: Batch, fill: float) -> None:
        """Give back what `batch` can do without; `fill` is the share of the ledger in use.

        Raises LedgerUnavailable and StoreUnavailable.
        """
        if batch.purged or batch.applied.epoch != self._conductor.epoch:
            return
        level = self._levels.setdefault(batch.id, Level())
        await self._act(batch, level, fill)
        await self._raise_floor(batch, level)
        if self._told.get(batch.id, 0) != level.floor:
            if self._told.get(batch.id, 0) > level.floor:
                log.warning("the store was set back, so the floor is", extra={"batch": batch.id, "floor": level.floor})
            await set_floor(self._ledger, batch.id, level.floor)
        if level.marked != level.floor and (mark := await self._mark(batch, level.floor)) is not None:
            level.marked = level.floor
            level.marks.append((time.monotonic(), mark))
        elif fill > TIGHT and not level.marks:
            await self._thin(batch, level)

    async def _raise_floor(self, batch: Batch, level: Level) -> None:
        """As of the batch's `applied`: a row may be ahead of it."""
        async for row in self._rows(batch, level.floor, page=NEXT_ENDS):
            if row["slot"] != level.floor or not _at_end(row, batch.applied):
                return
            level.floor += 1

    async def _mark(self, batch: Batch, floor: int) -> int | None:
        """The place below which no fact of a slot at or above the floor, or in flight, lies; None where that cannot
        be told: a slot in flight has facts of another epoch, or of a version that did not note where they begin."""
        # the checkpoint's own message proves that the ledger is the one that we know
        mark = min(batch.applied.seq + 1, self._conductor.seq)
        async for row in self._rows(batch, floor):
            mark = self._first(row, mark)
        return await self._in_flight(batch, mark)

    async def _in_flight(self, batch: Batch, mark: int) -> int | None:
        """The mark lowered to the facts of what is in flight: below the floor that is what was sent on by hand."""
        async for row in self._rows(batch, 0, Status.IN_PROGRESS):
            if (row["first"] or [0])[0] != self._conductor.epoch:
                return None
            mark = self._first(row, mark)
        return mark

    def _first(self, row: Row, mark: int) -> int:
        epoch, seq = row["first"] or (0, 0)
        return min(mark, seq) if epoch == self._conductor.epoch else mark

    async def _act(self, batch: Batch, level: Level, fill: float) -> None:
        """Purge up to the newest mark that is old enough."""
        while level.marks and time.monotonic() - level.marks[0][0] >= self._conductor.settings.purge_delay:
            level.due = level.marks.popleft()[1]
        if fill <= ROOMY or level.due <= level.purged:
            return
        mark = await self._in_flight(batch, level.due)
        if mark is None or mark <= level.purged:
            return
        await self.keep_letters(batch)
        went = 0
        for subject in subjects.of_slots(batch.line, batch.id):
            went += await self._ledger.purge_subject(subject, before=mark)
        level.purged = mark
        log.info("gave ledger back", extra={"batch": batch.id, "facts": went, "floor": level.floor})

    async def _thin(self, batch: Batch, level: Level) -> None:
        """The floor stands still: the slots that ended behind it give up their calls, and keep what proves that they
        were issued and ended."""
        before = min(batch.applied.seq + 1, self._conductor.seq)
        left = THIN_AT_ONCE
        await self.keep_letters(batch)
        in_flight = {row["slot"] async for row in self._rows(batch, level.floor, Status.IN_PROGRESS)}
        for slot in sorted(level.passed - in_flight):
            await self._ledger.purge_subject(subjects.slot_calls(batch.id, slot), before=before)
        level.passed &= in_flight
        async for row in self._rows(batch, max(level.floor, level.thinned)):
            if _at_end(row, batch.applied):
                await self._ledger.purge_subject(subjects.slot_calls(batch.id, row["slot"]), before=before)
                left -= 1
            else:
                level.passed.add(row["slot"])
            level.thinned = row["slot"] + 1
            if not left:
                return

    async def keep_letters(self, batch: Batch) -> None:
        """Before facts of a batch are purged: what the replay of its dead letters needs is copied beside them."""
        level = self._levels.setdefault(batch.id, Level())
        if not any(batch.reasons.get(reason) for reason in WITH_LETTERS):
            return
        for letter in await dead_letters.of_batch(self._ledger, batch.id):
            if letter.id not in level.kept:
                try:
                    await dead_letters.keep_facts(self._ledger, letter)
                except StreamFull:
                    log.warning("no room to keep what a dead letter's replay would need", extra={"letter": letter.id})
                level.kept.add(letter.id)

    async def _rows(self, batch: Batch, start: int, status: str | None = None, page: int = PAGE) -> AsyncIterator[Row]:
        while rows := await self._outlines(batch.id, start=start, limit=page, status=status):
            for row in rows:
                yield row
            if len(rows) < page:
                return
            start = rows[-1]["slot"] + 1


def _at_end(row: Row, applied: Place) -> bool:
    epoch, seq = row["place"]
    return row["status"] != Status.IN_PROGRESS and (epoch, seq) <= (applied.epoch, applied.seq)
