"""What becomes of one message of a stage: it is read, handled, and its successor published on condition."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any, Protocol

from nats.aio.msg import Msg

from shared import subjects
from shared.claim import Claim
from shared.contracts.ask import Ask
from shared.contracts.outcome import Outcome
from shared.dead_letters import DeadLetter, letter
from shared.errors import LedgerUnavailable, Overtaken, StreamFull
from shared.flags import Flags
from shared.ledger import Ledger
from shared.lines import Line
from shared.llm.ask import Asking
from shared.llm.clients import ModelClients
from shared.settings import Settings
from shared.successor import Successor, after_error, after_outcome, unreadable

RETRY_EVERY = 0.5  # s between two tries while NATS is away
NOTHING = Successor(None, None)

log = logging.getLogger(__name__)


class Logic(Protocol):
    async def __call__(self, slip: Any, /, *, ask: Ask) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Handling:
    """How one process of a stage handles its messages of one line."""

    line: Line
    stage: str
    logic: Logic
    ledger: Ledger
    clients: ModelClients
    flags: Flags
    settings: Settings

    async def settle(self, message: Msg) -> None:
        """Returns once the message may be acked: its successor is published, or it has none."""
        seq = message.metadata.sequence.stream
        await self._publish(await self._successor(message, seq), seq)

    async def _successor(self, message: Msg, seq: int) -> Successor:
        place = subjects.parse(message.subject)
        if not isinstance(place, subjects.StationSubject):
            words = "not a subject of ours"
            return Successor(
                None,
                None,
                letter(self.line.name, self.stage, "unreadable", seq, 0, error=words, raw=message.data, at=time.time()),
            )
        slip = None
        try:
            slip = self.line.envelope.model_validate_json(message.data)
            if (slip.batch_id, slip.slot, slip.hop) != (place.batch_id, place.slot, place.hop):
                raise ValueError("the envelope belongs to another subject")
        except ValueError as error:
            return unreadable(place, message.data, f"the envelope cannot be read: {error}")
        claim = Claim(self.ledger, self.flags, self.line.name, slip, seq)
        deliveries = message.metadata.num_delivered
        if deliveries > self.settings.max_deliveries:
            try:
                await claim.look()
            except Overtaken:  # it was handled, and its process died before the ack
                return NOTHING
            return unreadable(place, None, f"delivered {deliveries} times: it kills its handlers", slip)
        return await self._handle(claim)

    async def _handle(self, claim: Claim) -> Successor:
        slip = claim.slip
        while True:
            try:
                self.flags.check(slip)
                ask = Asking(slip, self.stage, ledger=self.ledger, clients=self.clients, claim=claim)
                return after_outcome(self.line, self.stage, await self.logic(slip, ask=ask))
            except LedgerUnavailable as error:  # calls are journaled, so another run costs nothing
                log.warning("waiting for the ledger: %s", error)
                await asyncio.sleep(RETRY_EVERY)
            except Overtaken as error:
                log.info("left alone: %s", error, extra={"problem": slip.problem_id, "hop": slip.hop})
                return NOTHING
            except Exception as error:
                return after_error(self.line, self.stage, slip, error, self.settings)

    async def _publish(self, successor: Successor, seq: int) -> None:
        """The dead letter first, then the fact: what is given up is never lost.

        The fact is taken only while the message, at `seq`, is its slot's newest.
        """
        while True:
            try:
                if successor.dead:
                    await self._give_up(successor.dead)
                if successor.slip and successor.station:
                    slip = successor.slip
                    await self.ledger.publish_once(
                        subjects.station(self.line.name, successor.station, slip.batch_id, slip.slot, slip.hop),
                        slip.model_dump_json().encode(),
                        span=subjects.slot_span(self.line.name, slip.batch_id, slip.slot),
                        after=seq,
                    )
                return
            except LedgerUnavailable as error:
                log.warning("cannot publish yet: %s", error)
                await asyncio.sleep(RETRY_EVERY)

    async def _give_up(self, dead: DeadLetter) -> None:
        log.error("dead letter %s: %s", dead.id, dead.error)
        try:
            subject = subjects.dead(dead.stage, dead.batch_id, dead.slot, dead.hop)
            await self.ledger.publish_once(subject, dead.payload())
        except StreamFull:  # the end of the piece names the error too; waiting would hold a worker for ever
            log.critical("there is no room for dead letters; this one is not kept", extra={"letter": dead.id})
