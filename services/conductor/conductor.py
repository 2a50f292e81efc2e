"""The conductor: projects the ledger to the store exactly once, tops up, and ends batches.

It reads the ledger from its own checkpoint, folds a chunk in memory, and writes rows, then batches, then the
checkpoint. Each write is conditional, so a crash between any two, a stale conductor or a rival does no harm.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Sequence
from typing import Any

from services.conductor import policy, sources
from services.conductor.fold import Fold, stock
from shared import subjects
from shared.contracts.batch import ACCOUNT, Batch
from shared.contracts.envelope import Slip, problem_id
from shared.contracts.statuses import Flag
from shared.controls import set_flag
from shared.errors import StreamFull, Unavailable
from shared.facts import Fact
from shared.ledger import Ledger
from shared.settings import Settings
from shared.store.protocols import Store

CHECKPOINT = "conductor"
CHUNK = 500  # facts folded at once
TRIES = 50  # at one projection, against rivals and changes of the wish
TOTAL_IN_FLIGHT = 18_000  # over all batches; below the stages' max_ack_pending
LEAST = 8  # problems in flight that every batch may have, however busy the house is

log = logging.getLogger(__name__)


class Conductor:
    """One conductor; any number may run, and one should be active."""

    def __init__(self, store: Store, ledger: Ledger, settings: Settings) -> None:
        self.store = store
        self.ledger = ledger
        self.settings = settings
        self.epoch = 0
        self.seq = 0
        self.created = 0.0
        self.checkpoint: dict[str, Any] | None = None
        self.full = False
        self.resumed = 0  #: times that we began at a checkpoint
        self.in_flight: dict[str, tuple[int, int]] = {}  #: batch -> problems in flight, their bytes at their ends
        self.flags: dict[str, Flag] = {}  #: as we last read or set them
        self.promised: dict[str, int] = {}  #: batch -> one above the highest slot published; a cache, never the truth

    # ---- the checkpoint

    async def resume(self) -> None:
        """Read where we stand; a ledger that is not the remembered one begins a new epoch at its first message."""
        state = await self.ledger.state()
        if await self.store.batches.get(ACCOUNT) is None:
            await self.store.batches.insert(Batch.account(time.time()))  # before any call of it is read
        saved = await self.store.checkpoints.get(CHECKPOINT)
        self.checkpoint = saved
        self.created = state.created
        if saved is None:
            self.epoch, self.seq = 1, 0
            await self._save(None)
        elif saved["created"] != state.created or state.last < saved["seq"] or await self._differs(saved):
            self.epoch, self.seq = saved["epoch"] + 1, 0
            log.warning("the ledger is another one; reading it from its start", extra={"epoch": self.epoch})
            await self._take_stock()
            await self._save(None)
        else:
            self.epoch, self.seq = saved["epoch"], saved["seq"]
        self.promised.clear()
        self.resumed += 1

    async def _take_stock(self) -> None:
        """Before a new epoch: count every open batch by its rows and calls.

        A row may be ahead of its batch, and the facts that would make up for it went with the old ledger.
        """
        for listed in await self.store.batches.open():
            for _ in range(TRIES):
                batch = await self.store.batches.get(listed.id)
                if batch is None or batch.applied.epoch >= self.epoch:
                    break
                rows = [row async for row in self.store.problems.stream(batch_id=batch.id)]
                calls = await self.store.calls.total(batch.id)
                if await self.store.batches.project(batch, stock(batch, rows, calls, self.epoch)):
                    break

    async def _differs(self, saved: dict[str, Any]) -> bool:
        """Whether the message at the checkpoint is another one; a purged one proves nothing."""
        if not saved["seq"] or saved.get("time") is None:
            return False
        fact = await self.ledger.at(saved["seq"])
        return fact is not None and fact.time != saved["time"]

    async def _save(self, last: Fact | None) -> None:
        after = {
            "epoch": self.epoch,
            "seq": self.seq,
            "created": self.created,
            "time": last.time if last else None,
        }
        if await self.store.checkpoints.swap(CHECKPOINT, self.checkpoint, after):
            self.checkpoint = after
        else:  # a rival got further, or is behind: the batches' own places keep both of us exact
            await self.resume()

    # ---- projecting

    async def step(self) -> int:
        """Project the next chunk; how many facts it held."""
        facts = await self.ledger.read(self.seq, limit=CHUNK)
        if facts:
            try:
                await self.project(facts)
            except Unavailable:
                raise
            except Exception:
                log.exception("a chunk could not be projected; one by one")
                await self._one_by_one(facts)
            self.seq = facts[-1].seq
            await self._save(facts[-1])
        return len(facts)

    async def _one_by_one(self, facts: Sequence[Fact]) -> None:
        """A fact that nothing can be made of is skipped, loudly, so that it stops nobody else's."""
        for fact in facts:
            try:
                await self.project([fact])
            except Unavailable:
                raise
            except Exception:
                log.exception("skipped a fact", extra={"subject": fact.subject, "seq": fact.seq})

    async def project(self, facts: Sequence[Fact]) -> None:
        """Rows, then batches. Folds again where a rival or the user changed a batch meanwhile."""
        left = {parsed.batch_id for fact in facts if (parsed := subjects.parse(fact.subject))}
        for attempt in range(TRIES):
            left = await self._project(facts, left)
            if not left:
                return
            await asyncio.sleep(random.uniform(0, 0.01 * attempt))
        raise RuntimeError(f"{sorted(left)} could not be projected in {TRIES} tries")

    async def _project(self, facts: Sequence[Fact], wanted: set[str]) -> set[str]:
        """Returns the batches that have to be folded again."""
        batches = await self.store.batches.get_many(wanted)
        fold = Fold(self.epoch, batches, await self._rows(facts, batches), await self._known_calls(facts))
        fold.run(facts)
        await self.store.calls.put(fold.calls)
        await self.store.problems.put(list(fold.changed.values()))
        again = set()
        for batch_id, folded in fold.after.items():
            after = policy.advance(folded, self.promised.get(batch_id, 0), time.time())
            if await self.store.batches.project(batches[batch_id], after):
                await self.follow_up(batches[batch_id], after)
            else:
                again.add(batch_id)
        return again

    async def _rows(self, facts: Sequence[Fact], batches: dict[str, Batch]) -> dict[str, Any]:
        # in a ledger that was made anew a call may come before its problem
        wanted = subjects.StationSubject if self.epoch == 1 else (subjects.StationSubject, subjects.CallSubject)
        ids = set()
        for fact in facts:
            parsed = subjects.parse(fact.subject)
            if isinstance(parsed, wanted) and parsed.batch_id in batches:
                ids.add(problem_id(parsed.batch_id, parsed.slot))
        return await self.store.problems.get_many(ids) if ids else {}

    async def _known_calls(self, facts: Sequence[Fact]) -> dict[str, Any]:
        """A ledger that was restored shows a call twice; so does one whose writer never heard that it was taken, and
        that has given its space back since."""
        ids = set()
        for fact in facts:
            if fact.subject.startswith("calls."):
                try:
                    ids.add(str(json.loads(fact.data)["id"]))
                except (ValueError, KeyError, TypeError):
                    continue
        return await self.store.calls.places(ids) if ids else {}

    async def follow_up(self, before: Batch, after: Batch) -> None:
        """What a changed batch asks of the ledger: its flag, its next slots, the news."""
        if after.standing:
            return
        await self.show_flag(after)
        try:
            if after.changes > before.changes:
                await self.announce(after)
            await self.top_up(after, after.issued)
        except StreamFull as error:  # the sweep gives space back, and then says it again
            log.warning("no room to follow a batch up: %s", error, extra={"batch": after.id})

    async def show_flag(self, batch: Batch) -> None:
        """Let the stages know what the store wants."""
        flag = policy.flag(batch)
        if flag is not self.flags.get(batch.id) and not batch.purged:
            if flag is None:  # only on the newest word: the user may have cancelled since the batch was read
                newest = await self.store.batches.get(batch.id)
                if newest is None or policy.flag(newest) is not None:
                    return
            await set_flag(self.ledger, batch.id, flag)
            if flag is None:
                self.flags.pop(batch.id, None)
            else:
                self.flags[batch.id] = flag

    async def announce(self, batch: Batch) -> None:
        """Publish its newest change of state; a refusal is a success."""
        if batch.changes:
            error = batch.error or batch.shortfall
            news: dict[str, Any] = {"batch_id": batch.id, "status": batch.status, "error": error}
            if batch.asked and batch.asked_target:
                news |= {"round": batch.asked, "target": batch.asked_target.model_dump(mode="json")}
            await self.ledger.publish_once(subjects.batch_changed(batch.id, batch.changes), json.dumps(news).encode())

    async def top_up(self, batch: Batch, start: int) -> None:
        """Publish the slots from `start` (or from where we last came to) up to the line."""
        if self.full:
            return
        promised = max(start, self.promised.get(batch.id, 0))
        unseen = promised - batch.issued
        elsewhere = [claim for batch_id, claim in self.in_flight.items() if batch_id != batch.id]
        room = max(LEAST, TOTAL_IN_FLIGHT - sum(problems for problems, _ in elsewhere))
        slots = range(promised, policy.line(batch, room))
        if slots:
            state = await self.ledger.state()
            claimed = sum(claim for _, claim in elsewhere) + policy.claim(batch, unseen)
            slots = slots[: policy.fitting(batch, claimed, state.bytes, state.max_bytes)]
        await self.issue(batch, slots)
        self.in_flight[batch.id] = (batch.in_flight + unseen + len(slots), policy.claim(batch, unseen + len(slots)))

    async def issue(self, batch: Batch, slots: Sequence[int]) -> None:
        if not slots:
            return
        self.promised[batch.id] = max(self.promised.get(batch.id, 0), slots[-1] + 1)
        envelopes = await sources.of(batch)(batch, slots, self.store)
        now = {"models": batch.current_models, "round": batch.round}
        await asyncio.gather(*(self._issue(batch.line, envelope.but(**now)) for envelope in envelopes))

    async def _issue(self, line: str, first: Slip) -> None:
        await self.ledger.publish_once(
            subjects.station(line, first.route[0], first.batch_id, first.slot, 0),
            first.but(route=first.route[1:]).model_dump_json().encode(),
            span=subjects.hop_span(line, first.batch_id, first.slot, 0),
        )
