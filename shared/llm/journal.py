"""The journal: what one station's model calls returned, kept in the ledger so that nothing is paid twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from itertools import count

from pydantic import ValidationError

from shared import subjects
from shared.contracts.call import CallFact
from shared.contracts.envelope import Slip
from shared.errors import LedgerUnavailable
from shared.ledger import Ledger
from shared.streams import DEAD

RETRY_EVERY = 0.5  # s between two tries to record a paid call while NATS is away
KEPT = 1000  # characters of each text of a call that cannot be recorded whole
ASK_AGAIN = 0.02  # s until a call that another stands in the way of is looked for again

TEXTS = ("system", "prompt", "reply", "thinking", "unread", "finish")

log = logging.getLogger(__name__)


class Journal:
    """The calls of one problem at one station, numbered in program order."""

    def __init__(self, ledger: Ledger, stage: str, slip: Slip) -> None:
        self._ledger = ledger
        self._stage = stage
        self._slip = slip
        self._numbers: Iterator[int] = count(1)

    def take_number(self) -> int:
        return next(self._numbers)

    async def recall(self, n: int) -> CallFact | None:
        """The n-th call as it was recorded; one that cannot be read answers no question. Raises LedgerUnavailable."""
        subject = self._subject(n)
        fact = await self._ledger.last(subject)
        if fact is None and self._slip.replays:  # the ledger may have given its space back
            fact = await self._ledger.last(subjects.kept(subject), stream=DEAD)
        if fact is None:
            return None
        try:
            return CallFact.model_validate_json(fact.data)
        except ValidationError:
            log.exception("a recorded call cannot be read", extra={"subject": subject})
            return CallFact.model_construct(id="", n=n, hash="")  # type: ignore[call-arg]

    async def record(self, call: CallFact) -> CallFact:
        """Publish the call, until NATS has it; returns the one that stands under its number.

        That is a rival's where it came first. Where it answers the same question, ours is kept aside, so that the
        bill is whole; otherwise ours has no place yet, and the caller records it under another number.
        """
        while not await self._publish(self._subject(call.n), call):
            try:
                standing = await self.recall(call.n)
            except LedgerUnavailable as error:
                log.warning("cannot read back a call yet: %s", error)
                await asyncio.sleep(RETRY_EVERY)
                continue
            if standing is None:  # a copy of the stream that lags; or purged since, and then ours is the first again
                await asyncio.sleep(ASK_AGAIN)
                continue
            if standing.id != call.id and standing.hash == call.hash:
                await self.record_aside(call)
            return standing
        return call

    async def record_aside(self, call: CallFact) -> None:
        """Record a call that was (or may have been) paid but whose reply is not the one in use."""
        await self._publish(self._subject(f"{call.n}x{call.id}"), call)

    async def _publish(self, subject: str, call: CallFact) -> bool:
        payload = _payload(call)
        while True:
            try:
                return await self._ledger.publish_once(subject, payload) is not None
            except LedgerUnavailable as error:
                log.warning("cannot record a paid call yet: %s", error)
            except Exception:  # no time heals it: it may be the texts, and the bill does without
                log.exception("cannot record a paid call whole", extra={"call": call.id})
                payload = _payload(_cut(call))
            await asyncio.sleep(RETRY_EVERY)

    def _subject(self, n: int | str) -> str:
        slip = self._slip
        return subjects.call(self._stage, slip.batch_id, slip.slot, slip.since, n)


def _payload(call: CallFact) -> bytes:
    try:
        return call.model_dump_json().encode()
    except ValueError:  # a text that nobody can write
        log.exception("cannot write a paid call whole", extra={"call": call.id})
        return _cut(call).model_dump_json().encode()


def _cut(call: CallFact) -> CallFact:
    texts = {name: ascii(getattr(call, name)[:KEPT]) for name in TEXTS}
    return call.model_copy(update={**texts, "cut": True})
